// The simulated stdio process. It executes calls, writes a journal of them, and speaks out of turn as real servers do.
import { fillerOf } from './filler.ts';
import type { Chance, VirtualClock } from './clock.ts';
import type { History, ProcessRecord } from './history.ts';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly uid?: string;
    readonly work?: Work;
    readonly cargo?: string;
    readonly requestId?: number | string;
    readonly _meta?: { readonly progressToken?: number | string };
  };
}

/** What a call asks the process to do. */
export interface Work {
  readonly ms: number;
  readonly progress: number;
  readonly bytes: number;
}

export class ProcessNode {
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #history: History;
  readonly #session: string;
  readonly #print: (line: string) => void;
  readonly #cancelled = new Set<number | string>();
  #notes = 0;
  #isPaused = false;
  #unread: string[] = [];
  readonly #running = new Map<number | string, ProcessRecord>();
  #isAlive = true;

  constructor(
    clock: VirtualClock,
    chance: Chance,
    history: History,
    session: string,
    print: (line: string) => void,
  ) {
    this.#clock = clock;
    this.#chance = chance;
    this.#history = history;
    this.#session = session;
    this.#print = print;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  die(): void {
    this.#isAlive = false;
    for (const id of this.#running.keys()) this.#ended(id);
  }

  /** A line on stdin. */
  read(line: string): void {
    if (!this.isAlive) return;
    const message = JSON.parse(line) as Message;
    const { id, method, params } = message;
    if (method === 'initialize' && id !== undefined) {
      this.#later(5, () =>
        this.#say({ id, result: { protocolVersion: '2025-11-25', session: this.#session } }),
      );
    } else if (method === 'call' && id !== undefined) this.#call(id, params);
    else if (method === 'note') this.#record('note', params?.uid ?? '');
    else if (method === 'notifications/cancelled' && params?.requestId !== undefined) {
      this.#cancelled.add(params.requestId);
      this.#ended(params.requestId);
    }
  }

  /** Says something that belongs to no request. */
  speak(): void {
    if (!this.isAlive) return;
    this.#notes += 1;
    this.#say({
      method: 'notifications/message',
      params: { session: this.#session, number: this.#notes },
    });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const lines = this.#unread;
    this.#unread = [];
    for (const line of lines) this.#print(line);
  }

  #call(id: number | string, params: Message['params']): void {
    const { uid = '', work = { ms: 0, progress: 0, bytes: 0 } } = params ?? {};
    const { cargo = '' } = params ?? {};
    const record = this.#record(
      'call',
      cargo === fillerOf(uid, cargo.length) ? uid : `${uid}, spoiled`,
    );
    this.#running.set(id, record);
    const token = params?._meta?.progressToken;
    const steps = token === undefined ? 0 : work.progress;
    for (let step = 1; step <= steps; step++) {
      this.#later((work.ms * step) / (work.progress + 1), () => {
        if (this.#cancelled.has(id)) return;
        this.#say({
          method: 'notifications/progress',
          params: { progressToken: token, progress: step, uid },
        });
      });
    }
    this.#later(work.ms, () => {
      record.endedAt ??= this.#clock.now;
      // A server may answer a cancelled request all the same.
      if (this.#cancelled.has(id) && !this.#chance.happens(0.2)) return;
      this.#say({ id, result: { uid, session: this.#session, filler: fillerOf(uid, work.bytes) } });
    });
  }

  #ended(id: number | string): void {
    const record = this.#running.get(id);
    if (record) record.endedAt ??= this.#clock.now;
  }

  #later(ms: number, run: () => void): void {
    this.#clock.after(ms, () => {
      if (this.isAlive) run();
    });
  }

  #record(kind: 'call' | 'note', uid: string): ProcessRecord {
    const record: ProcessRecord = { session: this.#session, kind, uid };
    this.#history.journal.push(record);
    return record;
  }

  #say(message: object): void {
    const line = JSON.stringify({ jsonrpc: '2.0', ...message });
    if (this.#isPaused) this.#unread.push(line);
    else this.#print(line);
  }
}
