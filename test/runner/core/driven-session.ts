// A session core that a test drives by hand: frames, lines and time go in, and what it wants done is looked at.
import { wholeBytes } from '../../../shared/bytes.ts';
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { PolicyRules } from '../../../runner/core/policy.ts';
import type {
  CallRecord,
  SessionEffect,
  SessionLimits,
} from '../../../runner/core/session-effects.ts';
import { Session } from '../../../runner/core/session.ts';
import type { ToolGuard } from '../../../runner/core/pinned-tools.ts';
import type { SharedToolIndex } from '../../../runner/core/tool-index.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { decodeText } from '../../../shared/link/codec.ts';
import type { ClientKind } from '../../../shared/link/control-frames.ts';
import {
  sessionUp,
  type SessionDown,
  type SessionUp,
} from '../../../shared/link/session-frames.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Round figures, so that a test can say which limit it waits for. */
export const LIMITS: SessionLimits = {
  idleTimeoutMs: 1_800_000,
  vanishTimeoutMs: 120_000,
  requestTimeoutMs: 60_000,
  requestLimitMs: 300_000,
  startTimeoutMs: 30_000,
  maxInFlight: 64,
};

/** A frame to the edge, its message as text. */
export type Sent = SessionUp & { readonly message?: string | undefined };

export class DrivenSession {
  readonly session: Session;
  now = 1_000_000;
  #effects: SessionEffect[] = [];

  constructor(
    options: {
      clientKind?: ClientKind;
      limits?: Partial<SessionLimits>;
      policy?: PolicyRules;
      guard?: ToolGuard;
      discovery?: SharedToolIndex;
      isRecorded?: boolean;
      refusal?: (notification: MessageView) => string | undefined;
    } = {},
  ) {
    const { clientKind = 'streamable', limits = {}, ...rest } = options;
    const quote = (bytes: Uint8Array): string => decoder.decode(bytes);
    const all = { limits: { ...LIMITS, ...limits }, clientKind, quote, ...rest };
    this.session = new Session(all, this.now);
  }

  /** Linked, for clients of 2026-07-28. */
  static modern(
    options: { policy?: PolicyRules; guard?: ToolGuard; discovery?: SharedToolIndex } = {},
  ): DrivenSession {
    const driven = new DrivenSession({ clientKind: 'modern', ...options });
    driven.receive({ type: 'welcome', expired: false });
    return driven;
  }

  /** Linked, initialized by a client with these capabilities, and nothing left to look at. */
  static initialized(
    options: {
      clientKind?: ClientKind;
      limits?: Partial<SessionLimits>;
      policy?: PolicyRules;
      guard?: ToolGuard;
      discovery?: SharedToolIndex;
      isRecorded?: boolean;
      app?: object;
      capabilities?: object;
      revision?: string;
    } = {},
  ): DrivenSession {
    const driven = new DrivenSession(options);
    driven.receive({ type: 'welcome', expired: false });
    const stream = options.clientKind === 'sse' ? 'sse' : 'init';
    if (stream === 'sse') driven.receive({ type: 'attach', stream, after: null });
    const { capabilities = {}, revision = '2025-11-25', app } = options;
    const params = { capabilities, ...(app && { clientInfo: app }) };
    driven.post('init', { id: 0, method: 'initialize', params }, stream);
    driven.line({ id: 1, result: { protocolVersion: revision } });
    driven.receive({ type: 'ack', stream, seq: 1 });
    driven.look();
    return driven;
  }

  receive(frame: SessionDown, message?: string): void {
    this.#keep(
      this.session.receive(
        frame,
        message === undefined ? undefined : encoder.encode(message),
        this.now,
      ),
    );
  }

  /** A client's message: an object gets `jsonrpc`, text goes as it is. */
  post(id: string, message: object | string, stream = id): void {
    const text = typeof message === 'string' ? message : rpc(message);
    this.receive({ type: 'post', stream, id }, text);
  }

  /** A line of the process; `bridgeId`: of the request it belongs to, as a translator says it. */
  line(message: object | string, bridgeId?: number): void {
    const text = typeof message === 'string' ? message : rpc(message);
    this.bytes(encoder.encode(text), bridgeId);
  }

  /** A line of the process that is no text. */
  bytes(line: Uint8Array, bridgeId?: number): void {
    this.#keep(this.session.line(line, this.now, bridgeId as BridgeRequestId | undefined));
  }

  /** Lets time pass in one leap: what became due meanwhile is due now. */
  pass(ms: number): void {
    this.now += ms;
    this.#keep(this.session.tick(this.now));
  }

  /** Lets time pass as the host does: waking exactly when the session asks for it. */
  sleep(ms: number): void {
    const until = this.now + ms;
    for (let turns = 0; turns < 10_000; turns++) {
      const at = this.session.wakeAt();
      if (at === undefined || at > until) break;
      this.now = Math.max(this.now, at);
      this.#keep(this.session.tick(this.now));
    }
    this.now = until;
  }

  /** The link tells that events of these streams are on their way. */
  delivering(...streams: string[]): void {
    this.#keep(this.session.delivering(streams, this.now));
  }

  /** The first part of a post came. */
  begun(id: string): void {
    this.#keep(this.session.begun(id));
  }

  unlink(): void {
    this.#keep(this.session.unlinked(this.now));
  }

  /** A new socket, over which the edge says welcome. */
  relink(expired = false): void {
    this.unlink();
    this.receive({ type: 'welcome', expired });
  }

  exit(description: string): void {
    this.#keep(this.session.exited(description, this.now));
  }

  overlong(bytes: number): void {
    this.#keep(this.session.overlong(bytes, this.now));
  }

  stderr(text: string): void {
    this.#keep(this.session.stderr(text, this.now));
  }

  end(reason: Parameters<Session['end']>[0]): void {
    this.#keep(this.session.end(reason, this.now));
  }

  /** The kinds of everything since the last look, in order. */
  lookAtOrder(): string[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects.map((effect) => (effect.do === 'send' ? effect.frame.type : effect.do));
  }

  /** Everything since the last look. */
  look(): { sent: Sent[]; written: string[]; done: string[]; audit: string[] } {
    const effects = this.#effects;
    this.#effects = [];
    const sent: Sent[] = [];
    const written: string[] = [];
    const done: string[] = [];
    const audit: string[] = [];
    for (const effect of effects) {
      if (effect.do === 'send') {
        const { frame, message } = effect;
        sent.push(message ? { ...frame, message: decoder.decode(wholeBytes(message)) } : frame);
      } else if (effect.do === 'write') written.push(decoder.decode(effect.line));
      else if (effect.do === 'settled') {
        const { record } = effect.call;
        if (record) audit.push(`${record.method} ${record.outcome}`);
      } else if (effect.do === 'stop')
        done.push(`${effect.isStarting ? 'leave' : 'stop'}: ${effect.reason}`);
      else if (effect.do === 'note') done.push(`${effect.level}: ${effect.words}`);
      else done.push(effect.do);
    }
    return { sent, written, done, audit };
  }

  /** The records of calls since the last look. */
  records(): CallRecord[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects.flatMap((effect) =>
      effect.do === 'settled' && effect.call.record ? [effect.call.record] : [],
    );
  }

  #keep(effects: readonly SessionEffect[]): void {
    for (const effect of effects) if (effect.do === 'send') assertFrame(effect.frame);
    this.#effects.push(...effects);
  }
}

/** The edge closes the socket on a frame with a field too many (LP2). */
function assertFrame(frame: SessionUp): void {
  const reading = decodeText(sessionUp, JSON.stringify(frame));
  if (!reading.ok) throw new Error(`outside the protocol: ${reading.reason}`);
}

/** A JSON-RPC message as one line. */
export const rpc = (message: object): string => JSON.stringify({ jsonrpc: '2.0', ...message });

/** The error code and fault of a sent event. */
export function faultOf(frame: Sent): unknown {
  if (frame.type !== 'event') return frame;
  const { id, error } = JSON.parse(frame.message ?? 'null');
  return { id, fault: error.data.fault, phase: error.data.phase };
}
