// A refusal whose client is still sending: it goes out at once, and what still comes is read on, within bounds.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { readingOn } from '../../../edge/http/read-on.ts';

const MIB = 1024 * 1024;

interface Sender {
  readonly request: Request;
  readonly sentMiB: () => number;
  readonly cancelled: Promise<void>;
}

/** A request whose body is so many chunks of 1 MiB, then ends or says no more. */
function sender(
  chunks: number,
  end: 'close' | 'hang',
  headers: Record<string, string> = {},
): Sender {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent < chunks) return (controller.enqueue(new Uint8Array(MIB)), void sent++);
        if (end === 'close') return controller.close();
        return new Promise(() => undefined);
      },
      cancel: () => resolve(),
    },
    { highWaterMark: 0 },
  );
  const init = { method: 'POST', body, headers, duplex: 'half' } as const;
  return { request: new Request('https://edge.example/', init), sentMiB: () => sent, cancelled };
}

const refusal = (): Response => new Response('{"no":1}', { status: 413, headers: { 'X-A': 'b' } });

/** The first chunk of an answer, and how to wait for its end. */
async function firstOf(response: Response) {
  const reader = response.body?.getReader();
  const first = await reader?.read();
  return {
    text: new TextDecoder().decode(first?.value),
    rest: async () => (await reader?.read())?.done,
  };
}

describe('[F-190] a refusal before the body was read', () => {
  test('is there at once, and ends when the body has', async () => {
    const { request, sentMiB } = sender(7, 'close');
    const answer = readingOn(request, refusal());
    expect([answer.status, answer.headers.get('x-a')]).toEqual([413, 'b']);
    const { text, rest } = await firstOf(answer);
    expect(text).toBe('{"no":1}');
    expect(await rest()).toBe(true);
    expect(sentMiB()).toBe(7);
  });

  test('of an endless body ends after 12 MiB', async () => {
    const { request, sentMiB, cancelled } = sender(Infinity, 'hang', {
      'content-length': String(4096 * MIB),
    });
    expect(await readingOn(request, refusal()).text()).toBe('{"no":1}');
    await cancelled;
    expect(sentMiB()).toBe(12);
  });

  test('of a body that was read, or is small, is left as it is', async () => {
    const small = sender(1, 'close', { 'content-length': '1000' });
    const read = new Request('https://edge.example/', { method: 'POST', body: 'x' });
    await read.text();
    const none = new Request('https://edge.example/');
    for (const request of [small.request, read, none]) {
      const answer = refusal();
      expect(readingOn(request, answer)).toBe(answer);
    }
    expect(small.sentMiB()).toBe(0);
  });
});

describe('[F-190] a client that sends slowly', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('has its answer at once, and is let go after two seconds', async () => {
    const { request, cancelled } = sender(1, 'hang');
    const { text, rest } = await firstOf(readingOn(request, refusal()));
    expect(text).toBe('{"no":1}');
    const ended = rest();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(await Promise.race([ended, Promise.resolve('open')])).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(await ended).toBe(true);
    await cancelled;
  });
});
