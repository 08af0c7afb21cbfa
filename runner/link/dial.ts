// One socket to the edge, with its heartbeat. Silence shows that a socket is half-open (PROTOCOL.md LP4, LP5, LP23).
import type { Bytes } from '../../shared/bytes.ts';
import type { CarriedDown } from '../../shared/link/carried.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { FAILED_ON_FRAME } from '../../shared/link/close-reason.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import { Outbox, type Place } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { Heartbeat, type Beat } from '../../shared/link/heartbeat.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';
import { DIAL_MS } from '../../shared/link/timing.ts';
import { heartbeats, type Beating } from './heartbeats.ts';
import { connectWebSocket, type Connection, type DialOptions } from './connect.ts';
import type { Answer } from './refusal.ts';

/** How a socket ended: its close code, or the HTTP status with which the edge refused the upgrade. */
export type LinkEnd =
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string }
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: Error };

export interface LinkListener {
  opened(): void;
  /** One WebSocket message: a frame, or a part of one. */
  message(bytes: Uint8Array): void;
  /** A frame of an edge in this program. */
  carried(frame: CarriedDown): void;
  /** The edge confirmed that everything sent a moment ago has arrived. More waits here in these flows. */
  moved(flows: readonly string[]): void;
  /** Exactly once. */
  ended(end: LinkEnd): void;
  /** `opened`, `message` or `moved` threw; the socket is being closed. */
  failed(error: unknown): void;
}

export interface LinkSocket {
  /** Sends one frame when its turn comes, in parts if it is large. */
  send(frame: Bytes, place: () => Place): void;
  /** Hands over one frame to an edge in this program; false: the edge is not in it. */
  carry(frame: SessionUp, message: Bytes | undefined): boolean;
  /** Bytes that wait for their turn. */
  readonly waitingBytes: number;
  /** What the edge holds of frames from the last socket. */
  resume(holds: readonly Hold[]): void;
  /** See {@link Outbox.withdraw} and {@link Outbox.drop}. */
  withdraw(flow: string): void;
  drop(flow: string): void;
  close(code: number, reason: string): void;
  /** It may be half-open: unless something comes soon, it ends. */
  doubt(): void;
  /** It is half-open, and ends. */
  giveUp(): void;
}

const TOO_LONG = Object.assign(new Error('the dial took too long'), { code: 'DIAL_TIMEOUT' });

/** Dials. Nothing throws: every outcome reaches the listener. */
export function dial(options: DialOptions, listener: LinkListener): LinkSocket {
  try {
    return new DialledSocket(options, listener);
  } catch (error) {
    // Such as a ticket with a line break in it, which no header can carry.
    setImmediate(() => listener.ended({ kind: 'failed', error: asError(error) }));
    return NO_SOCKET;
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('unknown', { cause: error });

const PONG = new TextEncoder().encode('pong');

const isText = (bytes: Uint8Array, text: string): boolean =>
  bytes.length === text.length && bytesForm.startsWith(bytes, text);

const NO_SOCKET: LinkSocket = {
  waitingBytes: 0,
  send: () => undefined,
  carry: () => true,
  resume: () => undefined,
  withdraw: () => undefined,
  drop: () => undefined,
  close: () => undefined,
  doubt: () => undefined,
  giveUp: () => undefined,
};

/** Masking what is sent takes about a millisecond for this much; others have their turn then. */
const TURN_BYTES = 256 * 1024;

class DialledSocket implements LinkSocket {
  readonly #socket: Connection;
  /** What the outbox has given, but no turn has sent yet. */
  readonly #toSend: Uint8Array[] = [];
  #turn: NodeJS.Immediate | undefined;
  readonly #listener: LinkListener;
  readonly #outbox = Outbox.ofBytes();
  readonly #deadline: NodeJS.Timeout;
  readonly #mayRest: boolean;
  /** Of an open socket, unless its other side cannot vanish unnoticed. */
  #beating: (Beating & { readonly heartbeat: Heartbeat }) | undefined;
  #isEnded = false;

  constructor(options: DialOptions, listener: LinkListener) {
    this.#listener = listener;
    const { connect = connectWebSocket, mayRest = false } = options;
    this.#mayRest = mayRest;
    this.#deadline = setTimeout(() => this.#breakOff({ kind: 'failed', error: TOO_LONG }), DIAL_MS);
    try {
      this.#socket = connect(options, {
        opened: () => this.#opened(),
        message: (bytes, isBinary) => this.#message(bytes, isBinary),
        carried: (frame) => this.#carried(frame),
        refused: (answer) => this.#breakOff({ kind: 'refused', answer }),
        failed: (error) => this.#end({ kind: 'failed', error }),
        closed: (code, reason) => this.#end({ kind: 'closed', code, reason }),
      });
    } catch (error) {
      clearTimeout(this.#deadline);
      throw error;
    }
  }

  send(frame: Bytes, place: () => Place): void {
    if (!this.#socket.isOpen) return;
    const now = performance.now();
    this.#write(this.#outbox.push(frame, place, now));
    this.#beat((heartbeat, heard) => heartbeat.left(now, heard), now);
  }

  carry(frame: SessionUp, message: Bytes | undefined): boolean {
    if (!this.#socket.carry) return false;
    this.#socket.carry(frame, message);
    return true;
  }

  get waitingBytes(): number {
    return this.#outbox.waiting;
  }

  resume(holds: readonly Hold[]): void {
    this.#outbox.resume(holds);
  }

  withdraw(flow: string): void {
    this.#outbox.withdraw(flow);
  }

  drop(flow: string): void {
    this.#write(this.#outbox.drop(flow, performance.now()));
  }

  close(code: number, reason: string): void {
    this.#sendSome(Infinity);
    this.#socket.close(code, reason);
  }

  doubt(): void {
    const now = performance.now();
    this.#beat((heartbeat, heard) => heartbeat.ask(now, heard), now);
  }

  giveUp(): void {
    this.#breakOff({ kind: 'closed', code: CLOSE.heartbeat, reason: 'silence' });
  }

  #breakOff(end: LinkEnd): void {
    this.#end(end);
    this.#socket.terminate();
  }

  #opened(): void {
    clearTimeout(this.#deadline);
    this.#contained(() => this.#listener.opened());
    if (this.#isEnded) return;
    const now = performance.now();
    this.#write(this.#outbox.ping(now));
    const heard = this.#socket.bytesRead;
    if (heard === undefined) return;
    const heartbeat = new Heartbeat(this.#mayRest, now, heard);
    this.#beating = { heartbeat, beat: () => this.#tick() };
    heartbeats.schedule(this.#beating);
  }

  /** The last guard: what the handling of one frame throws ends this socket, never the runner. */
  #contained(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#listener.failed(error);
      this.#socket.close(CLOSE.failed, FAILED_ON_FRAME);
    }
  }

  #tick(): void {
    const now = performance.now();
    this.#beat((heartbeat, heard) => heartbeat.tick(now, heard, Math.random()), now);
  }

  /** Something happened to the heartbeat: does what follows from it. */
  #beat(step: (heartbeat: Heartbeat, heard: number) => Beat, now: number): void {
    const beating = this.#beating;
    if (!beating) return;
    const beat = step(beating.heartbeat, this.#socket.bytesRead ?? 0);
    if (beat === 'silent') return this.giveUp();
    if (beat === 'ping') this.#write(this.#outbox.ping(now));
    heartbeats.schedule(beating);
  }

  #pong(): void {
    // Nearly all pongs answer the ping of a socket that rests.
    const isIdle = this.#outbox.waiting === 0;
    this.#write(this.#outbox.answered(performance.now()));
    if (!isIdle) this.#contained(() => this.#listener.moved(this.#outbox.flows));
  }

  #write(messages: readonly Uint8Array[]): void {
    for (const message of messages) this.#toSend.push(message);
    if (!this.#turn) this.#sendSome(TURN_BYTES);
  }

  /** What is left of more than `most` bytes waits for the next turn of the event loop. */
  #sendSome(most: number): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    let sent = 0;
    let count = 0;
    for (const message of this.#toSend) {
      if (sent >= most) break;
      this.#socket.send(message);
      sent += message.length;
      count += 1;
    }
    this.#toSend.splice(0, count);
    if (this.#toSend.length > 0) this.#turn = setImmediate(() => this.#sendSome(TURN_BYTES));
  }

  #message(bytes: Uint8Array, isBinary: boolean): void {
    if (this.#isEnded) return;
    if (isBinary) return this.#socket.close(CLOSE.protocol, 'frames are text');
    if (isText(bytes, 'pong')) return this.#pong();
    if (isText(bytes, 'ping')) this.#socket.send(PONG);
    const now = performance.now();
    this.#beat((heartbeat) => heartbeat.came(now), now);
    if (isText(bytes, 'ping')) return;
    this.#contained(() => this.#listener.message(bytes));
  }

  #carried(frame: CarriedDown): void {
    if (!this.#isEnded) this.#contained(() => this.#listener.carried(frame));
  }

  #end(end: LinkEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearImmediate(this.#turn);
    this.#toSend.length = 0;
    clearTimeout(this.#deadline);
    if (this.#beating) heartbeats.cancel(this.#beating);
    this.#beating = undefined;
    this.#listener.ended(end);
  }
}
