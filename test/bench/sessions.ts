// The client sides of the measured targets: one session each, over Streamable HTTP (2025-11-25) or on a process's pipe.
// Request ids count from 1 in every session, so that ids of different sessions collide on purpose.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

import { LineSplitter } from '../../shared/jsonrpc/lines.ts';
import type { SizedTool } from '../../shared/mcp/tool-size.ts';
import { ANSWER_MS, HttpConnection, type HttpAnswer } from './http-connection.ts';

/** What became of a call. `wrong`: another call's answer. `lost`: none. `refused`: an error, of HTTP or JSON-RPC. */
export type Outcome =
  | { readonly kind: 'right'; readonly ms: number }
  | { readonly kind: 'wrong' | 'lost' | 'refused'; readonly reason: string };

export interface ClientSession {
  /** Handshake up to the first answer to tools/list. Rejects when any of it fails. */
  open(): Promise<void>;
  /** What a client keeps open beside its calls, the GET stream. */
  listen(): Promise<void>;
  /** Calls a tool and compares the text it answers with what it should be. Never rejects. */
  call(tool: string, args: object, text: string): Promise<Outcome>;
  /** The polite end. Never rejects. */
  close(): Promise<void>;
}

/** A message that came, as far as the bench reads it. */
export interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly result?: {
    readonly content?: readonly { readonly text?: unknown }[];
    readonly resultType?: unknown;
    readonly tools?: readonly SizedTool[];
    readonly nextCursor?: string;
  };
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

const REVISION = '2025-11-25';

const INITIALIZE = {
  protocolVersion: REVISION,
  capabilities: {},
  clientInfo: { name: 'bench', version: '1.0.0' },
};

/** Headers of every POST. */
export const JSON_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

/** Above the largest result that is asked for. */
const LINE_BYTES = 64 * 1024 * 1024;

const decoder = new TextDecoder();

/** The characters of a wrong answer that are told. */
const TOLD_CHARACTERS = 200;

/** An answer on a pipe, and when its last byte was there. */
interface PipeAnswer {
  readonly message: Message;
  readonly at: number;
}

/** A process that ignores the end of its stdin is killed after this. */
const PROCESS_END_MS = 5_000;

/** All pages of a list of tools, and the bytes of their HTTP bodies. */
export interface ToolPages {
  readonly tools: readonly SizedTool[];
  readonly bytes: number;
}

/** Calls the echo tool, which every server of the bench has. */
export const echo = (session: ClientSession, text: string): Promise<Outcome> =>
  session.call('echo', { text }, text);

/** A session over Streamable HTTP. */
export class HttpSession implements ClientSession {
  readonly url: URL;
  readonly #path: string;
  readonly #connection: HttpConnection;
  readonly #ownHeaders: Readonly<Record<string, string>>;
  #headers: Record<string, string>;
  #lastId = 0;

  /**
   * @param credential headers of every request that show who the client is.
   * @param connection one that sessions share; it closes with the first of them.
   */
  constructor(
    url: URL,
    credential: Readonly<Record<string, string>> = {},
    connection = new HttpConnection(url),
  ) {
    this.url = url;
    this.#path = url.pathname;
    this.#connection = connection;
    this.#ownHeaders = { ...JSON_HEADERS, ...credential };
    this.#headers = this.#ownHeaders;
  }

  /** For requests that are not calls. */
  get connection(): HttpConnection {
    return this.#connection;
  }

  /** Headers of every request after the handshake. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  get path(): string {
    return this.#path;
  }

  async open(): Promise<void> {
    await this.#greet();
    await this.#request('tools/list', {});
  }

  /** As {@link open}, up to the last page of the tools. */
  async openWhole(): Promise<ToolPages> {
    await this.#greet();
    const tools: SizedTool[] = [];
    let bytes = 0;
    let cursor: string | undefined;
    do {
      const { http, result } = await this.#request('tools/list', cursor ? { cursor } : {});
      tools.push(...(result.tools ?? []));
      bytes += Buffer.byteLength(http.text);
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    return { tools, bytes };
  }

  async #greet(): Promise<void> {
    await this.initialize();
    const noted = await this.notify('notifications/initialized');
    if (noted.status >= 300) throw new Error(`initialized: HTTP ${noted.status} ${noted.text}`);
  }

  /** The first step of {@link open}: milliseconds to the answer. Rejects when there is none. */
  async initialize(): Promise<number> {
    const { http } = await this.#request('initialize', INITIALIZE);
    const { headers, ms } = http;
    const sessionId = headers['mcp-session-id'];
    this.#headers = { ...this.#ownHeaders, 'mcp-protocol-version': REVISION };
    if (typeof sessionId === 'string') this.#headers['mcp-session-id'] = sessionId;
    return ms;
  }

  async listen(): Promise<void> {
    const headers = { ...this.#headers, accept: 'text/event-stream' };
    const status = await this.#connection.openStream(this.#path, headers);
    // 405: there is no such stream (MCP 2025-11-25, Transports, "Listening for Messages from the Server").
    if (status !== 200 && status !== 405) throw new Error(`GET: HTTP ${status}`);
  }

  async call(tool: string, args: object, text: string): Promise<Outcome> {
    this.#lastId += 1;
    const id = this.#lastId;
    const params = { name: tool, arguments: args };
    try {
      const answer = await this.#post({ id, method: 'tools/call', params });
      const message = answerIn(answer, id);
      if (message === undefined)
        return { kind: 'lost', reason: `HTTP ${answer.status} without an answer` };
      return judge(message, text, id, answer.ms);
    } catch (error) {
      return { kind: 'lost', reason: String(error) };
    }
  }

  notify(method: string): Promise<HttpAnswer> {
    return this.#post({ method });
  }

  async close(): Promise<void> {
    await this.#connection
      .exchange('DELETE', this.#path, this.#headers)
      .catch((error: unknown) => error);
    this.#connection.close();
  }

  async #request(method: string, params: unknown) {
    this.#lastId += 1;
    const http = await this.#post({ id: this.#lastId, method, params });
    const result = answerIn(http, this.#lastId)?.result;
    if (result === undefined)
      throw new Error(`${method}: HTTP ${http.status} ${http.text.slice(0, 200)}`);
    return { http, result };
  }

  #post(message: object): Promise<HttpAnswer> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    return this.#connection.exchange(
      'POST',
      this.#path,
      { ...this.#headers, 'content-length': Buffer.byteLength(body) },
      body,
    );
  }
}

/** No bridge: a process of its own, on its pipe. */
export class PipeSession implements ClientSession {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Map<number, (answer: PipeAnswer) => void>();
  #lastId = 0;

  constructor([command = '', ...args]: readonly string[]) {
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#process.stdin.on('error', () => undefined);
    const lines = new LineSplitter(LINE_BYTES);
    this.#process.stdout.on('data', (chunk: Buffer) => {
      lines.push(chunk);
      for (let item = lines.next(); item; item = lines.next())
        if (item.type === 'line') this.#take(item.bytes);
    });
  }

  #take(line: Uint8Array): void {
    // As over HTTP, an answer is there with its last byte; what reading it costs is not the way's.
    const at = performance.now();
    const message = JSON.parse(decoder.decode(line)) as Message;
    this.#waiting.get(Number(message.id))?.({ message, at });
  }

  async open(): Promise<void> {
    await this.#request('initialize', INITIALIZE);
    this.#write({ method: 'notifications/initialized' });
    await this.#request('tools/list', {});
  }

  async listen(): Promise<void> {}

  async call(tool: string, args: object, text: string): Promise<Outcome> {
    const startedAt = performance.now();
    try {
      const { message, at } = await this.#request('tools/call', { name: tool, arguments: args });
      return judge(message, text, this.#lastId, at - startedAt);
    } catch (error) {
      return { kind: 'lost', reason: String(error) };
    }
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const force = setTimeout(() => this.#process.kill('SIGKILL'), PROCESS_END_MS);
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
    clearTimeout(force);
  }

  #request(method: string, params: unknown): Promise<PipeAnswer> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => reject(new Error('no answer')), ANSWER_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(giveUp);
        this.#waiting.delete(id);
        resolve(answer);
      });
      this.#write({ id, method, params });
    });
  }

  #write(message: object): void {
    this.#process.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }
}

/**
 * Judges the message that came as the answer to a call.
 *
 * @param resultType what the client's era calls such a result; nothing in the legacy one.
 */
export function judge(
  message: Message,
  text: string,
  id: number,
  ms: number,
  resultType?: 'complete',
): Outcome {
  if (message.error !== undefined) {
    return { kind: 'refused', reason: JSON.stringify(message.error) };
  }
  const got = message.result?.content?.[0]?.text;
  if (message.id !== id || got !== text)
    return {
      kind: 'wrong',
      reason: `asked ${id} ${told(text)}, got ${told(JSON.stringify([message.id, got]))}`,
    };
  if (message.result?.resultType !== resultType)
    return { kind: 'wrong', reason: `a result of the other era: ${JSON.stringify(message)}` };
  return { kind: 'right', ms };
}

const told = (text: string): string => text.slice(0, TOLD_CHARACTERS);

/** The answer in an HTTP answer: the one with the id, else any other there is. */
export function answerIn({ headers, text }: HttpAnswer, id: number): Message | undefined {
  const isStream = headers['content-type']?.startsWith('text/event-stream') ?? false;
  const answers = (isStream ? eventTexts(text) : [text])
    .filter((body) => body.startsWith('{'))
    .map((body) => JSON.parse(body) as Message)
    .filter(({ method }) => method === undefined);
  return answers.find((message) => message.id === id) ?? answers[0];
}

/** The data of each event of a whole SSE body; the measured targets put a message on one line. */
function eventTexts(body: string): string[] {
  return body
    .split(/\r?\n/u)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim());
}
