// Whatever clients, processes and time do: each request is answered once, no question reaches a call that did not ask it, and
// a client's calls stay on one process unless its server has no state.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ALL, DrivenModernClient, type Message } from './driven-modern-client.ts';

const CLIENTS = [
  { name: 'a', capabilities: ALL },
  { name: 'b', capabilities: ALL },
  { name: 'c', capabilities: { roots: {} } },
  { name: 'd', capabilities: {} },
  { name: 'e', capabilities: { sampling: {} } },
] as const;

/** A process that is told to cancel may go on for this long; it may ask in that time. */
const HEEDS_MS = 4_000;

type Name = 'request' | 'retry' | 'ask' | 'roots' | 'answer' | 'pass' | 'cancel' | 'exit';
type Step = readonly [name: Name, choice: number];

interface Owed {
  readonly client: string;
  readonly isAskable: boolean;
  /** What it asked and has not heard of: it waits for that. */
  readonly open: Set<unknown>;
  /** Since it was told to cancel it. */
  cancelledAt: number | undefined;
}

interface State {
  readonly requestState: unknown;
  readonly keys: string[];
  readonly params: Message;
  readonly client: (typeof CLIENTS)[number];
  /** The id that the process knows the call by. */
  readonly root: number;
}

/** Clients and processes that do as the steps say, and what they know. */
class Play {
  readonly driven: DrivenModernClient;
  readonly problems: string[] = [];
  readonly counts = { asked: 0, resumed: 0, refused: 0 };
  readonly #isStateless: boolean;
  /** Requests that nobody has answered or cancelled, and the call each goes on with. */
  readonly #pending = new Map<number, { root: number; client: (typeof CLIENTS)[number] }>();
  /** By slot: the calls that a process has seen and neither answered nor forgotten. */
  readonly #owed = new Map<number, Map<number, Owed>>();
  /** By client: the slot of its process. */
  readonly #homes = new Map<string, number>();
  /** Slots whose processes were told to end. */
  readonly #ending: number[] = [];
  readonly #written = new Set<unknown>();
  #states: State[] = [];
  readonly #params = new Map<unknown, Message>();
  readonly #clients = new Map<number, (typeof CLIENTS)[number]>();
  readonly #retries = new Set<unknown>();
  #questionCount = 0;

  constructor(isStateless: boolean) {
    this.#isStateless = isStateless;
    this.driven = new DrivenModernClient({
      eras: { modern: false },
      limits: { maxProcesses: 3, maxParked: 2, stateless: isStateless },
    });
  }

  request(choice: number): void {
    const client = CLIENTS[choice % CLIENTS.length] ?? CLIENTS[0];
    const method = choice % 7 === 0 ? 'tools/list' : 'tools/call';
    this.#send(method, { name: `t${choice % 3}`, arguments: { choice } }, client);
  }

  retry(choice: number): void {
    const state = this.#states[choice % Math.max(1, this.#states.length)];
    if (!state) return;
    const { keys, params, requestState, client, root } = state;
    const answered = keys.filter((_, at) => (choice + at) % 3 !== 0);
    const inputResponses = Object.fromEntries(answered.map((key) => [key, { action: 'cancel' }]));
    this.#send('tools/call', { ...params, inputResponses, requestState }, client, root);
  }

  cancel(choice: number): void {
    const id = [...this.#pending.keys()][choice % Math.max(1, this.#pending.size)];
    if (id === undefined) return;
    this.#pending.delete(id);
    this.driven.cancel(id);
  }

  answer(choice: number): void {
    const owing = this.#owing(choice);
    if (!owing || owing.owed.open.size > 0) return;
    const { slot, id } = owing;
    this.#owed.get(slot)?.delete(id);
    const outcome =
      choice % 4 === 0 ? { error: { code: -32000, message: 'x' } } : { result: { content: [] } };
    this.driven.process(slot, { id, ...outcome });
  }

  ask(choice: number): void {
    const owing = this.#owing(choice);
    // A server that waits for an answer asks nothing meanwhile.
    if (!owing?.owed.isAskable || owing.owed.open.size > 0) return;
    const method = choice % 2 === 0 ? 'elicitation/create' : 'sampling/createMessage';
    const params = { message: String(owing.id), messages: [] };
    const id = `q${++this.#questionCount}`;
    owing.owed.open.add(id);
    this.driven.process(owing.slot, { id, method, params });
  }

  roots(choice: number): void {
    const owing = this.#owing(choice);
    // A server that waits for an answer asks nothing meanwhile.
    if (!owing?.owed.isAskable || owing.owed.open.size > 0) return;
    const id = `r${++this.#questionCount}`;
    owing.owed.open.add(id);
    const params = { client: owing.owed.client };
    this.driven.process(owing.slot, { id, method: 'roots/list', params });
  }

  exit(choice: number): void {
    const slot = [...this.#owed.keys()][choice % Math.max(1, this.#owed.size)];
    if (slot === undefined) return;
    this.#forget(slot);
    this.driven.exited(slot);
  }

  pass(choice: number): void {
    const ms = [20, 1, 20, 20, 20, 5_000, 20, 60_000, 20, 400_000][choice % 10] ?? 0;
    this.driven.pass(ms, () => this.#heed());
    this.#heed();
  }

  /** Processes end what they were told to cancel. */
  #heed(): void {
    this.observe();
    for (const owed of this.#owed.values()) {
      for (const [id, { cancelledAt }] of owed) {
        if (cancelledAt !== undefined && cancelledAt + HEEDS_MS <= this.driven.now) owed.delete(id);
      }
    }
  }

  /** Takes in what the translation wanted done. */
  observe(): void {
    for (const slot of this.driven.started()) this.#owed.set(slot, new Map());
    for (const slot of this.#owed.keys()) {
      for (const message of this.driven.written(slot)) this.#see(slot, message);
    }
    const stopped = this.driven.stopped();
    for (const slot of stopped) {
      const owed = [...(this.#owed.get(slot)?.values() ?? [])];
      const isIdle = owed.every(({ cancelledAt }) => cancelledAt !== undefined);
      this.#claim(isIdle, 'a process at work is ended');
      this.#forget(slot);
    }
    for (const slot of this.#ending.splice(0)) this.driven.exited(slot, 'was ended by the runner');
    this.#ending.push(...stopped);
    this.#claim(this.#owed.size <= 3, 'there are too many processes');
    for (const message of this.driven.said()) this.#hear(message);
  }

  /** All processes work off what they owe; then nobody waits. */
  finish(): void {
    for (let round = 0; round < 100 && this.#pending.size > 0; round++) {
      this.driven.pass(5_000, () => this.#heed());
      this.#heed();
      for (const slot of this.#owed.keys()) {
        const owed = this.#owed.get(slot) ?? new Map<number, Owed>();
        for (const [id, { open }] of owed) {
          if (open.size > 0) continue;
          owed.delete(id);
          this.driven.process(slot, { id, result: {} });
        }
      }
      this.observe();
    }
    this.#claim(this.#pending.size === 0, 'a request is never answered');
  }

  #send(method: string, params: Message, client: (typeof CLIENTS)[number], root?: number): void {
    const id = this.driven.request(method, params, client);
    this.#pending.set(id, { root: root ?? id, client });
    this.#clients.set(id, client);
    if ('requestState' in params) this.#retries.add(id);
    const { inputResponses: _, requestState: __, ...rest } = params;
    this.#params.set(id, rest);
    this.observe();
  }

  #see(slot: number, { id, method, params, result, error }: Message): void {
    if (method === 'initialize') {
      const about = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} };
      return this.driven.process(slot, { id, result: about });
    }
    const owed = this.#owed.get(slot);
    if (method === 'notifications/cancelled') {
      const cancelled = owed?.get((params as { requestId: number }).requestId);
      if (cancelled) cancelled.cancelledAt = this.driven.now;
    }
    if (error !== undefined) this.counts.refused++;
    if (method === undefined) for (const { open } of owed?.values() ?? []) open.delete(id);
    if (typeof id !== 'number' || result !== undefined || error !== undefined) return;
    this.#claim(!this.#written.has(id), 'a request is written twice');
    this.#written.add(id);
    const client = this.#clients.get(id)?.name ?? '';
    const home = this.#homes.get(client) ?? slot;
    this.#claim(this.#isStateless || home === slot, 'a client has two processes');
    this.#homes.set(client, home);
    owed?.set(id, {
      client,
      isAskable: method === 'tools/call',
      open: new Set(),
      cancelledAt: undefined,
    });
  }

  #hear({ id, result }: Message): void {
    const asked = this.#pending.get(id as number);
    this.#claim(this.#pending.delete(id as number), 'an answer to nothing');
    const { resultType, requestState, inputRequests } = (result ?? {}) as Message;
    if (resultType === 'complete' && this.#retries.has(id)) this.counts.resumed++;
    if (resultType !== 'input_required' || !asked) return;
    const { root, client } = asked;
    for (const question of Object.values(inputRequests as Record<string, Message>)) {
      const { message, client: of } = question['params'] as { message?: string; client?: string };
      const isTheirs = message === undefined ? of === client.name : message === String(root);
      this.#claim(isTheirs, 'a question reaches a call that did not ask it');
    }
    const keys = Object.keys(inputRequests as object);
    this.#claim(keys.length > 0, 'nothing is asked');
    this.counts.asked++;
    const params = this.#params.get(id) ?? {};
    this.#states = [...this.#states.slice(-3), { requestState, keys, params, client, root }];
  }

  #forget(slot: number): void {
    this.#owed.delete(slot);
    for (const [client, home] of this.#homes) if (home === slot) this.#homes.delete(client);
  }

  #claim(isTrue: boolean, otherwise: string): void {
    if (!isTrue) this.problems.push(otherwise);
  }

  #owing(choice: number): { slot: number; id: number; owed: Owed } | undefined {
    const all = [...this.#owed].flatMap(([slot, calls]) =>
      [...calls].map(([id, owed]) => ({ slot, id, owed })),
    );
    return all[choice % Math.max(1, all.length)];
  }
}

const weighted = (name: Name, weight: number) => ({
  weight,
  arbitrary: fc.tuple(fc.constant(name), fc.nat({ max: 59 })),
});

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    weighted('request', 7),
    weighted('retry', 6),
    weighted('ask', 5),
    weighted('roots', 2),
    weighted('answer', 5),
    weighted('pass', 5),
    weighted('cancel', 2),
    weighted('exit', 1),
  ),
  { minLength: 30, maxLength: 80, size: 'max' },
);

test.each([
  ['with', false],
  ['without', true],
])(
  '[F-201] %s state: each request is answered once, no question goes to another call, a client with state has one process',
  (_, isStateless) => {
    const total = { asked: 0, resumed: 0, refused: 0 };
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play(isStateless);
        for (const [name, choice] of all) {
          play[name](choice);
          // Twice: the first look lets processes answer initialize.
          play.observe();
          play.observe();
        }
        play.finish();
        expect(play.problems).toEqual([]);
        for (const key of ['asked', 'resumed', 'refused'] as const) total[key] += play.counts[key];
      }),
      { numRuns: 100 },
    );
    // The plays are of use only if they get that far.
    expect(total.asked).toBeGreaterThan(50);
    expect(total.resumed).toBeGreaterThan(5);
    expect(total.refused).toBeGreaterThan(10);
  },
  60_000,
);
