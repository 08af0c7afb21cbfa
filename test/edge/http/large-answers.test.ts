// Answers of many MiB: the edge is one thread for all its clients, so it takes them from piece to piece and reads none as a whole.
import { expect, test } from 'vitest';

import { SseStream } from '../../../edge/http/sse-response.ts';
import { STREAM_KINDS } from '../../../edge/core/stream-kinds.ts';
import type { Post, PostAnswer } from '../../../edge/core/ports.ts';
import type { SocketListener } from '../../../edge/http/ports.ts';
import { inPieces, Utf8Text, wholeText, type Text } from '../../../shared/bytes.ts';
import { encodeText } from '../../../shared/link/codec.ts';
import { textForm } from '../../../shared/link/forms.ts';
import { Inbox } from '../../../shared/link/inbox.ts';
import { splitFrame } from '../../../shared/link/parts.ts';
import { CODE } from '../../../shared/mcp/modern.ts';
import { workOn } from '../../fixtures/passes.ts';
import { headersOf, PlayedEdge, request, type PlayedSession } from './modern-client.ts';

const MIB = 1024 * 1024;

/** No chunk that is given to the network may be larger, whatever the answer is. */
const MOST_BYTES = 256 * 1024;

const answerOf = (id: number, text: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } });

/** As it comes from a runner. */
function pieced(message: string): Text {
  const pieces = Array.from({ length: Math.ceil(message.length / 60_000) }, (_, n) =>
    message.slice(n * 60_000, (n + 1) * 60_000),
  );
  return inPieces(pieces);
}

/** As it comes from a runner in the same program. */
const inBytes = (message: string): Utf8Text =>
  new Utf8Text(inPieces([Buffer.from(message.slice(0, 5)), Buffer.from(message.slice(5))]));

/** A call of a client, answered with this. */
async function answered(
  era: 'legacy' | 'modern',
  message: string,
  comes: (message: string) => Text = pieced,
): Promise<{ session: PlayedSession; stream: string; response: Response }> {
  const edge = new PlayedEdge();
  const { session } = edge;
  const opened = await edge.post(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }),
  );
  const named = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') };
  let stream = '';
  const play = (post: Post): PostAnswer => {
    stream = post.stream;
    return { kind: 'answered', message: comes(message) };
  };
  session.script = [play];
  session.post = async (post) => play(post);
  const headers = era === 'legacy' ? named : headersOf('tools/list');
  const body =
    era === 'legacy'
      ? JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/list' })
      : request('tools/list');
  const response = await edge.post(body, headers);
  return { session, stream, response };
}

/** What follows a read or a cancellation at once has been done. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const textOf = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString('utf8');

const longest = (chunks: readonly Uint8Array[]): number =>
  Math.max(...chunks.map(({ length }) => length));

test('[F-370] a frame in parts is not joined, and goes on in parts', () => {
  const frame = encodeText({ type: 'event', stream: 's', seq: 1 }, 'é'.repeat(4 * MIB));
  const inbox = new Inbox(textForm);
  const received = splitFrame(textForm, frame)
    .map((part) => inbox.push(part))
    .at(-1);
  if (received?.state !== 'whole') throw new Error('not whole');
  expect(typeof received.frame).toBe('object');
  expect(received.frame.length).toBe(frame.length);
  const further = new Inbox(textForm);
  const again = splitFrame(textForm, received.frame)
    .map((part) => further.push(part))
    .at(-1);
  expect(again?.state === 'whole' && wholeText(again.frame) === frame).toBe(true);
});

test.each(['legacy', 'modern'] as const)(
  '[F-370] [F-371] [LP17] a large answer to a %s client leaves in small chunks, and is acknowledged when it was read',
  async (era) => {
    const message = answerOf(7, '€'.repeat(2 * MIB));
    const { session, stream, response } = await answered(era, message);
    const reader = response.body?.getReader();
    const chunks: Uint8Array[] = [];
    for (;;) {
      expect(session.delivery).toEqual([]);
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      if (value) chunks.push(value);
    }
    expect(longest(chunks)).toBeLessThanOrEqual(MOST_BYTES);
    expect(textOf(chunks) === message).toBe(true);
    await settled();
    expect(session.delivery).toEqual([stream]);
  },
);

test.each(['legacy', 'modern'] as const)(
  '[F-720] a large answer that came as bytes goes to a %s client as those, and its length is told',
  async (era) => {
    const message = answerOf(7, '\ufeff€'.repeat(MIB));
    let given: Utf8Text | undefined;
    let { passes, conversions } = { passes: 0, conversions: 0 };
    let response: Response | undefined;
    const chunks: Uint8Array[] = [];
    ({ passes, conversions } = await workOn(message.length, async () => {
      ({ response } = await answered(era, message, (text) => (given = inBytes(text))));
      for await (const chunk of response.body ?? []) chunks.push(chunk);
    }));
    expect(response?.headers.get('content-length')).toBe(String(given?.length));
    expect(chunks.map((chunk, at) => chunk === given?.bytes.pieces[at])).toEqual([true, true]);
    expect({ passes, conversions }).toEqual({ passes: 0, conversions: 0 });
    expect(textOf(chunks) === message).toBe(true);
  },
);

test('[F-371] [LP17] a large answer whose client leaves is acknowledged too', async () => {
  const { session, stream, response } = await answered('legacy', answerOf(7, 'x'.repeat(MIB)));
  const reader = response.body?.getReader();
  await reader?.read();
  await settled();
  expect(session.delivery).toEqual([]);
  await reader?.cancel();
  await settled();
  expect(session.delivery).toEqual([stream]);
});

test('[F-370] a large event leaves in small chunks, and is acknowledged when the last has left', async () => {
  const said: string[] = [];
  let listener: SocketListener | undefined;
  const stream = new SseStream({
    session: {
      follow: async (_stream, _resumes, follower) => {
        listener = follower;
        return {
          ok: true,
          value: { send: (text) => void said.push(text), close: () => undefined },
        };
      },
    },
    signal: new AbortController().signal,
    opening: ': open\n\n',
    stream: 's',
    after: null,
    requestIds: ['7'],
    kind: STREAM_KINDS.streamable,
  });
  await stream.refusal(0);
  const tell = (frame: Text): void => listener?.message(frame);
  const message = answerOf(7, 'x\r'.repeat(MIB).replaceAll('\r', '\u00e9'));
  tell(encodeText({ type: 'attached', stream: 's', after: 0 }));
  tell(inPieces([encodeText({ type: 'event', stream: 's', seq: 1 }, '{"small":'), '1}']));
  tell(
    inPieces([
      encodeText({ type: 'event', stream: 's', seq: 2, final: true }, message.slice(0, 9)),
      ...piecesFrom(message, 9),
    ]),
  );
  const acks: number[] = [];
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.response({}).body ?? []) {
    chunks.push(chunk);
    acks.push(said.filter((text) => text.includes('"ack"') && text.includes('"seq":2')).length);
  }
  expect(longest(chunks)).toBeLessThanOrEqual(MOST_BYTES);
  expect(textOf(chunks)).toBe(
    `: open\n\nid: s.1\ndata: {"small":1}\n\nid: s.2\ndata: ${message}\n\n`,
  );
  expect(acks.every((count) => count === 0)).toBe(true);
  expect(said.at(-1)).toBe(encodeText({ type: 'ack', stream: 's', seq: 2 }));
});

const piecesFrom = (text: string, from: number): string[] =>
  Array.from({ length: Math.ceil((text.length - from) / 60_000) }, (_, n) =>
    text.slice(from + n * 60_000, from + (n + 1) * 60_000),
  );

test.each([
  [404, `{"jsonrpc":"2.0","id":7,"error":{"code":${CODE.methodNotFound},"message":"`, '"}}'],
  [200, `{"jsonrpc":"2.0","id":7,"error":{"message":"`, `","code":${CODE.methodNotFound}}}`],
  [200, `{"jsonrpc":"2.0","id":7,"result":{"error":{"code":${CODE.methodNotFound}},"x":"`, '"}}'],
])(
  '[F-370] the status %i of a large modern answer is told by its beginning',
  async (status, head, tail) => {
    const edge = new PlayedEdge();
    const message = pieced(`${head}${'x'.repeat(MIB)}${tail}`);
    edge.session.script = [() => ({ kind: 'answered', message })];
    const response = await edge.post(request('tools/list', {}), headersOf('tools/list'));
    expect(response.status).toBe(status);
    expect((await response.text()) === wholeText(message)).toBe(true);
  },
);
