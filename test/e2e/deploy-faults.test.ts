// Upgrades and deploys under load: the edge dies and is there again, a runner is asked to end, its config changes. The
// simulator's own checker judges the promises (PROMISES.md) over all of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test, vi } from 'vitest';

import { check, emptyHistory, type CallHistory, type History } from '../simulation/history.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startFaultyBridge, type FaultyBridge } from './faulty-link.ts';
import type { ServerEntry } from './harness.ts';
import type { EventStream, SseEvent } from './raw-http.ts';
import { listenModern } from './raw-modern.ts';
import {
  askForSession,
  fixture,
  messageOf,
  messagesOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type Message,
  type RawSession,
} from './raw-session.ts';
import { isAlive, untilGone } from './runner-facts.ts';

const start = (options?: Parameters<typeof startFaultyBridge>[1]): Promise<FaultyBridge> =>
  startFaultyBridge(onTestFinished, options);

const message = (event: SseEvent | undefined): Message => JSON.parse(event?.data ?? '') as Message;

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test('[F-87] [R-4] [R-5] the edge is killed in the middle of a call: each revision gets what it is promised', async () => {
  const faulty = await start();
  const { bridge } = faulty;
  const COUNT = 60;
  const body = (id: string) =>
    toolCall(id, 'progress', { n: COUNT, ms: 50, text: id }, { progressToken: id });
  const calls = await Promise.all(
    ['2025-03-26', '2025-06-18', '2025-11-25'].map(async (revision) => {
      const session = await openSession(bridge, 'echo', { revision });
      const stream = await session.postStream(body(revision));
      let last: SseEvent | undefined;
      for (let seen = 0; seen < 5; seen += 1) last = await stream.nextMessage();
      return { revision, session, stream, last };
    }),
  );
  const sse = await SseSession.open(bridge, 'echo');
  expect((await sse.post(body('2024-11-05'))).status).toBe(202);
  await sse.next();
  await bridge.restartEdge();

  for (const { revision, session, stream, last } of calls) {
    await expect(stream.rest()).rejects.toThrow(/aborted|ECONNRESET/u);
    const tail = await session.get({ 'Last-Event-ID': last?.id ?? '' });
    const events = (await tail.rest()).map(message);
    const known = Number(message(last).params?.['progress']);
    expect(textOf(events.pop()), `in ${revision}`).toBe(`reported ${COUNT} times`);
    expect(events.map(({ params }) => params?.['progress'])).toEqual(numbersTo(COUNT).slice(known));
    expect(textOf(await session.call('echo', { text: `after ${revision}` }))).toBe(
      `after ${revision}`,
    );
  }
  // 2024-11-05 knows no way back: its connection was the session.
  await expect(sse.stream.rest()).rejects.toThrow(/aborted|ECONNRESET/u);
  await vi.waitFor(async () => expect(await bridge.processesLeft()).toHaveLength(3), {
    ...PATIENCE,
    timeout: 40_000,
  });
  expect((await sse.post(toolCall(1, 'echo'))).status).toBe(404);
  expect(faulty.taken('progress')).toHaveLength(4);
});

const PROGRESS = 6;

/** A client of revision 2025-11-25 that resumes each stream until its answer came, and never asks twice. */
class ResumingClient {
  readonly #history: History;
  readonly #session: RawSession;
  readonly #name: string;
  #count = 0;

  constructor(history: History, session: RawSession, name: string) {
    this.#history = history;
    this.#session = session;
    this.#name = name;
  }

  /** Calls one after the other for as long as it shall. */
  async run(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      this.#count += 1;
      const call: CallHistory = {
        session: this.#session.id,
        client: this.#name,
        uid: `${this.#name}-${this.#count}`,
        outcomes: [],
        progress: [],
        progressSent: this.#count % 3 === 0 ? 0 : PROGRESS,
        isForsaken: false,
        isCancelled: false,
        isFollowed: false,
      };
      this.#history.calls.set(call.uid, call);
      await this.#call(call);
    }
  }

  async #call(call: CallHistory): Promise<void> {
    const { uid } = call;
    if (this.#count % 3 === 0) return this.#callShortly(call);
    const args = { n: PROGRESS, ms: 40, text: uid };
    const asked = await attempt(() =>
      this.#session.postStream(toolCall(uid, 'progress', args, { progressToken: uid })),
    );
    // Nobody can say whether it arrived, and there is no event to come back for.
    if (!asked) {
      call.isForsaken = true;
      await sleep(50);
      return;
    }
    let cursor = await this.#read(asked, call, undefined);
    while (cursor !== undefined && call.outcomes.length === 0) {
      const resumed = await attempt(() => this.#session.get({ 'Last-Event-ID': cursor ?? '' }));
      if (resumed) cursor = await this.#read(resumed, call, cursor);
      else await sleep(50);
    }
    if (call.outcomes.length === 0) call.isForsaken = true;
  }

  /** A call that is answered in one body: with its connection goes the way back. */
  async #callShortly(call: CallHistory): Promise<void> {
    const body = toolCall(call.uid, 'slow', { ms: 150, text: call.uid });
    const answer = await attempt(() => this.#session.post(body));
    if (!answer) {
      call.isForsaken = true;
      return sleep(50);
    }
    for (const { id, result, error } of messagesOf(answer))
      call.outcomes.push(result ? `result:${String(id)}` : `error:${error?.code ?? 0}`);
  }

  /** Reads to the answer or the break; tells the last event's id. */
  async #read(
    stream: EventStream,
    call: CallHistory,
    cursor: string | undefined,
  ): Promise<string | undefined> {
    if (stream.status !== 200) {
      const isRefusedCall = cursor === undefined;
      if (isRefusedCall) call.outcomes.push(`error:${stream.status}`);
      else this.#history.evicted.push(`${call.uid} after ${cursor}: ${stream.status}`);
      stream.destroy();
      return undefined;
    }
    let last = cursor;
    for (;;) {
      const event = await attempt(() => stream.next());
      if (event === undefined) return last;
      last = event.id;
      if (event.data !== '') this.#note(call, event);
    }
  }

  #note(call: CallHistory, event: SseEvent): void {
    const [stream = '', seq] = (event.id ?? '').split('.');
    // An error of the bridge has no place in the stream.
    if (event.id !== undefined && seq !== '0') {
      const seqs = this.#history.streams.get(stream) ?? [];
      if (seqs.at(-1) !== Number(seq) || message(event).error === undefined) seqs.push(Number(seq));
      this.#history.streams.set(stream, seqs);
    }
    const { id, params, result, error } = message(event);
    if (call.outcomes.length > 0) call.isFollowed = true;
    if (error) call.outcomes.push(`error:${error.code}`);
    else if (result) call.outcomes.push(`result:${String(id)}`);
    else call.progress.push(Number(params?.['progress']));
  }
}

/** What comes of it, or undefined when the connection broke. */
async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch {
    return undefined;
  }
}

test('[F-88] [R-1] [R-2] [R-4] [R-8] [R-9] an edge that is replaced every 3 s under load breaks no promise', async () => {
  const faulty = await start();
  const { bridge } = faulty;
  const history = emptyHistory();
  const sessionOf = new Map<number, string>();
  let isOver = false;
  const clients = await Promise.all(
    numbersTo(5).map(async (number) => {
      const session = await openSession(bridge, 'echo', { revision: '2025-11-25' });
      sessionOf.set((await session.whoami()).pid, session.id);
      return new ResumingClient(history, session, `c${number}`);
    }),
  );
  const running = Promise.all(clients.map((client) => client.run(() => !isOver)));
  for (let deploy = 0; deploy < 6; deploy += 1) {
    await sleep(3_000);
    await bridge.restartEdge();
  }
  await sleep(1_000);
  isOver = true;
  await running;

  for (const { pid, tool, arguments: args } of faulty.taken()) {
    if (tool !== 'progress' && tool !== 'slow') continue;
    const session = sessionOf.get(pid) ?? `another process: ${pid}`;
    history.journal.push({ session, kind: 'call', uid: String(args?.['text']) });
  }
  expect(check(history)).toEqual([]);
  const calls = [...history.calls.values()];
  const answered = calls.filter(({ outcomes }) => outcomes[0]?.startsWith('result:'));
  const forsaken = calls.filter(({ isForsaken }) => isForsaken);
  console.info(
    `F-88: ${calls.length} calls, ${answered.length} answered, ${forsaken.length} without an id to return to`,
  );
  // Nothing but a connection that was refused or died before its first event may go without an answer.
  expect(calls.flatMap(({ outcomes }) => outcomes).filter((o) => o.startsWith('error:'))).toEqual(
    [],
  );
  expect(answered.length).toBeGreaterThan(50);
  expect(await bridge.processesLeft()).toHaveLength(5);
});

test('[F-91] [R-12] SIGTERM: what is in flight goes on, nothing new is taken, and what does not end is answered at the bound', async () => {
  const faulty = await start({ bridge: { drainTimeout: '2s' } });
  const { bridge } = faulty;
  const [quick, stuck] = [await openSession(bridge, 'echo'), await openSession(bridge, 'echo')];
  const soon = quick.post(toolCall('soon', 'slow', { ms: 1_000 }));
  const never = stuck.post(toolCall('never', 'hang'));
  await faulty.untilTaken('slow');
  await faulty.untilTaken('hang');
  const ended = bridge.killRunner('SIGTERM');
  await vi.waitUntil(() => bridge.logs().some((line) => line.includes('draining')), PATIENCE);
  const refused = await askForSession(bridge, 'echo');
  expect(refused.status).toBeOneOf([429, 503]);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(textOf(messageOf(await soon))).toBe('waited 1000 ms');
  expect(messagesOf(await never)).toMatchObject([{ id: 'never', error: { code: 42003 } }]);
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(await bridge.processesLeft()).toEqual([]);
});

test('[F-91] [R-12] SIGTERM does not wait for an open listen: it ends with its result', async () => {
  const faulty = await start({
    programs: { echo: ['echo'] },
    // Longer than this test may take.
    bridge: { drainTimeout: '5m' },
  });
  const { bridge } = faulty;
  const stream = await listenModern(bridge.url, 'echo', 'subscriptions/listen', {
    id: 'changes',
    params: { notifications: { toolsListChanged: true } },
  });
  expect(JSON.parse((await stream.next())?.data ?? '')).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
  });
  expect(await bridge.killRunner('SIGTERM')).toEqual({ code: 0, signal: null });
  const last = JSON.parse((await stream.next())?.data ?? '');
  expect(last).toMatchObject({ id: 'changes', result: { resultType: 'complete' } });
});

test('[F-91] [R-12] a second signal ends the runner now, with its processes', async () => {
  const faulty = await start({ programs: { deaf: ['stubborn'] } });
  const { bridge } = faulty;
  const session = await openSession(bridge, 'deaf');
  const never = session.post(toolCall('never', 'hang'));
  // What becomes of it shows only after the grace, which other tests wait for.
  never.catch(() => undefined);
  await faulty.untilTaken('hang');
  const ended = bridge.killRunner('SIGTERM');
  await vi.waitUntil(() => bridge.logs().some((line) => line.includes('draining')), PATIENCE);
  void bridge.killRunner('SIGTERM');
  expect(await ended).toEqual({ code: 143, signal: null });
  await vi.waitFor(async () => expect(await bridge.processesLeft()).toEqual([]), PATIENCE);
});

test('[F-92] a changed config: unchanged servers go on untouched, removed ones end, changed ones start anew, new ones serve', async () => {
  const faulty = await start({ programs: { kept: ['echo'], gone: ['echo'], changed: ['echo'] } });
  const { bridge } = faulty;
  const [kept, gone, changed] = await Promise.all(
    ['kept', 'gone', 'changed'].map(async (name) => {
      const session = await openSession(bridge, name);
      return { session, pid: (await session.whoami()).pid };
    }),
  );
  if (!kept || !gone || !changed) throw new Error('Three sessions were opened.');
  const inFlight = kept.session.post(toolCall('kept', 'slow', { ms: 2_000 }));
  const cutOff = await Promise.all(
    [gone, changed].map(({ session }) => session.postStream(toolCall('x', 'hang'))),
  );
  await faulty.untilTaken('slow');
  await faulty.untilTaken('hang', 2);

  const file = bridge.files.config;
  const config = JSON.parse(readFileSync(file, 'utf8')) as {
    mcpServers: Record<string, ServerEntry>;
  };
  const { kept: same, changed: old } = config.mcpServers;
  if (!same || !old) throw new Error('The config has both servers.');
  config.mcpServers = {
    kept: same,
    changed: { ...old, args: [fixture('echo'), 'new'] },
    added: { ...same, args: [fixture('echo'), 'added'] },
  };
  writeFileSync(file, JSON.stringify(config));
  await vi.waitUntil(
    () => bridge.logs().some((line) => line.includes('config reloaded')),
    PATIENCE,
  );

  for (const stream of cutOff) {
    const events = await stream.rest();
    expect(events.map(message)).toMatchObject([{ id: 'x', error: { code: 42003 } }]);
  }
  for (const { session, pid } of [gone, changed]) {
    expect((await session.post(toolCall(1, 'echo'))).status).toBe(404);
    await untilGone(pid);
  }
  expect(textOf(messageOf(await inFlight))).toBe('waited 2000 ms');
  expect((await kept.session.whoami()).pid).toBe(kept.pid);
  expect(isAlive(kept.pid)).toBe(true);
  for (const [name, argument] of [
    ['changed', 'new'],
    ['added', 'added'],
  ] as const) {
    const session = await openSession(bridge, name);
    expect(JSON.parse(textOf(await session.call('whoami')))).toMatchObject({ args: [argument] });
  }
  expect((await askForSession(bridge, 'gone')).status).toBe(503);
});
