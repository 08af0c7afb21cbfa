// A server at a URL as the runner takes its processes: lines in and out, back-pressure, and the facts of its end. Performs what
// translate/remote decides; its lines are read as those of a process are, so that none holds up another.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { PassThrough } from 'node:stream';
import { getCACertificates } from 'node:tls';
import type { ExitFacts } from '../process/exit.ts';
import { PacedPipe } from '../process/paced-pipe.ts';
import type { ProcessListener, StdioProcess } from '../process/stdio-process.ts';
import { newOutputShare, StdoutLines } from '../process/stdout-lines.ts';
import type { RemoteEffect, RemoteEnd, BodyReading } from '../translate/remote/effects.ts';
import { RemoteSession } from '../translate/remote/remote-session.ts';
import { VERSION } from '../../shared/version.ts';
import { WakeTimer } from '../wake-timer.ts';
import { HttpExchange } from './http-exchange.ts';

/** A server usually keeps an idle connection for 5 s; one that it closes just then would take a message with it. */
const IDLE_CONNECTION_MS = 4_000;

/** So long the end of a session is waited for. */
const CLOSE_MS = 2_000;

/** Lines that nobody has taken yet. Beyond this responses are not read. */
const AHEAD_BYTES = 256 * 1024;

/** Below this a line is copied to stand before its line break. */
const COPIED_BYTES = 16 * 1024;

const NEWLINE = new Uint8Array([0x0a]);

/** A server at a URL. `headers` may hold secrets and are never logged. */
export interface RemoteSpec {
  readonly url: string;
  readonly transport: 'any' | 'sse';
  readonly headers: Readonly<Record<string, string>>;
  /** Certificates of authorities that are trusted beside the system's, as PEM. */
  readonly ca?: string | undefined;
  readonly maxLineBytes: number;
  /** No more of what it says is read before the first `resume`. */
  readonly aheadBytes?: number | undefined;
  /** Something that is no message, and no end. */
  note(words: string, code: string | undefined): void;
}

/** Begins a session with a server. Nothing is sent before the first line; a failure arrives as `onExit`. */
export const startRemote = (spec: RemoteSpec, listener: ProcessListener): StdioProcess =>
  new RemoteProcess(spec, listener);

class RemoteProcess implements StdioProcess {
  readonly pid = undefined;
  readonly #spec: RemoteSpec;
  readonly #url: URL;
  readonly #listener: ProcessListener;
  readonly #startedAt = performance.now();
  readonly #session: RemoteSession;
  readonly #agent: HttpAgent;
  readonly #exchanges = new Map<number, HttpExchange>();
  /** Exchanges whose body is to be read so. */
  readonly #readings = new Map<number, BodyReading>();
  readonly #out = new PassThrough({ highWaterMark: AHEAD_BYTES });
  readonly #lines: StdoutLines;
  readonly #pipe: PacedPipe;
  readonly #share = newOutputShare();
  readonly #timer = new WakeTimer(() => this.#perform(this.#session.tick(performance.now())), {
    keepsAlive: false,
  });
  #state: 'running' | 'ending' | 'exited' = 'running';
  readonly #exited = Promise.withResolvers<ExitFacts>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(spec: RemoteSpec, listener: ProcessListener) {
    this.#spec = spec;
    this.#url = new URL(spec.url);
    this.#listener = listener;
    const connections = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
    this.#agent =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({
            ...connections,
            // Whatever the environment says, credentials go to nobody else.
            rejectUnauthorized: true,
            ...(spec.ca !== undefined && { ca: [...getCACertificates('default'), spec.ca] }),
          })
        : new HttpAgent(connections);
    this.#session = new RemoteSession({
      transport: spec.transport,
      endpoint: (text) => this.#endpoint(text),
      base64: (text) => Buffer.from(text).toString('base64'),
    });
    this.#lines = new StdoutLines({
      maxLineBytes: spec.maxLineBytes,
      share: this.#share,
      onLine: (bytes) => listener.onLine(bytes),
      onOverlong: (bytes) => listener.onOverlong(bytes),
      onNoise: () => this.#break('kept sending text that is not JSON-RPC'),
    });
    this.#pipe = new PacedPipe({
      stream: this.#out,
      reader: this.#lines,
      share: this.#share.stdout,
      aheadBytes: spec.aheadBytes,
    });
    this.#out.on('drain', () => {
      for (const exchange of this.#exchanges.values()) exchange.resume();
    });
  }

  get state(): 'running' | 'ending' | 'exited' {
    return this.#state;
  }

  get unwrittenBytes(): number {
    return this.#session.unwrittenBytes;
  }

  write(line: Uint8Array): boolean {
    if (this.#state !== 'running') return false;
    this.#share.stdout.asked();
    this.#perform(this.#session.write(line, performance.now()));
    return !this.#session.isFull;
  }

  pause(): void {
    this.#pipe.pause();
  }

  resume(): void {
    this.#pipe.resume();
  }

  async terminate(because: string): Promise<ExitFacts> {
    if (this.#state === 'running') {
      this.#state = 'ending';
      this.#perform(this.#session.terminate());
      // As with a process that runs, the news comes after the call that brought it about.
      process.nextTick(() => this.#finish({ reason: 'terminated', because, ...this.#always() }));
    }
    const facts = await this.#exited.promise;
    await this.#closed.promise;
    return facts;
  }

  /** It has no stderr. */
  stderrTail(): string[] {
    return [];
  }

  /** It can be reached, but not be spoken with. */
  #break(because: string): void {
    if (this.#state !== 'running') return;
    this.#state = 'ending';
    this.#perform(this.#session.terminate());
    this.#finish({ reason: 'broken', because, isProtocol: true, ...this.#always() }, false);
  }

  #always() {
    return { stderrTail: [], ranMs: Math.round(performance.now() - this.#startedAt) };
  }

  /** Where messages go, as the server says it: never to another origin. */
  #endpoint(text: string): string | undefined {
    if (!URL.canParse(text, this.#url.href)) return undefined;
    const url = new URL(text, this.#url);
    return url.origin === this.#url.origin ? url.href : undefined;
  }

  #perform(effects: readonly RemoteEffect[]): void {
    for (const effect of effects) this.#do(effect);
    this.#timer.arm(this.#session.wakeAt());
  }

  #do(effect: RemoteEffect): void {
    switch (effect.do) {
      case 'ask':
        return this.#ask(effect);
      case 'read':
        return void this.#readings.set(effect.exchange, effect.as);
      case 'drop':
        this.#exchanges.get(effect.exchange)?.drop();
        return this.#over(effect.exchange);
      case 'say':
        return this.#say(effect.line);
      case 'drained':
        return this.#listener.onDrain();
      case 'note':
        return this.#spec.note(effect.words, effect.code);
      case 'end':
        return this.#ended(effect.end);
    }
  }

  #ask({ exchange, method, url, headers, body }: RemoteEffect & { do: 'ask' }): void {
    const now = (): number => performance.now();
    const asked = {
      url: url === undefined ? this.#url : new URL(url),
      method,
      headers: { 'User-Agent': `mcp-edge-bridge/${VERSION}`, ...this.#spec.headers, ...headers },
      body,
      agent: this.#agent,
      maxBytes: this.#spec.maxLineBytes,
    };
    const http = new HttpExchange(asked, {
      answered: (answer) => {
        this.#perform(this.#session.answered(exchange, answer, now()));
        const reading = this.#readings.get(exchange) ?? 'nothing';
        this.#readings.delete(exchange);
        return reading;
      },
      event: (event) => this.#perform(this.#session.event(exchange, event, now())),
      retry: (ms) => this.#session.retry(exchange, ms),
      body: (bytes) => this.#perform(this.#session.body(exchange, bytes, now())),
      ended: (failure) => {
        this.#exchanges.delete(exchange);
        this.#perform(this.#session.ended(exchange, failure, now()));
        this.#over(exchange);
      },
    });
    this.#exchanges.set(exchange, http);
  }

  #over(exchange: number): void {
    this.#exchanges.delete(exchange);
    if (this.#exchanges.size === 0 && this.#state === 'exited') this.#close();
  }

  #say(line: Uint8Array): void {
    if (line.length < COPIED_BYTES) this.#out.write(Buffer.concat([line, NEWLINE]));
    else {
      this.#out.write(line);
      this.#out.write(NEWLINE);
    }
    if (!this.#out.writableNeedDrain) return;
    for (const exchange of this.#exchanges.values()) exchange.pause();
  }

  #ended({ isStarted, problem }: RemoteEnd): void {
    if (!problem || this.#state !== 'running') return;
    const { code, what, fix } = problem;
    if (isStarted) return this.#finish({ reason: 'broken', because: what, ...this.#always() });
    // Not the path, which may itself be a secret.
    const message = `the server at ${this.#url.origin} ${what}: ${fix}`;
    const spawnError = { code, message, words: `it ${what}` };
    this.#finish({ reason: 'spawn_failed', spawnError, ...this.#always() });
  }

  /** `isHeard`: what it said before is passed on. */
  #finish(facts: ExitFacts, isHeard = true): void {
    if (this.#state === 'exited') return;
    this.#timer.clear();
    if (isHeard) this.#pipe.finish();
    this.#lines.close();
    this.#state = 'exited';
    this.#exited.resolve(facts);
    this.#listener.onExit(facts);
    if (this.#exchanges.size === 0) this.#close();
    else setTimeout(() => this.#close(), CLOSE_MS).unref();
  }

  #close(): void {
    for (const exchange of this.#exchanges.values()) exchange.drop();
    this.#exchanges.clear();
    this.#agent.destroy();
    this.#closed.resolve();
  }
}
