// Deploy after deploy under load. The simulator's own checker judges the promises (PROMISES.md) over all of it.
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import {
  check,
  emptyHistory,
  newCall,
  type CallHistory,
  type History,
} from '../simulation/history.ts';
import { startFaultyBridge } from './faulty-link.ts';
import type { EventStream, SseEvent } from './raw-http.ts';
import { messagesOf, openSession, toolCall, type Message, type RawSession } from './raw-session.ts';

const message = (event: SseEvent): Message => JSON.parse(event.data) as Message;

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

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
      const call = newCall({
        session: this.#session.id,
        client: this.#name,
        uid: `${this.#name}-${this.#count}`,
        progressSent: this.#count % 3 === 0 ? 0 : PROGRESS,
      });
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
  const faulty = await startFaultyBridge(onTestFinished);
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
