// One session on the runner, which owns the truth about it (D1): its life, from the first socket to the last word, and what
// time does to it. What clients say is in client-to-process.ts, what the process says in process-lines.ts and
// process-to-client.ts, and who listens in listeners.ts. Pure: inputs in, effects out; the host performs them. Implements
// LP12–LP21, R-1, R-2, R-4, R-6, R-8, R-10, R-11.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { actDue, nextDue, type Dues } from '../../shared/dues.ts';
import type { Fault, FaultCode } from '../../shared/fault.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { SessionDown } from '../../shared/link/session-frames.ts';
import { isInitialize } from './calls.ts';
import type { Ending, SessionEffect } from './session-effects.ts';
import { sessionParts, type SessionOptions } from './session-parts.ts';

type Life =
  | { readonly state: 'open' }
  /** `isTold`: the edge knows, by a frame on the current socket. */
  | { readonly state: 'ended'; readonly ending: Ending; isTold: boolean };

export class Session {
  readonly #parts: ReturnType<typeof sessionParts>;
  #life: Life = { state: 'open' };

  constructor(options: SessionOptions, now: number) {
    this.#parts = sessionParts(options, (...of) => this.#end(...of), now);
  }

  get isEnded(): boolean {
    return this.#life.state === 'ended';
  }

  get inFlight(): number {
    return this.#parts.calls.size;
  }

  /** A request with a deadline is in flight. */
  get isBusy(): boolean {
    return this.#parts.calls.hasEnding;
  }

  get revision(): string | undefined {
    return this.#parts.handshake.revision;
  }

  get activeAt(): number {
    return this.#parts.presence.activeAt;
  }

  get keptBytes(): number {
    return this.#parts.log.keptBytes;
  }

  /** Events that listening clients have not acknowledged, sent or not. */
  get unacknowledgedBytes(): number {
    return this.#parts.log.owedBytes;
  }

  /** What waits because the process does not read its stdin. */
  get stdinQueueBytes(): number {
    return this.#parts.out.stdinQueueBytes;
  }

  // The link.

  /** A new socket reached the actor. Call with each `welcome`; `expired` as in LP20. */
  linked(expired: boolean, now: number): SessionEffect[] {
    this.#parts.presence.linked(now);
    if (this.#life.state === 'ended') this.#life.isTold = false;
    // The edge keeps it beside the socket only.
    else this.#parts.processToClient.tellRevision();
    if (expired) this.#giveUp(now);
    this.#parts.listeners.linked(now);
    return this.#flush();
  }

  unlinked(now: number): SessionEffect[] {
    this.#parts.presence.unlinked(now);
    this.#parts.listeners.unlinked();
    return this.#flush();
  }

  /** A frame from the edge. `said`: its message, where an edge in this program has scanned it. */
  receive(
    frame: SessionDown,
    message: Uint8Array | undefined,
    now: number,
    said?: MessageView,
  ): SessionEffect[] {
    switch (frame.type) {
      case 'welcome':
        return this.linked(frame.expired, now);
      case 'post':
        for (const stream of frame.delivered ?? []) this.#parts.log.drop(stream);
        this.#parts.clientToProcess.post(
          frame,
          message ?? new Uint8Array(0),
          now,
          this.#afterwards(),
          said,
        );
        break;
      case 'attach':
        this.#parts.listeners.attach(frame.stream, frame.after, now);
        break;
      case 'detach':
        this.#parts.listeners.detach(frame.stream, now);
        break;
      case 'ack':
        this.#parts.log.ack(frame.stream, frame.seq, now);
        break;
      case 'delivered':
        for (const stream of frame.streams) this.#parts.log.drop(stream);
        break;
      case 'cancel':
        this.#parts.listeners.abandon(frame.stream, now);
        break;
      case 'take':
        // Of a spare; this has its client.
        break;
      case 'end':
        this.#end({ message: 'The client ended the session.' }, now);
        break;
    }
    return this.#flush();
  }

  /** A post began to arrive. */
  begun(id: string): SessionEffect[] {
    this.#parts.clientToProcess.begun(id);
    return this.#flush();
  }

  /** Something large is on its way on these streams: their clients are not slow. */
  delivering(streams: readonly string[], now: number): SessionEffect[] {
    for (const stream of streams) this.#parts.log.moving(stream, now);
    return this.#flush();
  }

  // The process.

  /** A line the process printed. `bridgeId`: the id of the request it belongs to, if a translator knows it and the line does not say. */
  line(bytes: Uint8Array, now: number, bridgeId?: BridgeRequestId): SessionEffect[] {
    if (this.isEnded) return [];
    this.#parts.lines.line(bytes, now, bridgeId);
    return this.#flush();
  }

  /** A message of the process that was scanned where it was heard. `bridgeId` as in {@link line}. */
  message(message: MessageView, now: number, bridgeId?: BridgeRequestId): SessionEffect[] {
    if (this.isEnded) return [];
    this.#parts.lines.message(message, now, bridgeId);
    return this.#flush();
  }

  /** The process printed a line of more `bytes` than one may hold. */
  overlong(bytes: number, now: number): SessionEffect[] {
    this.#parts.lines.overlong(bytes, now);
    return this.#flush();
  }

  /** Lines of stderr, if the operator lets the client see them. */
  stderr(text: string, now: number): SessionEffect[] {
    if (this.isEnded || !this.#parts.handshake.isDone) return [];
    this.#parts.processToClient.logged('stderr', text, now);
    return this.#flush();
  }

  stdinFull(): void {
    this.#parts.out.stdinFull();
  }

  stdinDrained(): void {
    this.#parts.out.stdinDrained();
  }

  /**
   * The process is gone, or could not be started: every call is answered, then the session is over. `isProtocol`: it
   * lived, but broke the protocol.
   */
  exited(description: string, now: number, isProtocol = false): SessionEffect[] {
    if (this.isEnded) return [];
    const hasStarted = this.#parts.handshake.isDone;
    const ofStarted: FaultCode = isProtocol ? 'process_protocol' : 'process_exited';
    const fault: FaultCode = hasStarted ? ofStarted : 'process_start_failed';
    const words = hasStarted ? description : this.#parts.overheard.added(description);
    const advice = hasStarted ? '' : ' Run `mcp-bridge check` on the runner to see why.';
    this.#end({ fault, message: `The server process ${words}.${advice}` }, now);
    return this.#flush();
  }

  // Time.

  /** Does what is due. Call at or after {@link wakeAt}. */
  tick(now: number): SessionEffect[] {
    actDue(this.#dues, now);
    return this.#flush();
  }

  /** When {@link tick} must be called next, or undefined when nothing is due. */
  wakeAt(): number | undefined {
    return this.isEnded ? undefined : nextDue(this.#dues);
  }

  readonly #dues: Dues = (due) => {
    const { posts, lines, deadlines, listeners, pulse, log } = this.#parts;
    due(posts.nextDueAt, this.#accept);
    lines.dues(due);
    deadlines.dues(due);
    listeners.dues(due);
    pulse.dues(due);
    due(log.expiresAt, this.#expire);
    due(listeners.endsAt, this.#endUnused);
  };

  // Made once: the times are told after every input.

  readonly #accept = (now: number): void => this.#parts.clientToProcess.acceptDue(now);
  readonly #expire = (now: number): void => this.#parts.log.expire(now);
  readonly #endUnused = (now: number): void =>
    this.#end({ message: this.#parts.listeners.reason }, now);

  // The end.

  /** Ends the session from this side: drain, idle, a removed server. */
  end(ending: Ending, now: number): SessionEffect[] {
    this.#end(ending, now);
    return this.#flush();
  }

  /** Answers everything in flight and is over. Idempotent. */
  #end(ending: Ending, now: number, isStarting = this.#parts.calls.all().some(isInitialize)): void {
    if (this.isEnded) return;
    const { fault = 'process_exited', message } = ending;
    this.#parts.outcomes.failAll({ fault, message, phase: 'sent' }, now);
    this.#life = { state: 'ended', ending, isTold: false };
    this.#parts.posts.forgetUnaccepted();
    this.#parts.out.stop(message ?? 'the session ended', isStarting);
  }

  /** The edge told the clients that what was in flight is lost: no second outcome may follow (LP20). */
  #giveUp(now: number): void {
    if (this.#parts.clients.endsWhenExpired) return this.#end({ fault: 'runner_lost' }, now);
    this.#parts.listeners.giveUp(now);
    this.#parts.posts.forgetUnaccepted();
  }

  /** Why an ended session takes nothing. If the start failed before the first request came, that failure is the request's outcome (F-70). */
  #afterwards(): Fault | undefined {
    if (this.#life.state !== 'ended') return undefined;
    const { fault, message } = this.#life.ending;
    return fault === 'process_start_failed' ? { fault, message } : { fault: 'session_not_found' };
  }

  #flush(): SessionEffect[] {
    if (this.#parts.presence.isLinked) {
      this.#parts.out.sendEvents();
      this.#tellEnd();
    }
    return this.#parts.out.take();
  }

  /** After the last event: what follows `ended` would reach nobody. */
  #tellEnd(): void {
    if (this.#life.state !== 'ended' || this.#life.isTold || this.#parts.log.hasUnsent) return;
    this.#life.isTold = true;
    const { fault, message } = this.#life.ending;
    this.#parts.out.send({ type: 'ended', fault, message });
  }
}
