// A client of the edge's HTTP application, in either era, and in place of the actors a session that a test plays by hand.
import { EdgeTally } from '../../../edge/core/tally.ts';
import { Figures } from '../../../shared/figures.ts';
import { createEdge } from '../../../edge/http/app.ts';
import { Access } from '../../../edge/core/access.ts';
import type { RunningOf } from '../../../edge/core/what-runs.ts';
import type { RecentCalls, SessionView } from '../../../edge/core/fleet-look.ts';
import type { LogLine } from '../../../edge/core/log.ts';
import type { KeptLine, RecordView } from '../../../edge/core/record.ts';
import type {
  ControlDial,
  FleetView,
  Negotiated,
  Opening,
  Post,
  PostAnswer,
  PolicySet,
  RunnerView,
  Withdrawal,
} from '../../../edge/core/ports.ts';
import type {
  OutsideDocument,
  Ports,
  ProviderPort,
  ProviderRequest,
  SessionPort,
  SocketListener,
} from '../../../edge/http/ports.ts';
import { readSettings, type Settings } from '../../../edge/settings.ts';
import type { Fault } from '../../../shared/fault.ts';
import { EDGE_BINDINGS } from '../../fixtures/edge-settings.ts';
import { memoryAccessStore } from '../../fixtures/memory-access.ts';

export const VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
export const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

/** The `_meta` of a modern request, with changes; a member that is undefined is left out. */
export const meta = (changes: object = {}): object => ({
  [VERSION]: '2026-07-28',
  [CAPABILITIES]: {},
  ...changes,
});

/** A modern request as JSON text. */
export const request = (method: string, params: object = {}, changes: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: meta(changes) } });

/** The headers of such a request. */
export const headersOf = (method: string, name?: string): Record<string, string> => ({
  'MCP-Protocol-Version': '2026-07-28',
  'Mcp-Method': method,
  ...(name !== undefined && { 'Mcp-Name': name }),
});

/** A follower's end, as the actor has it. */
export interface Followed {
  readonly stream: string;
  readonly listener: SocketListener;
  readonly said: string[];
  isClosed: boolean;
}

export class PlayedSession implements SessionPort {
  readonly openings: Opening[] = [];
  readonly posts: Post[] = [];
  /** Of legacy clients. */
  readonly legacyPosts: Post[] = [];
  readonly follows: Followed[] = [];
  /** What `serve` does with each post, first to last; the last goes on. */
  script: ((post: Post) => Promise<PostAnswer> | PostAnswer)[] = [];
  followFault: Fault | undefined;
  /** A dial waits for this. */
  dialled: Promise<void> = Promise.resolve();
  /** Legacy calls, by name. */
  readonly legacy: string[] = [];

  async serve(opening: Opening, post: Post): Promise<PostAnswer> {
    this.openings.push(opening);
    this.posts.push(post);
    const play = this.script.length > 1 ? this.script.shift() : this.script[0];
    if (!play) throw new Error('nothing to play');
    return play(post);
  }

  async follow(stream: string, _resumes: boolean, listener: SocketListener) {
    const followed: Followed = { stream, listener, said: [], isClosed: false };
    this.follows.push(followed);
    await this.dialled;
    if (this.followFault) return { ok: false as const, fault: this.followFault };
    return {
      ok: true as const,
      value: {
        send: (text: string) => void followed.said.push(text),
        close: () => {
          followed.isClosed = true;
        },
      },
    };
  }

  open = async () => ({ ok: true as const, value: undefined });

  async openWith(opening: Opening, post: Post): Promise<PostAnswer> {
    this.openings.push(opening);
    this.legacy.push('openWith');
    return {
      kind: 'answered',
      message: `{"jsonrpc":"2.0","id":${post.requestIds[0]},"result":{}}`,
    };
  }

  /** What a legacy session answers to a request; absent: an empty result. */
  legacyAnswer: PostAnswer | undefined;

  async post(post: Post): Promise<PostAnswer> {
    const { wants, requestIds } = post;
    this.legacy.push(`post ${wants}`);
    this.legacyPosts.push(post);
    if (this.legacyAnswer) return this.legacyAnswer;
    if (wants === 'accepted') return { kind: 'accepted' };
    return { kind: 'answered', message: `{"jsonrpc":"2.0","id":${requestIds[0]},"result":{}}` };
  }

  /** What a legacy session says of itself. */
  negotiation: Negotiated = { isOpen: true, revision: '2025-06-18' };

  async negotiated(): Promise<Negotiated> {
    this.legacy.push('negotiated');
    return this.negotiation;
  }

  alive(): Promise<void> {
    return Promise.reject(new Error('nobody was asked'));
  }

  /** Streams whose large answers were read. */
  readonly delivery: string[] = [];

  async delivered(stream: string): Promise<void> {
    this.delivery.push(stream);
  }

  async end(): Promise<boolean> {
    this.legacy.push('end');
    return true;
  }

  link = (): Promise<Response> => Promise.reject(new Error('no runner dials here'));
}

export class PlayedEdge {
  readonly session = new PlayedSession();
  /** Names of the actors that were asked for. */
  readonly names: string[] = [];
  /** What must be done although its client has left. */
  readonly outliving: Promise<unknown>[] = [];
  /** What it told those who run it. */
  readonly log: LogLine[] = [];
  readonly #serve = createEdge();
  readonly #settings: Settings;
  /** What there is on the internet, by URL. */
  readonly documents = new Map<string, OutsideDocument>();
  /** Documents that were asked for. */
  readonly fetched: string[] = [];
  /** Another edge with other settings may go on with it. */
  access = new Access(memoryAccessStore());
  /** What the access actor was asked, by name. */
  readonly questions: string[] = [];
  /** The servers that a runner offers. */
  servers: string[] | undefined;
  /** Where requests come from. */
  address: string | undefined = '192.0.2.1';
  /** Networks that failed, where several isolates count together; and which may fail no more. */
  readonly failures: string[] = [];
  failsNoMore: string | undefined;
  /** The access actor cannot be reached. */
  isAccessGone = false;

  /** @param changed settings beside those of an edge that asks for no key and lists one page. */
  constructor(changed: Record<string, string> = {}) {
    this.#settings = readSettings({
      ...EDGE_BINDINGS,
      BRIDGE_CLIENT_AUTH: 'none',
      BRIDGE_HOSTS: 'edge.example',
      BRIDGE_RECORD: 'events',
      BRIDGE_ORIGINS: 'https://page.example',
      ...changed,
    });
  }

  /** Runners whose links are to be closed, and dials of control links that were let in. */
  readonly expelled: string[] = [];
  readonly dials: ControlDial[] = [];
  /** Principals whose sessions are to end. */
  readonly withdrawn: Withdrawal[] = [];
  /** What the worker counts, and what the fleet was told of it. */
  readonly tally = new EdgeTally();
  readonly figures = new Figures();
  /** Open sessions as the fleet shows them, and those that its owner ended. */
  shownSessions: readonly SessionView[] = [];
  readonly dismissed: string[] = [];
  /** What the fleet has recorded, and how calls went of late; all of it, whoever it is asked for. */
  recorded: readonly KeptLine[] = [];
  recent: readonly RecentCalls[] = [];
  running: readonly RunningOf[] = [];
  /** Of the runner that offers its servers. */
  runner: Partial<RunnerView> = {};
  /** Policies of which the fleet was told. */
  readonly policiesSet: PolicySet[] = [];

  async send(init: RequestInit, path = '/files/mcp'): Promise<Response> {
    const ports: Ports = {
      session: (name) => {
        this.names.push(name);
        return this.session;
      },
      outlive: (work) => void this.outliving.push(work),
      fleet: {
        home: (_opening, actor) => Promise.resolve({ ok: true, value: { actor, mayMove: false } }),
        homeOf: () => Promise.resolve(undefined),
        mayOpen: () => Promise.resolve({ ok: true, value: { afterMs: 0 } }),
        figures: async (fresh) => {
          this.figures.add(fresh);
          return this.figures.all();
        },
        records: async () => this.#record(),
        look: async () => {
          const view = await this.#view();
          return {
            view,
            sessions: this.shownSessions,
            recent: this.recent,
            running: this.running,
            record: this.#record(),
          };
        },
        dismiss: async (session) => {
          this.dismissed.push(session);
          return true;
        },
        view: () => this.#view(),
        expel: async (runner) => void this.expelled.push(runner),
        policySet: async (set) => void this.policiesSet.push(set),
        withdraw: async (withdrawal) => void this.withdrawn.push(withdrawal),
        link: async (_request, dial) => {
          this.dials.push(dial);
          return new Response(null);
        },
      },
      access: async (name, input) => {
        this.questions.push(name);
        if (this.isAccessGone) throw new Error('the actor broke away');
        return this.access.take(name, input, Date.now());
      },
      outside: async (url) => {
        this.fetched.push(url);
        return this.documents.get(url);
      },
      provider: async (request) => {
        this.asked.push(request);
        return this.provider(request);
      },
    };
    const url = path.startsWith('/') ? `https://edge.example${path}` : path;
    return this.#serve(new Request(url, init), {
      settings: this.#settings,
      ports,
      log: (line) => void this.log.push(line),
      tally: this.tally,
      requestId: () => 'r1',
      addressOf: () => this.address,
      mayFailOn: async (network) => {
        this.failures.push(network);
        return network !== this.failsNoMore;
      },
    });
  }

  /** What identity providers were asked. */
  readonly asked: ProviderRequest[] = [];
  /** What they answer; by default nothing. */
  provider: ProviderPort = async () => undefined;

  /** How often the fleet was asked what it sees. */
  views = 0;

  async #view(): Promise<FleetView> {
    this.views += 1;
    if (!this.servers) throw new Error('nobody asks');
    const facts = {
      runner: 'r1',
      isLinked: true,
      isDraining: false,
      sessions: 0,
      capacity: 1,
      spares: 0,
    };
    const runner = { ...facts, servers: this.servers, ...this.runner };
    return { runners: [runner], sessions: 0 };
  }

  #record(): RecordView {
    const next = this.recorded.at(-1)?.at ?? 0;
    return { lines: this.recorded, next, isGap: false };
  }

  /** POST with what every client sends; a header that is null is left out. */
  post(
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string | null> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const all = {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    };
    const sent = Object.entries(all).flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as [string, string]],
    );
    return this.send({ method: 'POST', headers: sent, body, ...(signal && { signal }) });
  }
}

/** Status, JSON-RPC error code and id of an answer. */
export async function verdictOf(
  response: Response,
): Promise<{ status: number; code: unknown; id: unknown; data: unknown }> {
  const text = await response.text();
  const { id, error } = text === '' ? {} : JSON.parse(text);
  return { status: response.status, code: error?.code, id, data: error?.data };
}
