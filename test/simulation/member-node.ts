// The simulated process of one member of a virtual server, for one client: it lists, works, asks, reports, and says that it changed. Its
// ids and tokens are its own, so those of members are alike.
import { CODE, META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { fillerOf } from './filler.ts';
import type { ProcessRecord } from './history.ts';
import type { Illness, Member, Members } from './members.ts';
import type { Program, ProgramPipes } from './server-process.ts';
import type { World } from './world.ts';

type Id = number | string;

interface Params {
  readonly uid?: string;
  readonly name?: string;
  readonly uri?: string;
  readonly level?: string;
  readonly cursor?: string;
  readonly work?: MemberWork;
  readonly requestId?: Id;
  readonly notifications?: { readonly resourceSubscriptions?: readonly string[] } & Record<
    string,
    unknown
  >;
  readonly inputResponses?: Readonly<Record<string, Result>>;
  readonly requestState?: string;
  readonly capabilities?: object;
  readonly _meta?: {
    readonly progressToken?: Id;
    readonly [META.clientCapabilities]?: object;
  };
}

interface Result {
  readonly content?: { readonly text?: string };
}

interface Message {
  readonly id?: Id;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Result;
  readonly error?: object;
}

/** What a call asks a member to do. */
export interface MemberWork {
  readonly ms: number;
  readonly progress: number;
  readonly bytes: number;
  /** It asks its client something before it answers. */
  readonly asks: boolean;
  /** It takes the question back. */
  readonly withdraws: boolean;
}

const NO_WORK: MemberWork = { ms: 0, progress: 0, bytes: 0, asks: false, withdraws: false };

/** What a process takes to answer what is no work. */
const ANSWER_MS = 5;

/** A process that stands still reads no more than so many lines. */
const PIPE_LINES = 6;

/** What was under way when a process became well again has its answer by then. */
const RECOVERY_MS = 1_500;

/** Between a question and the word that it is taken back. */
const WITHDRAWN_MS = 700;

export class MemberNode implements Program {
  readonly member: Member;
  readonly client: string;
  readonly #world: World;
  readonly #members: Members;
  readonly #pipes: ProgramPipes;
  readonly #number: number;
  readonly #cancelled = new Set<Id>();
  readonly #running = new Map<Id, ProcessRecord>();
  /** What it asked and has no answer to, by its own id. */
  readonly #asked = new Map<Id, { readonly token: string; readonly goOn: () => void }>();
  readonly #withdrawn = new Set<Id>();
  readonly #subscribed = new Set<string>();
  /** Open subscriptions of the modern era. */
  readonly #listens = new Map<Id, NonNullable<Params['notifications']>>();
  readonly #illness: Illness;
  #relapse: Illness | undefined;
  /** Its client of the legacy era can be asked. */
  #mayAsk = false;
  #level: string | undefined;
  #nextQuestion = 1;
  #words = 0;
  #isAlive = true;
  #isStarted = false;
  #isPaused = false;
  #isStopped = false;
  #isFull = false;
  #unread: string[] = [];
  #unwritten: string[] = [];

  constructor(
    world: World,
    members: Members,
    of: { readonly member: Member; readonly client: string },
    pipes: ProgramPipes,
  ) {
    this.#world = world;
    this.#members = members;
    this.member = of.member;
    this.client = of.client;
    this.#pipes = pipes;
    this.#number = members.number();
    this.#illness = this.#fallIll();
    world.clock.after(this.member.startMs, () => this.#started());
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get label(): string {
    return `${this.member.name}#${String(this.#number)} of ${this.client}`;
  }

  /** It runs, and has been greeted. */
  get isWell(): boolean {
    return this.#isAlive && !this.#isStopped && this.#illness.until < Infinity;
  }

  get level(): string | undefined {
    return this.#level;
  }

  get subscribed(): ReadonlySet<string> {
    return this.#subscribed;
  }

  die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const [id, record] of this.#running) {
      record.diedAt = this.#world.clock.now;
      this.#ended(id);
    }
    for (const { token } of this.#asked.values()) {
      const question = this.#world.history.questions?.get(token);
      if (question) question.diedAt = this.#world.clock.now;
    }
    if (this.#illness.until < Infinity) this.#relapse ??= this.#fallIll();
  }

  /** SIGSTOP. */
  stop(): void {
    if (!this.#isAlive) return;
    this.#isStopped = true;
    if (this.#illness.until < Infinity) this.#relapse ??= this.#fallIll();
  }

  /** SIGCONT. */
  goOn(): void {
    if (!this.#isStopped || !this.#isAlive) return;
    this.#isStopped = false;
    if (this.#relapse) this.#recover(this.#relapse);
    this.#relapse = undefined;
    this.#catchUp();
  }

  read(line: string): boolean {
    if (!this.#isAlive) return true;
    if (this.#isStarted && !this.#isStopped) {
      this.#take(JSON.parse(line) as Message);
      return true;
    }
    this.#unread.push(line);
    this.#isFull = this.#unread.length > PIPE_LINES;
    return !this.#isFull;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isStopped) this.#flush();
  }

  speak(): void {
    if (!this.isWell || this.member.isModern) return;
    this.#words += 1;
    const params = {
      level: 'error',
      session: this.client,
      number: this.#words,
      by: `${this.member.name}#${String(this.#number)}`,
    };
    this.#say({ method: 'notifications/message', params });
  }

  /** Its lists are others now; one that stands still says so when it goes on. */
  changed(): void {
    const isGreeted = this.#illness.until < Infinity;
    if (this.#isAlive && isGreeted)
      this.#announce('notifications/tools/list_changed', 'toolsListChanged');
  }

  /** What it is asked to watch is another now. */
  updated(): void {
    if (!this.isWell) return;
    for (const uri of this.#subscribed) this.#update(uri, {});
    for (const [id, { resourceSubscriptions = [] }] of this.#listens)
      for (const uri of resourceSubscriptions) this.#update(uri, tagOf(id));
  }

  #update(uri: string, more: object): void {
    const params = { uri, session: this.client, by: this.member.name, ...more };
    this.#say({ method: 'notifications/resources/updated', params });
  }

  #announce(method: string, filter: string): void {
    if (!this.member.isModern) return this.#say({ method });
    for (const [id, wanted] of this.#listens)
      if (wanted[filter] === true) this.#say({ method, params: tagOf(id) });
  }

  #fallIll(): Illness {
    const { clock } = this.#world;
    const illness = {
      client: this.client,
      member: this.member.name,
      from: clock.now,
      until: Infinity,
    };
    this.#members.illnesses.push(illness);
    return illness;
  }

  #recover(illness: Illness): void {
    illness.until = this.#world.clock.now + RECOVERY_MS;
  }

  /** It has been greeted: so is over what the process before it died of. */
  #greeted(): void {
    if (this.#illness.until < Infinity) return;
    for (const ill of this.#members.illnesses) {
      const isOurs = ill.client === this.client && ill.member === this.member.name;
      if (isOurs && ill.until === Infinity) this.#recover(ill);
    }
    if (this.#isStopped) this.#relapse = this.#fallIll();
  }

  #started(): void {
    if (!this.#isAlive) return;
    this.#isStarted = true;
    if (!this.#isStopped) this.#catchUp();
  }

  #catchUp(): void {
    if (!this.#isStarted) return;
    const lines = this.#unread;
    this.#unread = [];
    for (const line of lines) this.#take(JSON.parse(line) as Message);
    if (!this.#isPaused) this.#flush();
    if (this.#isFull) this.#pipes.drained();
    this.#isFull = false;
  }

  #flush(): void {
    const lines = this.#unwritten;
    this.#unwritten = [];
    for (const line of lines) this.#pipes.print(line);
  }

  #take(message: Message): void {
    const { id, method, params = {} } = message;
    if (method === undefined) return this.#answered(message);
    if (id === undefined) return this.#notified(method, params);
    // A modern process is greeted by whatever it is asked first.
    if (this.member.isModern && method !== 'initialize') this.#greeted();
    if (method === 'tools/call' || method === 'prompts/get' || method === 'resources/read')
      return this.#call(id, method, params);
    if (method === 'subscriptions/listen' && this.member.isModern) return this.#listen(id, params);
    this.#later(ANSWER_MS, () => this.#say({ id, ...this.#answerTo(method, params) }));
  }

  #notified(method: string, params: Params): void {
    if (method === 'notifications/initialized') this.#greeted();
    else if (method === 'note') {
      const { uid = '' } = params;
      const session = `${this.client}/${this.member.name}`;
      this.#world.history.journal.push({ session, kind: 'note', uid });
    } else if (method === 'notifications/cancelled' && params.requestId !== undefined) {
      const { requestId } = params;
      this.#cancelled.add(requestId);
      this.#ended(requestId);
      this.#listens.delete(requestId);
    }
  }

  /** To what is asked at the start and in between, by its era. */
  #answerTo(method: string, params: Params): object {
    const { isModern, name } = this.member;
    if (isModern && method === 'server/discover')
      return { result: { supportedVersions: [MODERN_REVISION], ...this.#introduction } };
    if (!isModern && method === 'initialize') {
      this.#mayAsk = hasSampling(params.capabilities);
      return { result: { protocolVersion: '2025-11-25', ...this.#introduction } };
    }
    if (!isModern && method === 'ping') return { result: {} };
    if (!isModern && method === 'logging/setLevel') {
      this.#level = params.level;
      return { result: {} };
    }
    if (!isModern && method.endsWith('scribe')) return this.#subscribe(method, params.uri ?? '');
    const lists: Readonly<Record<string, readonly [string, readonly object[]]>> = {
      'tools/list': [
        'tools',
        this.member.listed.tools.map((tool) => ({ ...tool, inputSchema: { type: 'object' } })),
      ],
      'prompts/list': ['prompts', this.member.listed.prompts],
      'resources/list': ['resources', [{ uri: `r:${name}`, name }]],
      'resources/templates/list': [
        'resourceTemplates',
        [{ uriTemplate: `t:${name}/{x}`, name: `t_${name}` }],
      ],
    };
    const list = lists[method];
    if (list) return this.#page(list[0], list[1], params.cursor);
    return { error: { code: CODE.methodNotFound, message: `no ${method}` } };
  }

  #subscribe(method: string, uri: string): object {
    if (!this.member.uris.includes(uri)) return MISSING;
    if (method === 'resources/subscribe') this.#subscribed.add(uri);
    else this.#subscribed.delete(uri);
    return { result: {} };
  }

  get #introduction(): object {
    return {
      ...this.#modern,
      capabilities: {
        tools: { listChanged: true },
        prompts: {},
        resources: { subscribe: true, listChanged: true },
        logging: {},
      },
      serverInfo: { name: this.member.name, version: '1' },
      session: this.client,
    };
  }

  get #modern(): object {
    return this.member.isModern ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {};
  }

  #page(member: string, all: readonly object[], cursor: string | undefined): object {
    const at = Number(cursor ?? 0);
    const page = this.member.isPaged ? all.slice(at, at + 1) : all;
    const isMore = this.member.isPaged && at + 1 < all.length;
    return {
      result: { ...this.#modern, [member]: page, ...(isMore && { nextCursor: String(at + 1) }) },
    };
  }

  #has(method: string, { name = '', uri = '' }: Params): boolean {
    const { listed, uris } = this.member;
    if (method === 'resources/read') return uris.includes(uri);
    // A tool of a list that changed goes on working.
    if (method === 'tools/call' && name.endsWith(`_${this.member.name}`)) return true;
    const known = method === 'tools/call' ? listed.tools : listed.prompts;
    return known.some((each) => each.name === name);
  }

  #call(id: Id, method: string, params: Params): void {
    if (!this.#has(method, params))
      return this.#later(ANSWER_MS, () => this.#say({ id, ...MISSING }));
    const { uid = '', work = NO_WORK, inputResponses, requestState } = params;
    const by = `${this.member.name}/${params.name ?? params.uri ?? ''}`;
    if (inputResponses) {
      if (requestState !== uid)
        this.#members.faults.push(`R-16: ${by} got another state than its own for ${uid}`);
      const { text } = inputResponses['q']?.content ?? {};
      if (text !== undefined && text !== this.#roundOf(uid))
        this.#members.faults.push(`R-9: ${by} asked for ${uid} and got the answer ${text}`);
      return this.#work(id, params, { ...work, asks: false }, by);
    }
    const record: ProcessRecord = { session: this.client, kind: 'call', uid, by };
    this.#world.history.journal.push(record);
    this.#running.set(id, record);
    this.#work(id, params, work, by);
  }

  #work(id: Id, params: Params, work: MemberWork, by: string): void {
    const { uid = '' } = params;
    const isAskable = this.member.isModern
      ? hasSampling(params._meta?.[META.clientCapabilities])
      : this.#mayAsk;
    const asks = work.asks && isAskable;
    const record = this.#running.get(id);
    if (asks && record) record.hasAsked = true;
    if (asks && this.member.isModern) {
      const question = this.#question(this.#roundOf(uid));
      this.#ended(id);
      const inputRequests = { q: { method: 'sampling/createMessage', params: question } };
      return this.#say({
        id,
        result: { resultType: 'input_required', inputRequests, requestState: uid },
      });
    }
    if (asks) return this.#ask(uid, work, () => this.#perform(id, params, work, by));
    this.#perform(id, params, work, by);
  }

  #perform(id: Id, params: Params, work: MemberWork, by: string): void {
    const { uid = '' } = params;
    const token = params._meta?.progressToken;
    const steps = token === undefined ? 0 : work.progress;
    for (let step = 1; step <= steps; step++)
      this.#later((work.ms * step) / (work.progress + 1), () => {
        if (this.#cancelled.has(id)) return;
        const progress = { progressToken: token, progress: step, uid };
        this.#say({ method: 'notifications/progress', params: progress });
      });
    this.#later(work.ms, () => {
      this.#ended(id);
      if (this.#cancelled.has(id) && !this.#world.chance.happens(0.2)) return;
      const filler = fillerOf(uid, work.bytes);
      const result = { ...this.#modern, uid, session: this.client, by, filler };
      this.#say({ id, result });
    });
  }

  #tokenOf(uid: string, id: Id): string {
    return `${this.member.name}#${String(this.#number)} ${uid} ${String(id)}`;
  }

  /** A round of its call may go on in the process after it. */
  #roundOf(uid: string): string {
    return `${this.member.name} ${uid}`;
  }

  #question(token: string): object {
    return {
      session: this.client,
      token,
      messages: [],
      maxTokens: 1,
      ...(this.#world.chance.happens(0.5) && { _meta: { progressToken: 1 } }),
    };
  }

  /** Its ids begin anew with each process, and are those of other members, too. */
  #ask(uid: string, { withdraws }: MemberWork, goOn: () => void): void {
    const id = this.#nextQuestion++;
    const token = this.#tokenOf(uid, id);
    this.#asked.set(id, { token, goOn });
    this.#world.history.questions?.set(token, {
      client: this.client,
      member: this.member.name,
      askedAt: this.#world.clock.now,
    });
    this.#say({ id, method: 'sampling/createMessage', params: this.#question(token) });
    if (!withdraws) return;
    this.#later(WITHDRAWN_MS, () => {
      if (!this.#asked.delete(id)) return;
      this.#withdrawn.add(id);
      this.#say({ method: 'notifications/cancelled', params: { requestId: id } });
      goOn();
    });
  }

  #answered({ id, result, error }: Message): void {
    if (id === undefined) return;
    const asked = this.#asked.get(id);
    if (!asked) {
      if (!this.#withdrawn.has(id))
        this.#members.faults.push(
          `R-16: ${this.label} got an answer to ${String(id)}, which it did not ask`,
        );
      return;
    }
    this.#asked.delete(id);
    const text = result?.content?.text;
    if (!error && text !== asked.token)
      this.#members.faults.push(
        `R-9: ${this.label} asked ${asked.token} and got the answer ${String(text)}`,
      );
    asked.goOn();
  }

  #listen(id: Id, { notifications = {} }: Params): void {
    const { resourceSubscriptions = [], ...changes } = notifications;
    const own = resourceSubscriptions.filter((uri) => this.member.uris.includes(uri));
    const honored = { ...changes, ...(own.length > 0 && { resourceSubscriptions: own }) };
    this.#listens.set(id, honored);
    const params = { notifications: honored, ...tagOf(id) };
    this.#later(ANSWER_MS, () =>
      this.#say({ method: 'notifications/subscriptions/acknowledged', params }),
    );
  }

  #ended(id: Id): void {
    const record = this.#running.get(id);
    if (record) record.endedAt ??= this.#world.clock.now;
    this.#running.delete(id);
  }

  #later(ms: number, run: () => void): void {
    this.#world.clock.after(ms, () => {
      if (this.#isAlive) run();
    });
  }

  #say(message: object): void {
    const line = JSON.stringify({ jsonrpc: '2.0', ...message });
    if (this.#isPaused || this.#isStopped) this.#unwritten.push(line);
    else this.#pipes.print(line);
  }
}

const tagOf = (id: Id): object => ({ _meta: { [META.subscriptionId]: id } });

const hasSampling = (capabilities: object = {}): boolean => 'sampling' in capabilities;

const MISSING = { error: { code: CODE.invalidParams, message: 'not here' } };
