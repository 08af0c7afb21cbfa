// A session with a server at a URL, driven by hand: what it asks is listed, and a test answers.
import type {
  RemoteEffect,
  RemoteEnd,
  RemoteFailure,
} from '../../../../runner/translate/remote/effects.ts';
import { RemoteSession } from '../../../../runner/translate/remote/remote-session.ts';
import { META, MODERN_REVISION } from '../../../../shared/mcp/modern.ts';

const utf8 = new TextEncoder();
const decoder = new TextDecoder();

export type Asked = RemoteEffect & { readonly do: 'ask' };

export const JSON_HEAD = { 'content-type': 'application/json' };
export const EVENTS_HEAD = { 'content-type': 'text/event-stream; charset=utf-8' };

export class DrivenRemote {
  readonly session: RemoteSession;
  now = 1_000;
  readonly asked: Asked[] = [];
  readonly said: string[] = [];
  readonly dropped: number[] = [];
  readonly notes: string[] = [];
  readonly read = new Map<number, string>();
  end: RemoteEnd | undefined;
  drained = 0;

  constructor(transport: 'any' | 'sse' = 'any') {
    this.session = new RemoteSession({
      transport,
      endpoint: (text) => (text.startsWith('/') ? `http://own${text}` : undefined),
      base64: (text) => Buffer.from(text).toString('base64'),
    });
  }

  write(message: object): void {
    this.#perform(
      this.session.write(utf8.encode(JSON.stringify({ jsonrpc: '2.0', ...message })), this.now),
    );
  }

  answer(number: number, status: number, headers: Record<string, string> = {}): void {
    this.#perform(this.session.answered(number, { status, headers }, this.now));
  }

  event(number: number, data: object | string, id?: string, event?: string): void {
    const text = typeof data === 'string' ? data : JSON.stringify({ jsonrpc: '2.0', ...data });
    this.#perform(this.session.event(number, { data: text, id, event }, this.now));
  }

  body(number: number, body: object | string): void {
    const text = typeof body === 'string' ? body : JSON.stringify({ jsonrpc: '2.0', ...body });
    this.#perform(this.session.body(number, utf8.encode(text), this.now));
    this.over(number);
  }

  over(number: number, failure?: RemoteFailure): void {
    this.#perform(this.session.ended(number, failure, this.now));
  }

  terminate(): void {
    this.#perform(this.session.terminate());
  }

  /** Time passes, and what becomes due is done. */
  sleep(ms: number): void {
    const until = this.now + ms;
    for (
      let at = this.session.wakeAt();
      at !== undefined && at <= until;
      at = this.session.wakeAt()
    ) {
      this.now = Math.max(this.now, at);
      this.#perform(this.session.tick(this.now));
    }
    this.now = until;
  }

  /** The newest request. */
  get last(): Asked {
    const last = this.asked.at(-1);
    if (!last) throw new Error('nothing was asked');
    return last;
  }

  get saidMessages(): Record<string, unknown>[] {
    return this.said.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Makes a legacy session, with a stream that listens; answers the number of that. */
  initialized(sessionId: string | undefined = 'sid'): number {
    this.write({ id: 1, method: 'initialize', params: {} });
    this.answer(1, 200, {
      ...JSON_HEAD,
      ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
    });
    this.body(1, { id: 1, result: { protocolVersion: '2025-11-25' } });
    this.write({ method: 'notifications/initialized' });
    this.answer(2, 202);
    this.over(2);
    this.answer(3, 200, EVENTS_HEAD);
    return 3;
  }

  #perform(effects: readonly RemoteEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'ask':
          this.asked.push(effect);
          break;
        case 'read':
          this.read.set(effect.exchange, effect.as);
          break;
        case 'drop':
          this.dropped.push(effect.exchange);
          break;
        case 'say':
          this.said.push(decoder.decode(effect.line));
          break;
        case 'drained':
          this.drained += 1;
          break;
        case 'note':
          this.notes.push(effect.words);
          break;
        case 'end':
          this.end = effect.end;
      }
    }
  }
}

/** A request of the modern era. */
export const modern = (id: number, method: string, params: object = {}): object => ({
  id,
  method,
  params: {
    ...params,
    _meta: {
      [META.protocolVersion]: MODERN_REVISION,
      [META.clientInfo]: { name: 'c', version: '1' },
      [META.clientCapabilities]: {},
    },
  },
});
