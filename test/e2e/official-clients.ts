// The official MCP clients behind one interface, so that one suite runs on each of them over each transport: what a test calls,
// and what the server asked and told the client.
import {
  Client as ClientTwo,
  SSEClientTransport as SseTransportTwo,
  StreamableHTTPClientTransport as StreamableTransportTwo,
} from '@modelcontextprotocol/client';
import { Client as ClientOne } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseTransportOne } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as StreamableTransportOne } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void;
  readonly timeout?: number;
}

export interface ConnectOptions {
  readonly fetch?: typeof fetch;
  /** Roots that the client offers at first. */
  readonly roots?: readonly string[];
}

export interface Notification {
  readonly method: string;
  readonly params?: Record<string, unknown> | undefined;
}

type Params = Record<string, string>;
type Named = { readonly name: string };
type Cursor = { cursor: string };
type Page = { nextCursor?: string | undefined };

/** What both generations of the client have in common, as far as tests use it. */
interface CommonClient {
  listTools(params?: Cursor): Promise<{ tools: Named[] } & Page>;
  listResources(params?: Cursor): Promise<{ resources: { uri: string }[] } & Page>;
  listResourceTemplates(
    params?: Cursor,
  ): Promise<{ resourceTemplates: { uriTemplate: string }[] } & Page>;
  readResource(params: { uri: string }): Promise<{ contents: object[] }>;
  subscribeResource(params: { uri: string }): Promise<object>;
  unsubscribeResource(params: { uri: string }): Promise<object>;
  listPrompts(params?: Cursor): Promise<{ prompts: Named[] } & Page>;
  getPrompt(params: { name: string; arguments?: Params }): Promise<{ messages: object[] }>;
  complete(params: {
    ref: { type: 'ref/prompt'; name: string };
    argument: { name: string; value: string };
    context?: { arguments: Params };
  }): Promise<{ completion: { values: string[] } }>;
  setLoggingLevel(level: 'debug' | 'info' | 'error'): Promise<object>;
  sendRootsListChanged(): Promise<void>;
  ping(): Promise<object>;
  close(): Promise<void>;
  getServerVersion(): Named | undefined;
  getServerCapabilities(): object | undefined;
}

/** A connected client. */
export interface OfficialClient {
  readonly client: CommonClient;
  /** What the server sent beside answers and progress, in order. */
  readonly notifications: readonly Notification[];
  /** Method names of what the server asked, in order. */
  readonly asked: readonly string[];
  /** What the client complained of by itself. */
  readonly errors: readonly Error[];
  /** The session's id, for transports that have one. */
  readonly sessionId: string | undefined;
  /** Calls a tool; resolves to the texts of its answer, one a line. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>;
  /** Offers other roots and says so. */
  changeRoots(uris: readonly string[]): Promise<void>;
  /** Subscribes to these resources, and to changes of lists where that has to be asked for. Answers what ends it. */
  watch(uris: readonly string[]): Promise<() => Promise<void>>;
  /** Ends the session as its transport does: a DELETE, or the end of the stream. */
  end(): Promise<void>;
}

export interface OfficialClientKind {
  readonly name: string;
  readonly transport: 'Streamable HTTP' | 'HTTP+SSE';
  /** `base` is the server's URL without the transport's last segment. */
  connect(base: URL, options?: ConnectOptions): Promise<OfficialClient>;
}

/** What a promise was rejected with, as code and message: not every client has the code in its text. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `no failure: ${String(await promise)}`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return `${String(code)}: ${String(error)}`;
  }
}

const CLIENT = { name: 'official-client', version: '1.0.0' };
const CAPABILITIES = {
  sampling: {},
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
};

/** What the clients answer when they are asked. */
const SAMPLED = {
  model: 'test-model',
  role: 'assistant' as const,
  content: { type: 'text' as const, text: 'sampled by the client' },
};
const ELICITED = { action: 'accept' as const, content: { name: 'Ada Lovelace', check: true } };

/** Generous: an edge that was killed takes seconds to come back on a loaded machine. */
const RECONNECTION = {
  initialReconnectionDelay: 100,
  maxReconnectionDelay: 500,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 100,
};

/** What one client heard, and the roots it offers. */
class Hearing {
  readonly notifications: Notification[] = [];
  readonly asked: string[] = [];
  readonly errors: Error[] = [];
  roots: readonly string[] = [];

  note = async ({ method, params }: Notification): Promise<void> => {
    this.notifications.push({ method, params });
  };

  complain = (error: Error): void => {
    this.errors.push(error);
  };

  answer<T>(method: string, answer: () => T): () => T {
    return () => {
      this.asked.push(method);
      return answer();
    };
  }

  rootList = (): { roots: { uri: string }[] } => ({ roots: this.roots.map((uri) => ({ uri })) });
}

function textOf(result: { content?: unknown } | { toolResult: unknown }): string {
  const content = ('content' in result ? result.content : []) as { text?: string }[];
  return content.map(({ text = '' }) => text).join('\n');
}

function sdkOne(hearing: Hearing): ClientOne {
  const client = new ClientOne(CLIENT, { capabilities: CAPABILITIES });
  client.setRequestHandler(
    CreateMessageRequestSchema,
    hearing.answer('sampling/createMessage', () => SAMPLED),
  );
  client.setRequestHandler(
    ElicitRequestSchema,
    hearing.answer('elicitation/create', () => ELICITED),
  );
  client.setRequestHandler(ListRootsRequestSchema, hearing.answer('roots/list', hearing.rootList));
  client.fallbackNotificationHandler = hearing.note;
  client.onerror = hearing.complain;
  return client;
}

/** How a client of the second generation finds its era: it asks, it insists, or it does not know the modern one. */
type Negotiation = 'auto' | 'legacy' | { readonly pin: string };

function sdkTwo(hearing: Hearing, mode: Negotiation = 'legacy'): ClientTwo {
  const client = new ClientTwo(CLIENT, {
    capabilities: CAPABILITIES,
    versionNegotiation: { mode },
  });
  client.setRequestHandler(
    'sampling/createMessage',
    hearing.answer('sampling/createMessage', () => SAMPLED),
  );
  client.setRequestHandler(
    'elicitation/create',
    hearing.answer('elicitation/create', () => ELICITED),
  );
  client.setRequestHandler('roots/list', hearing.answer('roots/list', hearing.rootList));
  client.fallbackNotificationHandler = hearing.note;
  client.onerror = hearing.complain;
  return client;
}

function connected(
  client: CommonClient,
  hearing: Hearing,
  rest: Pick<OfficialClient, 'call' | 'end'> &
    Partial<Pick<OfficialClient, 'watch'>> & { sessionId: () => string | undefined },
): OfficialClient {
  const { notifications, asked, errors } = hearing;
  const { call, end, sessionId, watch = watchEach(client) } = rest;
  return {
    client,
    notifications,
    asked,
    errors,
    get sessionId() {
      return sessionId();
    },
    call,
    end,
    watch,
    changeRoots: async (uris) => {
      hearing.roots = uris;
      await client.sendRootsListChanged();
    },
  };
}

/** With a request for each resource. Of lists a client with a session hears by itself. */
const watchEach =
  (client: CommonClient): OfficialClient['watch'] =>
  async (uris) => {
    for (const uri of uris) await client.subscribeResource({ uri });
    return async () => {
      for (const uri of uris) await client.unsubscribeResource({ uri });
    };
  };

/** With one subscription, as 2026-07-28 has it. */
const watchAll =
  (client: ClientTwo): OfficialClient['watch'] =>
  async (uris) => {
    const lists = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
    const subscription = await client.listen({ ...lists, resourceSubscriptions: [...uris] });
    return () => subscription.close();
  };

const below = (base: URL, segment: string): URL => new URL(`${base.pathname}/${segment}`, base);

function hearingOf({ roots = [] }: ConnectOptions): Hearing {
  const hearing = new Hearing();
  hearing.roots = roots;
  return hearing;
}

const fetchOption = (options: ConnectOptions): { fetch?: typeof fetch } =>
  options.fetch ? { fetch: options.fetch } : {};

/**
 * Connects. A client that could not is closed: over HTTP+SSE the official ones would go on dialling, and their stream
 * would hold a session that nobody uses.
 */
async function connectOrClose<T extends { close(): Promise<void> }>(
  client: { connect(transport: T): Promise<void>; close(): Promise<void> },
  transport: T,
): Promise<void> {
  try {
    await client.connect(transport);
  } catch (error) {
    // By itself: a client whose transport did not start does not know it yet.
    await transport.close().catch(() => undefined);
    await client.close().catch(() => undefined);
    throw error;
  }
}

const callOne =
  (client: ClientOne): OfficialClient['call'] =>
  async (name, args = {}, options = {}) =>
    textOf(await client.callTool({ name, arguments: args }, undefined, options));

const callTwo =
  (client: ClientTwo): OfficialClient['call'] =>
  async (name, args = {}, options = {}) =>
    textOf(await client.callTool({ name, arguments: args }, options));

/** Every official client over every transport it has, for revisions with a session. */
export const OFFICIAL_CLIENTS: readonly OfficialClientKind[] = [
  {
    name: '@modelcontextprotocol/sdk',
    transport: 'Streamable HTTP',
    connect: async (base, options = {}) => {
      const hearing = hearingOf(options);
      const client = sdkOne(hearing);
      const transport = new StreamableTransportOne(below(base, 'mcp'), {
        ...fetchOption(options),
        reconnectionOptions: RECONNECTION,
      });
      await connectOrClose(client, transport);
      return connected(client, hearing, {
        call: callOne(client),
        end: async () => {
          await transport.terminateSession();
          await client.close();
        },
        sessionId: () => transport.sessionId,
      });
    },
  },
  {
    name: '@modelcontextprotocol/sdk',
    transport: 'HTTP+SSE',
    connect: async (base, options = {}) => {
      const hearing = hearingOf(options);
      const client = sdkOne(hearing);
      await connectOrClose(client, new SseTransportOne(below(base, 'sse'), fetchOption(options)));
      return connected(client, hearing, {
        call: callOne(client),
        end: () => client.close(),
        sessionId: () => undefined,
      });
    },
  },
  {
    name: '@modelcontextprotocol/client',
    transport: 'Streamable HTTP',
    connect: async (base, options = {}) => {
      const hearing = hearingOf(options);
      const client = sdkTwo(hearing);
      const transport = new StreamableTransportTwo(below(base, 'mcp'), {
        ...fetchOption(options),
        reconnectionOptions: RECONNECTION,
      });
      await connectOrClose(client, transport);
      return connected(client, hearing, {
        call: callTwo(client),
        end: async () => {
          await transport.terminateSession();
          await client.close();
        },
        sessionId: () => transport.sessionId,
      });
    },
  },
  {
    name: '@modelcontextprotocol/client',
    transport: 'HTTP+SSE',
    connect: async (base, options = {}) => {
      const hearing = hearingOf(options);
      const client = sdkTwo(hearing);
      await connectOrClose(client, new SseTransportTwo(below(base, 'sse'), fetchOption(options)));
      return connected(client, hearing, {
        call: callTwo(client),
        end: () => client.close(),
        sessionId: () => undefined,
      });
    },
  },
];

const modern = (name: string, mode: Negotiation): OfficialClientKind => ({
  name: `@modelcontextprotocol/client, ${name}`,
  transport: 'Streamable HTTP',
  connect: async (base, options = {}) => {
    const hearing = hearingOf(options);
    const client = sdkTwo(hearing, mode);
    await connectOrClose(
      client,
      new StreamableTransportTwo(below(base, 'mcp'), fetchOption(options)),
    );
    return connected(client, hearing, {
      call: callTwo(client),
      watch: watchAll(client),
      end: () => client.close(),
      sessionId: () => undefined,
    });
  },
});

/** The official client of 2026-07-28: one that finds the era out, and one that takes no other. */
export const MODERN_CLIENTS: readonly OfficialClientKind[] = [
  modern('auto', 'auto'),
  modern('modern only', { pin: '2026-07-28' }),
];
