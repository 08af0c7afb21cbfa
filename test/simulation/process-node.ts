// The simulated stdio process. It executes calls, writes a journal of them, and speaks out of turn as real servers do.
import { CODE, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { fillerOf } from './filler.ts';
import type { ProcessRecord } from './history.ts';
import type { Program } from './server-process.ts';
import type { World } from './world.ts';

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

/** What a process takes to answer what is no work. */
const START_MS = 5;

export class ProcessNode implements Program {
  readonly #world: World;
  /** Whose a call is that has this uid. */
  readonly #sessionOf: (uid: string) => string;
  /** Several sessions are at it. */
  readonly #isShared: boolean;
  readonly #print: (line: string) => void;
  readonly #cancelled = new Set<number | string>();
  #notes = 0;
  #isPaused = false;
  #unread: string[] = [];
  readonly #running = new Map<number | string, ProcessRecord>();
  #isAlive = true;

  constructor(
    world: World,
    sessionOf: (uid: string) => string,
    print: (line: string) => void,
    isShared = false,
  ) {
    this.#world = world;
    this.#sessionOf = sessionOf;
    this.#print = print;
    this.#isShared = isShared;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  die(): void {
    this.#isAlive = false;
    for (const id of this.#running.keys()) this.#ended(id);
  }

  /** A line on stdin. */
  read(line: string): true {
    if (this.isAlive) this.#read(line);
    return true;
  }

  #read(line: string): void {
    const message = JSON.parse(line) as Message;
    const { id, method, params } = message;
    if (method === 'notifications/cancelled' && params?.requestId !== undefined) {
      this.#cancelled.add(params.requestId);
      this.#ended(params.requestId);
    } else if (method === 'note') this.#record('note', params?.uid ?? '');
    else if (id === undefined) return;
    else if (method === 'tools/call') this.#call(id, params);
    else this.#later(START_MS, () => this.#say({ id, ...this.#answerTo(method, params) }));
  }

  /** To what is asked at the start and in between, by the era of the server. */
  #answerTo(method: string | undefined, params: Message['params']): object {
    const { isModern } = this.#world;
    const serverInfo = { name: 'files', version: '1' };
    // Of what several share nobody can be told whose it is.
    const own = this.#isShared ? {} : { session: this.#sessionOf('') };
    const legacy: Record<string, object> = {
      initialize: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo, ...own },
      'tools/list': { tools: [] },
      ping: {},
    };
    const modern: Record<string, object> = {
      'server/discover': {
        resultType: 'complete',
        supportedVersions: [MODERN_REVISION],
        capabilities: {},
        serverInfo,
        ...own,
      },
      'tools/list': { resultType: 'complete', tools: [] },
    };
    const result = (isModern ? modern : legacy)[method ?? ''];
    if (result) return { result };
    return { error: { code: CODE.methodNotFound, message: `no ${method} ${params?.uid ?? ''}` } };
  }

  /** Says something that belongs to no request. */
  speak(): void {
    // A modern server says such things to those alone that listen for them.
    if (!this.isAlive || this.#world.isModern) return;
    if (this.#isShared) return this.#speakOfCall();
    this.#notes += 1;
    this.#say({
      method: 'notifications/message',
      params: { session: this.#sessionOf(''), number: this.#notes },
    });
  }

  /** It logs while it works for somebody; whoever else is at it must not hear that. */
  #speakOfCall(): void {
    const working = [...this.#running.values()].filter(({ endedAt }) => endedAt === undefined);
    const { session } = working.at(-1) ?? {};
    if (session !== undefined)
      this.#say({ method: 'notifications/message', params: { level: 'error', session } });
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
      record.endedAt ??= this.#world.clock.now;
      // A server may answer a cancelled request all the same.
      if (this.#cancelled.has(id) && !this.#world.chance.happens(0.2)) return;
      this.#say({
        id,
        result: {
          ...(this.#world.isModern && { resultType: 'complete' }),
          uid,
          session: this.#sessionOf(uid),
          filler: fillerOf(uid, work.bytes),
        },
      });
    });
  }

  #ended(id: number | string): void {
    const record = this.#running.get(id);
    if (record) record.endedAt ??= this.#world.clock.now;
  }

  #later(ms: number, run: () => void): void {
    this.#world.clock.after(ms, () => {
      if (this.isAlive) run();
    });
  }

  #record(kind: 'call' | 'note', uid: string): ProcessRecord {
    const record: ProcessRecord = { session: this.#sessionOf(uid), kind, uid };
    this.#world.history.journal.push(record);
    return record;
  }

  #say(message: object): void {
    const line = JSON.stringify({ jsonrpc: '2.0', ...message });
    if (this.#isPaused) this.#unread.push(line);
    else this.#print(line);
  }
}
