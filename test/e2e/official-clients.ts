// The official MCP clients under one face, so that one suite runs on each of them over each transport: what a test
// calls, what the server asked them, and what it told them.
import {
  Client as Client2,
  SSEClientTransport as SseTransport2,
  StreamableHTTPClientTransport as StreamableTransport2,
} from '@modelcontextprotocol/client';
import type { Transport as AnyTransport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseTransport1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as StreamableTransport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as AnyTransport1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

export type ClientTransport = 'Streamable HTTP' | 'HTTP+SSE';

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void;
}

export interface ConnectOptions {
  readonly fetch?: typeof fetch;
  readonly roots?: readonly string[];
}

interface Notification {
  readonly method: string;
  readonly params?: Record<string, unknown> | undefined;
}

/** What both generations of the official client have in common, as far as tests use it. */
type Shared = Pick<
  Client1 & Client2,
  | 'listTools'
  | 'listResources'
  | 'listResourceTemplates'
  | 'readResource'
  | 'subscribeResource'
  | 'unsubscribeResource'
  | 'listPrompts'
  | 'getPrompt'
  | 'complete'
  | 'setLoggingLevel'
  | 'ping'
  | 'close'
  | 'sendRootsListChanged'
  | 'getServerVersion'
  | 'getServerCapabilities'
>;

/** A connected client. */
export interface OfficialClient {
  readonly client: Shared;
  /** What the server sent beside answers and progress, in order. */
  readonly notifications: readonly Notification[];
  /** Method names of what the server asked. */
  readonly asked: readonly string[];
  /** What the transport complained about. */
  readonly errors: readonly string[];
  /** Calls a tool; the texts of its answer, one a line. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>;
  setRoots(uris: readonly string[]): Promise<void>;
  /** Ends the session as its transport does: DELETE, or the end of the stream. */
  end(): Promise<void>;
}

export interface OfficialClientKind {
  readonly name: string;
  readonly transport: ClientTransport;
  connect(url: URL, options?: ConnectOptions): Promise<OfficialClient>;
}

/** Answers to what a server may ask; the shapes are those of the specification's examples. */
const SAMPLED = {
  model: 'test-model',
  role: 'assistant' as const,
  content: { type: 'text' as const, text: 'sampled by the client' },
};
const ELICITED = { action: 'accept' as const, content: { name: 'Ada Lovelace', check: true } };

const CLIENT = { name: 'official-client', version: '1.0.0' };
const CAPABILITIES = {
  sampling: {},
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
};

/** Generous: a killed edge takes seconds to come back on a loaded machine. */
const RECONNECTION = {
  initialReconnectionDelay: 100,
  maxReconnectionDelay: 500,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 100,
};

interface Answered {
  readonly content?: unknown;
}

class Record {
  readonly notifications: Notification[] = [];
  readonly asked: string[] = [];
  readonly errors: string[] = [];
  roots: readonly string[];

  constructor(roots: readonly string[]) {
    this.roots = roots;
  }

  rootList(): { roots: { uri: string; name: string }[] } {
    return { roots: this.roots.map((uri) => ({ uri, name: uri.split('/').at(-1) ?? uri })) };
  }
}
