// What a simulated client does with a virtual server: it lists, calls what it saw listed, reads, subscribes, and answers what it is asked.
// What it saw is judged in virtual-judge.ts.
import { META, PRIVATE_META } from '../../shared/mcp/modern.ts';
import type { ClientNode, Incoming } from './client-node.ts';
import type { CallHistory, VirtualCall } from './history.ts';
import type { MemberWork } from './member-node.ts';
import type { Members } from './members.ts';
import type { World } from './world.ts';

/** A list as the client took it. */
export interface TakenList {
  /** When its first page was asked for. */
  readonly at: number;
  /** What its elements are described as, in their order. */
  readonly things: readonly { readonly name: string; readonly description: string }[];
}

interface AskedQuestion {
  readonly token: string;
  isOver: boolean;
}

const LIST_METHODS = { tools: 'tools/list', prompts: 'prompts/list' } as const;
const CALL_METHODS = { tools: 'tools/call', prompts: 'prompts/get' } as const;

type Kind = keyof typeof LIST_METHODS;

const CHANGED = 'notifications/tools/list_changed';
const LEVELS = ['debug', 'info', 'error'] as const;

/** Until a client opens a subscription again that was cut off. */
const LISTEN_AGAIN_MS = 1_000;

/** A list is not read for longer than this: some servers always give another cursor. */
const MOST_PAGES = 40;

export class VirtualClient {
  /** The last whole list of tools, and whether the client was told since that it changed. */
  lastTools: TakenList | undefined;
  isToldSince = false;
  /** Its session has been opened. */
  hasBegun = false;
  /** Since when it hears what belongs to no request. */
  hearsSince: number | undefined;
  /** Resources it is subscribed to, and how often it heard of each. */
  readonly subscribed = new Map<string, number>();
  level: string | undefined;
  /** What it was asked, by the ids that it was asked under. */
  readonly asked = new Map<string, AskedQuestion[]>();
  readonly isAskable: boolean;
  readonly #world: World;
  readonly #client: ClientNode;
  readonly #members: Members;
  #setting: CallHistory | undefined;
  readonly #spoken = new Map<string, number>();

  constructor(world: World, client: ClientNode, members: Members) {
    this.#world = world;
    this.#client = client;
    this.#members = members;
    this.isAskable = world.chance.happens(0.7);
  }

  get client(): ClientNode {
    return this.#client;
  }

  get isModern(): boolean {
    return this.#client.kind === 'modern';
  }

  get initialize(): object {
    const capabilities = this.#capabilities;
    const clientInfo = { name: 'simulated', version: '1' };
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo };
    return { method: 'initialize', params };
  }

  get #capabilities(): object {
    return this.isAskable ? { sampling: {} } : {};
  }

  /** Its notifications go to all members. */
  notes(sent: string[]): void {
    for (const { name } of this.#members.all)
      this.#world.history.sentNotes.set(`${this.#client.principal}/${name}`, sent);
  }

  /** It listens to what belongs to no request. */
  hears(): void {
    this.hearsSince ??= this.#world.clock.now;
  }

  /** It has opened its session. */
  begin(): void {
    const { clock, chance } = this.#world;
    this.hasBegun = true;
    if (!this.isModern) this.#client.tell({ method: 'notifications/initialized' });
    if (this.#client.kind === 'sse2024') this.hearsSince = clock.now;
    if (this.isModern && chance.happens(0.7)) this.#listen();
    clock.after(chance.between(0, 100), () => this.list('tools'));
  }

  /** Something that a client does. */
  call(): void {
    const { chance } = this.#world;
    const what = chance.next();
    if (what < 0.15) this.list(chance.happens(0.7) ? 'tools' : 'prompts');
    else if (what < 0.3) this.read();
    else if (what < 0.36 && !this.isModern) this.#subscribe();
    else if (what < 0.4 && !this.isModern) this.#setLevel();
    else if (what < 0.5) this.use('prompts');
    else this.use('tools');
  }

  list(kind: Kind, done: (list: TakenList) => void = () => undefined): void {
    const things: { name: string; description: string }[] = [];
    this.#page(kind, undefined, things, this.#world.clock.now, MOST_PAGES, done);
  }

  #page(
    kind: Kind,
    cursor: string | undefined,
    things: { name: string; description: string }[],
    at: number,
    pages: number,
    done: (list: TakenList) => void,
  ): void {
    if (cursor === undefined && kind === 'tools') this.isToldSince = false;
    const takes = (result: object): boolean => {
      const { nextCursor, ...rest } = result as Record<string, unknown>;
      const page = rest[kind];
      if (!Array.isArray(page)) return false;
      for (const thing of page as { name: string; description: string }[]) {
        things.push(thing);
        const shown = this.#members.shown[kind];
        shown.set(thing.name, (shown.get(thing.name) ?? new Set()).add(thing.description));
      }
      if (typeof nextCursor === 'string' && pages > 0)
        this.#page(kind, nextCursor, things, at, pages - 1, done);
      else {
        const list = { at, things };
        // One that was asked for earlier may come later.
        if (kind === 'tools' && at >= (this.lastTools?.at ?? 0)) this.lastTools = list;
        done(list);
      }
      return true;
    };
    const params = { ...(cursor !== undefined && { cursor }) };
    this.#ask(() => ({ method: LIST_METHODS[kind], params }), { takes });
  }

  /** Calls a tool or gets a prompt that a list has shown to somebody. */
  use(kind: Kind, name?: string, work = this.#newWork()): CallHistory | undefined {
    const { chance } = this.#world;
    const names = [...this.#members.shown[kind].keys()];
    if (names.length === 0) {
      this.list(kind);
      return undefined;
    }
    const of = name ?? chance.pick(names);
    const progress = kind === 'tools' ? work.progress : 0;
    const wanted = this.#members.shown[kind].get(of) ?? new Set();
    return this.#ask(
      (uid) => ({
        method: CALL_METHODS[kind],
        params: {
          name: of,
          uid,
          work: { ...work, progress },
          ...(progress > 0 && { _meta: { progressToken: uid } }),
        },
      }),
      // A tool that is not listed any more may be taken for another's.
      { wanted, isOwed: ![...wanted].some((each) => each.includes('/of')) },
      progress,
    );
  }

  /** Reads a resource of some member. */
  read(uri = this.#world.chance.pick(this.#uris)): CallHistory | undefined {
    const owner = this.#ownerOf(uri);
    // Of what nobody lists only those know who are asked: one of them may end meanwhile, and it may have been for it.
    const isOwed = !uri.startsWith('hidden:');
    const params = { uri, work: { ...this.#newWork(), progress: 0, asks: false } };
    return this.#ask((uid) => ({ method: 'resources/read', params: { ...params, uid } }), {
      wanted: new Set([`${owner}/${uri}`]),
      isOwed,
    });
  }

  get #uris(): readonly string[] {
    return this.#members.all.flatMap(({ uris }) => uris);
  }

  #ownerOf(uri: string): string {
    return this.#members.all.find(({ uris }) => uris.includes(uri))?.name ?? '';
  }

  #subscribe(): void {
    const { chance } = this.#world;
    const uri = chance.pick(this.#uris);
    const isOn = !this.subscribed.has(uri);
    const method = isOn ? 'resources/subscribe' : 'resources/unsubscribe';
    // Whatever it is answered, it wants to hear no more.
    if (!isOn) this.subscribed.delete(uri);
    this.#ask(() => ({ method, params: { uri } }), {
      takes: () => {
        if (isOn) this.subscribed.set(uri, 0);
        return true;
      },
    });
  }

  #setLevel(): void {
    // Which of two at a time comes last is not known.
    if (this.#setting && this.#setting.outcomes.length === 0) return;
    const level = this.#world.chance.pick(LEVELS);
    this.level = undefined;
    this.#setting = this.#ask(() => ({ method: 'logging/setLevel', params: { level } }), {
      takes: () => {
        this.level = level;
        return true;
      },
    });
  }

  /** A subscription of the modern era, opened again when it is cut off. */
  #listen(): void {
    const { chance, clock } = this.#world;
    const uris = this.#uris.filter((uri) => !uri.startsWith('hidden:') && chance.happens(0.3));
    const notifications = {
      toolsListChanged: true,
      ...(uris.length > 0 && { resourceSubscriptions: uris }),
    };
    const open = (): void => {
      const call = this.#ask(
        (uid) => ({
          method: 'subscriptions/listen',
          params: { notifications, _meta: { [PRIVATE_META.clientId]: uid } },
        }),
        { takes: () => true, isEndless: true },
      );
      if (!call) return;
      // It ends when its session does; what it came to matters to nobody.
      call.isForsaken = true;
      const look = (): void => {
        if (this.#client.isOver) return;
        if (call.outcomes.length === 0 && call.leftAt === undefined)
          return void clock.after(LISTEN_AGAIN_MS, look);
        this.hearsSince = undefined;
        this.subscribed.clear();
        open();
      };
      clock.after(LISTEN_AGAIN_MS, look);
    };
    open();
  }

  #newWork(): MemberWork {
    const { chance } = this.#world;
    return {
      ms: chance.happens(0.3) ? chance.between(0, 20_000) : chance.between(0, 400),
      progress: chance.happens(0.4) ? chance.between(1, 4) : 0,
      bytes: chance.between(0, 200),
      asks: chance.happens(0.35),
      withdraws: chance.happens(0.15),
    };
  }

  #ask(
    body: (uid: string) => { readonly method: string; readonly params: object },
    virtual: Omit<VirtualCall, 'sentAt'>,
    progress = 0,
  ): CallHistory | undefined {
    const sentAt = this.#world.clock.now;
    if (!this.isModern) return this.#client.ask(body, { ...virtual, sentAt }, progress);
    const modern = (uid: string): { readonly method: string; readonly params: object } => {
      const { method, params } = body(uid);
      const own = (params as { _meta?: object })._meta;
      return { method, params: { ...params, _meta: { ...this.#meta, ...own } } };
    };
    const again = (call: CallHistory, result: Record<string, unknown>): object | undefined => {
      if (result['resultType'] !== 'input_required') return undefined;
      const { method, params } = modern(call.uid);
      const inputResponses = this.#responsesTo(result['inputRequests']);
      const { requestState } = result;
      return { method, params: { ...params, inputResponses, requestState } };
    };
    return this.#client.ask(modern, { ...virtual, sentAt, again }, progress);
  }

  #responsesTo(requests: unknown): object {
    const asked = Object.entries(
      (requests ?? {}) as Record<string, { params?: { token?: string } }>,
    );
    return Object.fromEntries(asked.map(([key, { params }]) => [key, answerTo(params?.token)]));
  }

  get #meta(): object {
    return {
      [META.clientInfo]: { name: 'simulated', version: '1' },
      [META.clientCapabilities]: this.#capabilities,
    };
  }

  /** Something that belongs to no request, or a question. */
  heard(message: Incoming): void {
    const { method, id, params = {} } = message;
    const { session, by = '', number, uri } = params;
    if (session !== undefined && session !== this.#client.principal)
      this.#world.history.foreign.push(
        `client ${this.#client.name} got a message of ${session}: ${JSON.stringify(message)}`,
      );
    if (id !== undefined) return this.#question(JSON.stringify(id), id, params.token ?? '');
    if (method === 'notifications/cancelled') return this.#withdrawn(params.requestId);
    if (method === CHANGED) {
      this.isToldSince = true;
      // Most look again at once, as official clients do.
      if (this.#world.chance.happens(0.5)) this.list('tools');
    }
    if (method === 'notifications/subscriptions/acknowledged') this.#acknowledged(message);
    if (uri !== undefined) this.#updated(uri);
    if (number === undefined || this.#client.kind !== 'sse2024') return;
    const last = this.#spoken.get(by);
    if (last !== undefined && number !== last + 1)
      this.#fault(`R-4: ${by} said ${String(number)} after ${String(last)}`);
    this.#spoken.set(by, number);
  }

  #acknowledged({ params }: Incoming): void {
    this.hearsSince = this.#world.clock.now;
    const { notifications } = params as {
      readonly notifications?: { readonly resourceSubscriptions?: readonly string[] };
    };
    for (const uri of notifications?.resourceSubscriptions ?? []) this.subscribed.set(uri, 0);
  }

  #updated(uri: string): void {
    const count = this.subscribed.get(uri);
    if (count !== undefined) this.subscribed.set(uri, count + 1);
  }

  #question(key: string, id: number | string, token: string): void {
    const { chance, clock, history } = this.#world;
    if (!token) return this.#client.pong(key);
    const question = { token, isOver: false };
    const same = this.asked.get(key) ?? [];
    if (same.some(({ isOver }) => !isOver))
      this.#fault(`R-16: two open questions have the id ${key}: ${token}`);
    same.push(question);
    this.asked.set(key, same);
    const seen = history.questions?.get(token);
    if (seen) seen.seenAt = clock.now;
    const waitMs = chance.happens(0.35) ? chance.between(5_000, 30_000) : chance.between(0, 2_000);
    clock.after(waitMs, () => {
      // Some answer all the same what was taken back.
      if (question.isOver && chance.happens(0.5)) return;
      question.isOver = true;
      const known = history.questions?.get(token);
      if (known) known.endedAt ??= clock.now;
      // A round of a call that is refused fails the call.
      const refuses = known !== undefined && chance.happens(0.1);
      const error = { code: -1, message: 'no' };
      this.#client.tell(refuses ? { id, error } : { id, result: answerTo(token) });
    });
  }

  #withdrawn(id: number | string | undefined): void {
    const key = JSON.stringify(id);
    const open = this.asked.get(key);
    if (!open) return this.#fault(`R-16: ${key} was taken back, and never asked`);
    for (const question of open) {
      question.isOver = true;
      const known = this.#world.history.questions?.get(question.token);
      if (known) known.endedAt ??= this.#world.clock.now;
    }
  }

  #fault(what: string): void {
    this.#world.history.virtual.push(`${what} (client ${this.#client.name})`);
  }
}

const answerTo = (token: string | undefined): object => ({
  role: 'assistant',
  model: 'm',
  content: { type: 'text', text: token },
});
