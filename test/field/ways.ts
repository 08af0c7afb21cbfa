// The ways to a server: directly on its pipe, and through the bridge as a client of each transport and era. Each answers a question
// with the JSON text of the result or the error, as the bytes came.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { LineSplitter } from '../../shared/jsonrpc/lines.ts';
import { OPEN_OBJECT } from '../../shared/jsonrpc/json-cursor.ts';
import { textAt, valueAt } from '../../shared/jsonrpc/members.ts';
import { PROCESS_LINE_BYTES } from '../../shared/limits.ts';
import { META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { ask, listen, type Answer, type EventStream } from '../e2e/raw-http.ts';
import type { Question } from './servers.ts';

/** `none`: no answer came, or not in time; the text says what came instead. */
export type Outcome =
  | { readonly kind: 'result' | 'error'; readonly text: string }
  | { readonly kind: 'none'; readonly text: string };

export interface Way {
  /** The answer to `initialize`, or to `server/discover`. */
  open(): Promise<Outcome>;
  ask(question: Question): Promise<Outcome>;
  close(): Promise<void>;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** How a request of 2025-11-25 and before, or of 2026-07-28, is written. */
export type Speech = '2024-11-05' | '2025-11-25' | typeof MODERN_REVISION;

const ANSWER_MS = 20_000;

const CLIENT = { name: 'field', version: '1.0.0' };

const ENVELOPE = {
  [META.protocolVersion]: MODERN_REVISION,
  [META.clientInfo]: CLIENT,
  [META.clientCapabilities]: {},
};

const bodyOf = (speech: Speech, id: number, [method, params = {}]: Question): string => {
  const all = speech === MODERN_REVISION ? { ...params, _meta: ENVELOPE } : params;
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: all });
};

const openingOf = (speech: Speech): Question =>
  speech === MODERN_REVISION
    ? ['server/discover']
    : ['initialize', { protocolVersion: speech, capabilities: {}, clientInfo: CLIENT }];

const READY = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

const encoder = new TextEncoder();

const none = (text: string): Outcome => ({ kind: 'none', text });

/** The outcome in a message, or undefined where it is none of a request with this id. */
function outcomeIn(bytes: Uint8Array, id: number): Outcome | undefined {
  const idSpan = valueAt(bytes, 'id');
  if (idSpan === undefined || textAt(bytes, idSpan) !== String(id)) return undefined;
  for (const kind of ['result', 'error'] as const) {
    const span = valueAt(bytes, kind);
    if (span) return { kind, text: textAt(bytes, span) };
  }
  return undefined;
}

/** A process of its own, on its pipe. */
export class Pipe implements Way {
  readonly #speech: Speech;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #lastId = 0;

  constructor({ command, args, cwd }: Command, speech: Speech) {
    this.#speech = speech;
    const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#process = child;
    child.stdin.on('error', () => undefined);
    const lines = new LineSplitter(PROCESS_LINE_BYTES);
    child.stdout.on('data', (chunk: Uint8Array) => {
      lines.push(chunk);
      for (let item = lines.next(); item !== undefined; item = lines.next())
        if (item.type === 'line') this.#take(item.bytes);
    });
  }

  async open(): Promise<Outcome> {
    const opened = await this.ask(openingOf(this.#speech));
    if (this.#speech !== MODERN_REVISION) this.#process.stdin?.write(`${READY}\n`);
    return opened;
  }

  #take(line: Uint8Array): void {
    if (line[0] !== OPEN_OBJECT) return;
    for (const [id, settle] of this.#waiting) {
      const outcome = outcomeIn(line, id);
      if (outcome) settle(outcome);
    }
  }

  ask(question: Question): Promise<Outcome> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const giveUp = setTimeout(() => settle(none('no answer')), ANSWER_MS);
      const settle = (outcome: Outcome): void => {
        clearTimeout(giveUp);
        this.#waiting.delete(id);
        resolve(outcome);
      };
      this.#waiting.set(id, settle);
      this.#process.stdin?.write(`${bodyOf(this.#speech, id, question)}\n`);
    });
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

const POST_HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
};

/** Streamable HTTP: 2025-11-25 with a session, 2026-07-28 without. */
export class Http implements Way {
  readonly #origin: string;
  readonly #path: string;
  readonly #speech: Speech;
  #headers: Record<string, string> = POST_HEADERS;
  #lastId = 0;

  constructor(origin: string, server: string, speech: Speech) {
    this.#origin = origin;
    this.#path = `/${server}/mcp`;
    this.#speech = speech;
  }

  async open(): Promise<Outcome> {
    const [opened, session] = await this.#post(openingOf(this.#speech));
    if (this.#speech === MODERN_REVISION) return opened;
    this.#headers = { ...POST_HEADERS, 'MCP-Protocol-Version': this.#speech };
    if (session !== undefined) this.#headers['Mcp-Session-Id'] = session;
    await ask(this.#origin, {
      method: 'POST',
      path: this.#path,
      headers: this.#headers,
      body: READY,
    });
    return opened;
  }

  async ask(question: Question): Promise<Outcome> {
    const [outcome] = await this.#post(question);
    return outcome;
  }

  async close(): Promise<void> {
    if (this.#speech === MODERN_REVISION) return;
    await ask(this.#origin, { method: 'DELETE', path: this.#path, headers: this.#headers });
  }

  async #post(question: Question): Promise<[Outcome, session: string | undefined]> {
    this.#lastId += 1;
    const id = this.#lastId;
    const headers = { ...this.#headers };
    if (this.#speech === MODERN_REVISION) {
      const [method, params = {}] = question;
      headers['MCP-Protocol-Version'] = MODERN_REVISION;
      headers['Mcp-Method'] = method;
      const name = 'name' in params ? params.name : 'uri' in params ? params.uri : undefined;
      if (typeof name === 'string') headers['Mcp-Name'] = name;
    }
    const answer = await ask(this.#origin, {
      method: 'POST',
      path: this.#path,
      headers,
      body: bodyOf(this.#speech, id, question),
    });
    const session = answer.headers['mcp-session-id'];
    return [outcomeOf(answer, id), typeof session === 'string' ? session : undefined];
  }
}

function outcomeOf({ status, headers, body }: Answer, id: number): Outcome {
  const isStream = headers['content-type']?.startsWith('text/event-stream') ?? false;
  // Events of one data line each, which is how the edge writes them.
  const messages = isStream
    ? body
        .split('\n')
        .filter((line) => line.startsWith('data: {'))
        .map((line) => line.slice('data: '.length))
    : [body].filter((text) => text.startsWith('{'));
  for (const message of messages) {
    const outcome = outcomeIn(encoder.encode(message), id);
    if (outcome) return outcome;
  }
  return none(`HTTP ${status} ${body.slice(0, 200)}`);
}

/** HTTP+SSE, 2024-11-05. */
export class Sse implements Way {
  readonly #origin: string;
  readonly #url: URL;
  #stream: EventStream | undefined;
  #postPath = '';
  #lastId = 0;

  constructor(origin: string, server: string) {
    this.#origin = origin;
    this.#url = new URL(`/${server}/sse`, origin);
  }

  async open(): Promise<Outcome> {
    const path = this.#url.pathname;
    this.#stream = await listen(this.#origin, { path, headers: { Accept: 'text/event-stream' } });
    const endpoint = await this.#stream.next();
    const { pathname, search } = new URL(endpoint?.data ?? '', this.#url);
    this.#postPath = pathname + search;
    const opened = await this.ask(openingOf('2024-11-05'));
    await this.#post(READY);
    return opened;
  }

  async ask(question: Question): Promise<Outcome> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { status, body } = await this.#post(bodyOf('2024-11-05', id, question));
    if (status !== 202) return none(`HTTP ${status} ${body.slice(0, 200)}`);
    for (;;) {
      const event = await this.#stream?.nextMessage();
      if (event === undefined) return none('the stream ended without an answer');
      const outcome = outcomeIn(encoder.encode(event.data), id);
      if (outcome) return outcome;
    }
  }

  async close(): Promise<void> {
    this.#stream?.destroy();
  }

  #post(body: string): Promise<Answer> {
    return ask(this.#origin, {
      method: 'POST',
      path: this.#postPath,
      headers: { 'Content-Type': 'application/json' },
      body,
    });
  }
}
