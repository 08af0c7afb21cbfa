// Whatever clients, processes and time do, each request is answered once, and no call that may be asked shares a process
// with another that may ask.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ALL, DrivenModernClient, type Message } from './driven-modern-client.ts';

const ASKABLE = [ALL, { roots: {} }];

type Name = 'request' | 'retry' | 'ask' | 'answer' | 'pass' | 'cancel' | 'exit';
type Step = readonly [name: Name, choice: number];

/** Clients and processes that do as the steps say, and what they know. */
class Play {
  readonly driven = new DrivenModernClient({
    eras: { modern: false },
    limits: { maxProcesses: 3, maxParked: 2 },
  });
  readonly problems: string[] = [];
  readonly counts = { asked: 0, resumed: 0 };
  /** Requests that nobody has answered or cancelled. */
  readonly #pending = new Set<number>();
  /** By slot: the calls that a process has seen and neither answered nor been told to forget. */
  readonly #owed = new Map<number, Map<number, { isAskable: boolean }>>();
  /** Slots whose processes were told to end. */
  readonly #ending: number[] = [];
  readonly #askable = new Set<number>();
  readonly #written = new Set<unknown>();
  #states: { readonly requestState: unknown; readonly keys: string[]; readonly params: Message }[] =
    [];
  readonly #params = new Map<unknown, Message>();
  readonly #retries = new Set<unknown>();
  #questionCount = 0;

  request(choice: number): void {
    const capabilities = choice % 3 === 0 ? {} : ASKABLE[choice % 2];
    const method = choice % 5 === 0 ? 'tools/list' : 'tools/call';
    this.#send(method, { name: `t${String(choice)}` }, capabilities ?? {});
  }

  retry(choice: number): void {
    const state = this.#states[choice % Math.max(1, this.#states.length)];
    if (!state) return;
    const { keys, params, requestState } = state;
    const answered = keys.filter((_, at) => (choice + at) % 3 !== 0);
    const inputResponses = Object.fromEntries(answered.map((key) => [key, { action: 'cancel' }]));
    this.#send('tools/call', { ...params, inputResponses, requestState }, ALL);
  }

  cancel(choice: number): void {
    const id = [...this.#pending][choice % Math.max(1, this.#pending.size)];
    if (id === undefined) return;
    this.#pending.delete(id);
    this.driven.cancel(id);
  }

  answer(choice: number): void {
    const slot = this.#slot(choice);
    const owed = slot === undefined ? undefined : this.#owed.get(slot);
    const id = owed && [...owed.keys()][choice % Math.max(1, owed.size)];
    if (slot === undefined || id === undefined) return;
    owed?.delete(id);
    const outcome =
      choice % 4 === 0 ? { error: { code: -32000, message: 'x' } } : { result: { content: [] } };
    this.driven.process(slot, { id, ...outcome });
  }

  ask(choice: number): void {
    const slot = this.#slot(choice);
    if (slot === undefined) return;
    this.driven.process(slot, { id: `q${String(++this.#questionCount)}`, method: 'roots/list' });
  }

  exit(choice: number): void {
    const slot = this.#slot(choice);
    if (slot === undefined) return;
    this.#owed.delete(slot);
    this.driven.exited(slot);
  }

  pass(choice: number): void {
    this.driven.pass([20, 1, 20, 20, 20, 5_000, 20, 60_000, 20, 400_000][choice % 10] ?? 0);
  }

  /** Takes in what the translation wanted done. */
  observe(): void {
    for (const slot of this.driven.started()) this.#owed.set(slot, new Map());
    for (const slot of this.#owed.keys()) {
      for (const message of this.driven.written(slot)) this.#see(slot, message);
    }
    const stopped = this.driven.stopped();
    for (const slot of stopped) this.#owed.delete(slot);
    for (const slot of this.#ending.splice(0)) this.driven.exited(slot, 'was ended by the runner');
    this.#ending.push(...stopped);
    this.#claim(this.#owed.size <= 3, 'there are too many processes');
    for (const message of this.driven.said()) this.#hear(message);
  }

  /** All processes work off what they owe; then nobody waits. */
  finish(): void {
    for (let round = 0; round < 200 && this.#pending.size > 0; round++) {
      this.driven.pass(100);
      this.observe();
      for (const slot of this.#owed.keys()) {
        const owed = this.#owed.get(slot) ?? new Map<number, object>();
        for (const id of owed.keys()) this.driven.process(slot, { id, result: {} });
        owed.clear();
      }
      this.observe();
      // Nobody comes back to a parked call any more.
      if (round % 50 === 49) this.driven.pass(60_000);
    }
    this.#claim(this.#pending.size === 0, 'a request is never answered');
  }

  #send(method: string, params: Message, capabilities: object): void {
    const id = this.driven.request(method, params, { capabilities });
    this.#pending.add(id);
    if ('requestState' in params) this.#retries.add(id);
    const { inputResponses: _, requestState: __, ...rest } = params;
    this.#params.set(id, rest);
    if (method === 'tools/call' && 'roots' in capabilities) this.#askable.add(id);
  }

  #see(slot: number, { id, method, params, result, error }: Message): void {
    if (method === 'initialize') {
      const about = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} };
      return this.driven.process(slot, { id, result: about });
    }
    const owed = this.#owed.get(slot);
    if (method === 'notifications/cancelled') {
      owed?.delete((params as { requestId: number }).requestId);
    }
    if (typeof id !== 'number' || result !== undefined || error !== undefined) return;
    this.#claim(!this.#written.has(id), 'a request is written twice');
    this.#written.add(id);
    if (method === 'tools/list') return void owed?.set(id, { isAskable: false });
    const isAskable = this.#askable.has(id);
    const others = [...(owed?.values() ?? [])].filter((other) => other.isAskable);
    this.#claim(others.length === 0, 'a process has two calls that may be asked');
    owed?.set(id, { isAskable });
  }

  #hear({ id, result }: Message): void {
    this.#claim(this.#pending.delete(id as number), 'an answer to nothing');
    const { resultType, requestState, inputRequests } = (result ?? {}) as Message;
    if (resultType === 'complete' && this.#retries.has(id)) this.counts.resumed++;
    if (resultType !== 'input_required') return;
    const keys = Object.keys(inputRequests as object);
    this.#claim(keys.length > 0, 'nothing is asked');
    this.counts.asked++;
    this.#states = [
      ...this.#states.slice(-3),
      { requestState, keys, params: this.#params.get(id) ?? {} },
    ];
  }

  #claim(isTrue: boolean, otherwise: string): void {
    if (!isTrue) this.problems.push(otherwise);
  }

  #slot(choice: number): number | undefined {
    return [...this.#owed.keys()][choice % Math.max(1, this.#owed.size)];
  }
}

const weighted = (name: Name, weight: number) => ({
  weight,
  arbitrary: fc.tuple(fc.constant(name), fc.nat({ max: 59 })),
});

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    weighted('request', 6),
    weighted('retry', 4),
    weighted('ask', 5),
    weighted('answer', 5),
    weighted('pass', 5),
    weighted('cancel', 2),
    weighted('exit', 1),
  ),
  { minLength: 30, maxLength: 80, size: 'max' },
);

test('each request is answered once, and a call that may be asked is alone', () => {
  let asked = 0;
  let resumed = 0;
  fc.assert(
    fc.property(steps, (all) => {
      const play = new Play();
      for (const [name, choice] of all) {
        play[name](choice);
        // Twice: the first look lets processes answer initialize.
        play.observe();
        play.observe();
      }
      play.finish();
      expect(play.problems).toEqual([]);
      asked += play.counts.asked;
      resumed += play.counts.resumed;
    }),
    { numRuns: 300 },
  );
  // The plays are of use only if they get that far.
  expect(asked).toBeGreaterThan(50);
  expect(resumed).toBeGreaterThan(10);
});
