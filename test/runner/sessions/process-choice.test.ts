// What a session speaks to, with real processes behind it: the translator of the session's era and the pool they come from.
import { fileURLToPath } from 'node:url';

import { describe, expect, onTestFinished, test } from 'vitest';

import { EffectQueue } from '../../../runner/core/effect-queue.ts';
import type { ServerProcess } from '../../../runner/sessions/pooled-process.ts';
import type { ProcessPool } from '../../../runner/sessions/process-pool.ts';
import type { ExitFacts } from '../../../runner/process/exit.ts';
import { sessionProcess } from '../../../runner/sessions/process-choice.ts';
import { TranslatedProcess } from '../../../runner/sessions/translated-process.ts';
import { PROGRAM_TIME } from '../../../runner/wake-timer.ts';
import type { Translator } from '../../../runner/translate/translator.ts';
import { fixturePath } from '../process/recorded-process.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { envelope, type Message } from '../translate/driven-modern-client.ts';
import { poolOf, QUIET_LOG } from './pool-of.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const DUAL = fileURLToPath(new URL('../../conformance/servers/dual.mjs', import.meta.url));

/** A listener for what a test does not listen to. */
const DEAF = {
  onLine: () => undefined,
  onMessage: () => undefined,
  onOverlong: () => undefined,
  onStderr: () => undefined,
  onFull: () => undefined,
  onDrain: () => undefined,
  onExit: () => undefined,
};

interface Served {
  write(message: object): boolean;
  answer(id: unknown): Promise<Message>;
}

const NODE = globalThis.process.execPath;

/** The processes of a server that is run by node with `args`, or is `command`, and one of them. */
async function processes(args: readonly string[], command: string = NODE) {
  const { config: server, pool } = await poolOf(() => ({ command, args }));
  const taken = pool.take();
  if (!taken.ok) throw new Error('A first process is always started.');
  const first = taken.process;
  onTestFinished(async () => void (await first.terminate('the test is over')));
  return { server, pool, first };
}

/** What a modern session has for its process. */
function serve({ server, pool, first }: Awaited<ReturnType<typeof processes>>): Served {
  const open = {
    type: 'open' as const,
    session: 's',
    server: 'fixture',
    principal: 'p',
    ticket: 't',
    clientKind: 'modern' as const,
  };
  const process = sessionProcess({ open, server, pool, first, log: QUIET_LOG });
  onTestFinished(async () => void (await process.terminate('the test is over')));
  const waiting = new Map<unknown, (message: Message) => void>();
  const listener = {
    ...DEAF,
    onLine: (bytes: Uint8Array) => {
      const message = JSON.parse(decoder.decode(bytes)) as Message;
      waiting.get(message['id'])?.(message);
    },
    onMessage: ({ bytes }: MessageView) => listener.onLine(bytes),
  };
  process.listen(listener, new EffectQueue());
  return {
    write: (message) =>
      process.write(encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message }))),
    answer: (id) => new Promise((resolve) => void waiting.set(id, resolve)),
  };
}

const request = (id: number, method: string, params: object = {}) => ({
  id,
  method,
  params: { ...params, _meta: envelope() },
});

const ended = (process: ServerProcess): Promise<ExitFacts> =>
  new Promise((resolve) => {
    process.listen({ ...DEAF, onExit: resolve });
  });

/** Waits until the process is known to be gone, without listening to it. */
async function untilGone(process: ServerProcess): Promise<void> {
  while (process.state !== 'exited') await new Promise((resolve) => void setTimeout(resolve, 10));
}

describe('a process that nobody listens to yet', () => {
  test('is known to have ended however much it said before', async () => {
    const script = 'for (let n = 0; n < 500; n++) console.error(n); process.exitCode = 3;';
    const { first } = await processes(['-e', script]);
    await untilGone(first);
    expect(await ended(first)).toMatchObject({ reason: 'exited', code: 3 });
  });
});

describe('the process of a modern session', () => {
  test('that was taken ahead and ended unasked is not asked: what it is says another', async () => {
    const dual = await processes([DUAL]);
    await dual.first.terminate('it is to be gone');
    const served = serve(dual);
    const answer = served.answer(1);
    served.write(request(1, 'server/discover'));
    expect(await answer).toMatchObject({ result: { supportedVersions: ['2026-07-28'] } });
    expect(dual.pool.eras.modern).toBe(true);
  });

  test('[F-70] that cannot be started is told in a sentence that says why', async () => {
    const served = serve(await processes([], '/no/such/program'));
    const answer = served.answer(1);
    served.write(request(1, 'tools/list'));
    const { error } = await answer;
    expect(error).toMatchObject({ data: { fault: 'process_start_failed' } });
    expect((error as { message: string }).message).toMatch(
      /^The server process could not be started: its command, .* was not found on the runner\./u,
    );
  });

  test('[R-6] that may not be started now is told in a sentence that says when', async () => {
    const served = serve(await processes([fixturePath('exits-at-once.mjs')]));
    const first = served.answer(1);
    served.write(request(1, 'tools/list'));
    await first;
    const again = served.answer(2);
    served.write(request(2, 'tools/list'));
    const { error } = await again;
    expect((error as { message: string }).message).toMatch(
      /^The server process keeps failing to start; the next attempt is possible in \d+ s\. Run `mcp-bridge check` on the runner to see why\.$/u,
    );
  });
});

/** With `first` for its process, and a translator that starts it and does what `translator` says. */
const translated = (
  pool: ProcessPool,
  first: ServerProcess,
  translator: Pick<Translator, 'fromSession' | 'fromProcess'>,
): TranslatedProcess =>
  new TranslatedProcess({
    translator: {
      know: () => undefined,
      start: () => [{ do: 'start', slot: 1 }],
      exited: () => [],
      tick: () => [],
      wakeAt: () => undefined,
      ...translator,
    },
    isTransparent: () => false,
    first,
    take: () => pool.take(),
    served: () => undefined,
    eras: () => pool.eras,
    learned: () => undefined,
    log: QUIET_LOG,
    time: PROGRAM_TIME,
  });

describe('a translated process', () => {
  test('[R-8] what the session writes as soon as it hears something comes behind what was to be written before', async () => {
    const script = 'console.log(0); process.stdin.pipe(process.stdout);';
    const { pool, first } = await processes(['-e', script]);
    const echoed = Promise.withResolvers<string[]>();
    const lines: string[] = [];
    const write = (text: string) => ({ do: 'write' as const, slot: 1, line: encoder.encode(text) });
    const process = translated(pool, first, {
      fromSession: () => [write('second')],
      fromProcess: (_slot, said) => {
        const line = said instanceof Uint8Array ? said : said.line;
        lines.push(decoder.decode(line));
        if (lines.length === 3) echoed.resolve(lines);
        return lines.length === 1 ? [{ do: 'say', line }, write('first')] : [];
      },
    });
    const said = encoder.encode('{"jsonrpc":"2.0","method":"m"}');
    const listener = { ...DEAF, onLine: () => void process.write(said) };
    process.listen(listener, new EffectQueue());
    expect(await echoed.promise).toEqual(['0', 'first', 'second']);
  });

  test('[R-10] whose process does not read holds the session back until it reads', async () => {
    const script = 'process.once("SIGUSR2", () => process.stdin.resume()); console.log(0);';
    const { pool, first } = await processes(['-e', script]);
    const isUp = Promise.withResolvers<void>();
    const heard: string[] = [];
    const drained = Promise.withResolvers<void>();
    const process = translated(pool, first, {
      fromSession: ({ bytes }) => [{ do: 'write', slot: 1, line: bytes }],
      fromProcess: () => (isUp.resolve(), []),
    });
    const listener = {
      ...DEAF,
      onFull: () => void heard.push('full'),
      onDrain: () => {
        heard.push('drained');
        drained.resolve();
      },
    };
    process.listen(listener, new EffectQueue());
    await isUp.promise;
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'x'.repeat(1024 * 1024) });
    const line = encoder.encode(text);
    for (let lines = 0; lines < 8 && heard.length === 0; lines++) process.write(line);
    expect(heard).toEqual(['full']);
    if (process.pid !== undefined) globalThis.process.kill(process.pid, 'SIGUSR2');
    await drained.promise;
    expect(heard).toEqual(['full', 'drained']);
  });
});
