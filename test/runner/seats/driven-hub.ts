// A hub whose process and seats are played by the test. The clock is turned by hand.
import { Hub, type HubOptions } from '../../../runner/seats/hub.ts';
import type { HubEffect, SeatNumber } from '../../../runner/seats/effects.ts';
import { onlyMessageIn } from '../../../shared/jsonrpc/view.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever was said
export type Said = any;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const REQUEST_TIMEOUT_MS = 60_000;

export class DrivenHub {
  readonly hub: Hub;
  now = 1_000;
  /** Since the last look. */
  #written: Said[] = [];
  readonly #said = new Map<SeatNumber, Said[]>();
  readonly notes: string[] = [];
  stopped: string | undefined;

  constructor(options: Partial<HubOptions> = {}) {
    this.hub = new Hub({
      isOfOnePrincipal: true,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      startTimeoutMs: 30_000,
      quote: (bytes) => decoder.decode(bytes),
      ...options,
    });
  }

  /** A seat, greeted as a legacy session is. */
  greeted(revision = '2025-11-25'): SeatNumber {
    const seat = this.hub.join();
    this.say(seat, initialize(revision));
    for (const { id, method } of this.written())
      if (method === 'initialize') this.print({ id, result: GREETING });
    this.say(seat, { method: 'notifications/initialized' });
    this.written();
    this.heard(seat);
    return seat;
  }

  /** A message of a session. */
  say(seat: SeatNumber, message: object): void {
    const view = onlyMessageIn(lineOf(message));
    if (!view) throw new Error('the test says messages only');
    this.#take(this.hub.fromSeat(seat, view, this.now));
  }

  leave(seat: SeatNumber): void {
    this.#take(this.hub.leave(seat, this.now));
  }

  /** A message of the process. */
  print(message: object | string): void {
    const line = typeof message === 'string' ? encoder.encode(message) : lineOf(message);
    this.#take(this.hub.fromProcess(line, this.now));
  }

  overlong(bytes: number): void {
    this.#take(this.hub.overlong(bytes, this.now));
  }

  /** Turns the clock, with every wake-up on the way. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (let at = this.hub.wakeAt(); at !== undefined && at <= until; at = this.hub.wakeAt()) {
      this.now = Math.max(this.now, at);
      this.#take(this.hub.tick(this.now));
    }
    this.now = until;
  }

  /** What the process got since the last look. */
  written(): Said[] {
    return this.#written.splice(0);
  }

  /** What a seat heard since the last look. */
  heard(seat: SeatNumber): Said[] {
    return this.#said.get(seat)?.splice(0) ?? [];
  }

  #take(effects: readonly HubEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'write') this.#written.push(parsed(effect.line));
      else if (effect.do === 'say') {
        const said = this.#said.get(effect.seat) ?? [];
        this.#said.set(effect.seat, said);
        said.push(parsed(effect.message.line));
      } else if (effect.do === 'note') this.notes.push(effect.words);
      else this.stopped = effect.reason;
    }
  }
}

export const GREETING = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {}, logging: {}, tasks: { list: {} }, resources: { subscribe: true } },
  serverInfo: { name: 'played', version: '1' },
};

export const initialize = (protocolVersion = '2025-11-25', id: number | string = 1): object => ({
  id,
  method: 'initialize',
  params: {
    protocolVersion,
    capabilities: { roots: {}, sampling: {}, elicitation: {} },
    clientInfo: { name: 'client', version: '1' },
  },
});

const lineOf = (message: object): Uint8Array =>
  encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message }));

function parsed(line: Uint8Array): Said {
  const { jsonrpc, ...rest } = JSON.parse(decoder.decode(line)) as Record<string, unknown>;
  if (jsonrpc !== '2.0') throw new Error('not JSON-RPC');
  return rest;
}
