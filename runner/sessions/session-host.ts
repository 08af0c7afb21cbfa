// Hosts one session: performs what core/session decides on a real process and a real session link, and keeps its time.
// One file above 300 lines: a process, a link and a timer that one queue of effects serves.
import type { Bytes } from '../../shared/bytes.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { afterSessionClose, CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeBytes, frameOf } from '../../shared/link/codec.ts';
import type { OpenFrame } from '../../shared/link/control-frames.ts';
import { hotPost } from '../../shared/link/hot-frames.ts';
import { placeUp } from '../../shared/link/places.ts';
import { FAREWELL_MS } from '../../shared/link/timing.ts';
import { sessionDown, type SessionDown, type SessionUp } from '../../shared/link/session-frames.ts';
import type { ServedConfig } from '../config/runner-config.ts';
import { callSpan, CallSpans } from '../core/call-spans.ts';
import { EffectQueue } from '../core/effect-queue.ts';
import { EventBatch, type SentEvent } from '../core/event-batch.ts';
import type { Quote } from '../core/overheard.ts';
import type { SessionEffect, SettledCall } from '../core/session-effects.ts';
import type { Tracer } from '../../shared/tracing.ts';
import type { ServerCalls } from '../../shared/figures.ts';
import { Session } from '../core/session.ts';
import type { ToolGuard } from '../core/pinned-tools.ts';
import type { SharedToolIndex } from '../core/tool-index.ts';
import { SPARE_EPOCH } from '../core/spares.ts';
import { failureFields } from '../failure.ts';
import type { LinkEnd } from '../link/dial.ts';
import { explainAnswer, isFromEdge } from '../link/refusal.ts';
import type { KeptLink, Verdict } from '../link/kept-link.ts';
import type { Log, LogFields } from '../log.ts';
import { describeEnd, type ExitFacts } from '../process/exit.ts';
import {
  newSessionLink,
  type DialGround,
  type SessionLink,
  type SessionLinkOwner,
} from './session-link.ts';
import type { SessionProcess } from './session-process.ts';
import type { Ahead } from './spare-links.ts';
import { WakeTimer } from '../wake-timer.ts';
import type { SessionSnapshot } from '../running-runner.ts';

export interface SessionHostOptions {
  readonly open: OpenFrame;
  readonly server: ServedConfig;
  /** Clients see what its processes print on stderr. */
  readonly showsStderr: boolean;
  readonly process: SessionProcess;
  readonly ground: DialGround;
  /** The spare that the session was (LP27). */
  readonly ahead: Ahead | undefined;
  /** Judges the tools that the server lists; absent: clients may have all. */
  readonly guard?: ToolGuard | undefined;
  /** Clients search the tools; absent: they are given the list. */
  readonly discovery?: SharedToolIndex | undefined;
  readonly log: Log;
  /** Where calls are recorded; absent: nowhere. */
  readonly record: Log | undefined;
  /** Absent: nothing is traced. */
  readonly tracer: Tracer | undefined;
  /** Counts the calls of its server. */
  readonly calls: ServerCalls;
  /** Makes what the process printed fit to be shown to a client. */
  readonly quote: Quote;
  /** The session's socket reached the edge. */
  reached(): void;
  /** The edge says that there is no such session. */
  unknown(): void;
  /** The server answered its first request. */
  served(): void;
  /** Everything is over: the process is gone, and the edge knows or cannot be reached. */
  finished(): void;
}

/** Due times may be late by this much. The shortest time that a session sets is twice as long. */
const LOOK_MS = 50;

/** How a link ended, for the log. */
const endFields = (end: LinkEnd): LogFields =>
  end.kind === 'refused'
    ? { kind: end.kind, status: end.answer.status, ...explainAnswer(end.answer) }
    : { ...end };

function afterEnd(end: LinkEnd): ReturnType<typeof afterSessionClose> {
  if (end.kind === 'closed') return afterSessionClose(end.code);
  // A proxy's 404, as while an edge is deployed, says nothing of the session.
  const isUnknown = end.kind === 'refused' && end.answer.status === 404 && isFromEdge(end.answer);
  return isUnknown ? 'over' : 'relink';
}

export class SessionHost {
  readonly #options: SessionHostOptions;
  readonly #session: Session;
  readonly #sessionLink: SessionLink;
  readonly #link: KeptLink;
  /** Events of this turn of work, which leave together. */
  readonly #events = new EventBatch();
  /** For all that the session and the translator before it want done. */
  readonly #queue = new EffectQueue();
  readonly #timer = new WakeTimer(() => this.#contained(() => this.#tick()));
  #farewell: NodeJS.Timeout | undefined;
  /** When the edge last confirmed bytes of large frames. */
  #movedAt = 0;
  #hasServed = false;
  #isToldOver = false;
  #isProcessGone = false;
  #isFinished = false;
  #hasFailed = false;
  #quiet: (() => void)[] = [];
  /** The timer is armed to fire within {@link LOOK_MS}. */
  #looksSoon = false;

  constructor(options: SessionHostOptions) {
    this.#options = options;
    const { open, server, ground, ahead } = options;
    const { clientKind } = open;
    const refusal = (notification: MessageView): string | undefined =>
      options.process.refusal?.(notification);
    this.#session = new Session(
      {
        limits: server,
        clientKind,
        policy: server,
        guard: options.guard,
        discovery: options.discovery,
        isRecorded: options.record !== undefined,
        spans: options.tracer && new CallSpans(options.tracer, server.name),
        quote: options.quote,
        refusal,
      },
      performance.now(),
    );
    const owner: SessionLinkOwner = {
      opened: () => options.reached(),
      frame: (bytes) => this.#frame(bytes),
      carried: ({ frame, message, said }) => this.#received(frame, message, said),
      begun: (name) => this.#perform(this.#session.begun(name)),
      moved: (flows) => this.#moved(flows),
      ended: (end) => this.#linkEnded(end),
      failed: (error) => this.#failed(error),
    };
    ahead?.link?.handTo(owner);
    const dialled = { name: open.session, ticket: open.ticket, epoch: ahead ? SPARE_EPOCH : 0 };
    this.#sessionLink = ahead?.link ?? newSessionLink(ground, dialled, owner);
    this.#link = this.#sessionLink.link;
    if (!ahead?.link) this.#link.start();
    options.process.listen(
      {
        onLine: (bytes, bridgeId) =>
          this.#said(this.#session.line(bytes, performance.now(), bridgeId)),
        onMessage: (message, bridgeId) =>
          this.#said(this.#session.message(message, performance.now(), bridgeId)),
        onOverlong: (bytes) => this.#perform(this.#session.overlong(bytes, performance.now())),
        onStderr: (text) => this.#stderr(text),
        onFull: () => this.#session.stdinFull(),
        onDrain: () => this.#session.stdinDrained(),
        onExit: (facts) => this.#contained(() => this.#exited(facts)),
      },
      this.#queue,
    );
    if (ahead?.isLinked) this.#perform(this.#session.linked(false, performance.now()));
  }

  get #isBusy(): boolean {
    return this.#session.isBusy || this.#link.waitingBytes > 0;
  }

  get principal(): string {
    return this.#options.open.principal;
  }

  get isEnded(): boolean {
    return this.#session.isEnded;
  }

  get inFlight(): number {
    return this.#session.inFlight;
  }

  /** Resolves when no request is in flight but those that only the session's end ends, and no answer is on its way. */
  quiet(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve();
    return new Promise((resolve) => {
      this.#quiet.push(resolve);
    });
  }

  /** Ends the session: what is in flight is answered with the reason. */
  end(message: string): void {
    this.#perform(this.#session.end({ message }, performance.now()));
  }

  /** The edge holds nothing of the session any more. */
  closedByEdge(): void {
    this.#isToldOver = true;
    this.end('The session is over.');
    this.#link.stop(CLOSE.done, 'session over');
    this.#maybeFinish();
  }

  /** The runner stops: the link is closed and not dialled again. */
  hangUp(): void {
    this.#link.stop(CLOSE.done, 'the runner stopped');
  }

  /** The edge found the socket of this epoch dead. */
  redial(epoch: number): void {
    this.#sessionLink.redial(epoch);
  }

  /** The edge may be out of reach. */
  doubtLink(): void {
    this.#link.doubt();
  }

  snapshot(): SessionSnapshot {
    const { open, process, server } = this.#options;
    return {
      session: open.session,
      server: server.name,
      state: this.#session.isEnded ? 'ended' : this.#link.isOpen ? 'linked' : 'unlinked',
      ...(process.pid !== undefined && { pid: process.pid }),
      inFlight: this.#session.inFlight,
      stdinQueueBytes: this.#session.stdinQueueBytes,
      linkQueueBytes: this.#link.waitingBytes,
      unacknowledgedBytes: this.#session.unacknowledgedBytes,
      idleMs: performance.now() - this.#session.activeAt,
    };
  }

  #frame(bytes: Uint8Array): void {
    const reading = decodeBytes(sessionDown, bytes, hotPost);
    if (!reading.ok) {
      this.#options.log.error('the edge sent a frame outside the protocol', {
        reason: reading.reason,
      });
      return this.#link.reset(CLOSE.protocol, OUTSIDE_PROTOCOL);
    }
    this.#received(reading.frame.header, reading.frame.message);
  }

  #received(header: SessionDown, message: Uint8Array | undefined, said?: MessageView): void {
    if (header.type === 'welcome') this.#link.resume(header.holds ?? []);
    this.#perform(this.#session.receive(header, message, performance.now(), said));
  }

  #moved(flows: readonly string[]): void {
    if (flows.length > 0) this.#movedAt = performance.now();
    this.#perform(this.#session.delivering(flows, performance.now()));
  }

  #linkEnded(end: LinkEnd): Verdict {
    this.#perform(this.#session.unlinked(performance.now()));
    const after = afterEnd(end);
    if (after !== 'over') {
      this.#options.log.debug('session link ended', endFields(end));
      return after;
    }
    // The edge may hold its place all the same, when the ticket is of a secret that was changed since.
    if (end.kind === 'refused') this.#options.unknown();
    this.#isToldOver = true;
    this.end('The session is over.');
    this.#maybeFinish();
    return 'stop';
  }

  /** What follows from something that the process said. */
  #said(effects: readonly SessionEffect[]): void {
    this.#perform(effects);
    if (this.#hasServed || this.#session.revision === undefined) return;
    this.#hasServed = true;
    this.#options.served();
  }

  #stderr(text: string): void {
    const { showsStderr, log } = this.#options;
    if (showsStderr) this.#perform(this.#session.stderr(text, performance.now()));
    else log.info('stderr', { text });
  }

  #exited(facts: ExitFacts): void {
    const { log } = this.#options;
    const { reason, code, signal, because, ranMs, spawnError } = facts;
    const error = spawnError?.code;
    const why = spawnError?.message;
    log.info('process ended', { reason, code, signal, because, error, why, ranMs });
    this.#isProcessGone = true;
    const now = performance.now();
    this.#perform(this.#session.exited(describeEnd(facts), now, facts.isProtocol));
  }

  /** The last guard around what no frame and no line has caused: a throw ends this session, never the runner. */
  #contained(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A fault of ours. The session is ended by its own rules, so that its calls are answered; if not even they hold, without. */
  #failed(error: unknown): void {
    this.#options.log.error('the session failed and is ended', failureFields(error));
    if (this.#hasFailed) return this.#abandon();
    this.#hasFailed = true;
    this.#contained(() =>
      this.end('The bridge had an internal error in this session. Open a new one.'),
    );
  }

  #abandon(): void {
    this.#isToldOver = true;
    this.#link.stop(CLOSE.failed, 'session failed');
    void this.#options.process.terminate('its session failed').finally(() => {
      this.#isProcessGone = true;
      this.#maybeFinish();
    });
  }

  #perform(effects: readonly SessionEffect[]): void {
    this.#queue.add(effects, this.#performOne, this.#settled);
  }

  /** What is due next is asked once for all that happens in the next moment: that takes longer than to handle most inputs. */
  readonly #settled = (): void => {
    this.#settle();
    if (this.#isFinished || this.#looksSoon) return;
    this.#looksSoon = true;
    this.#timer.arm(performance.now() + LOOK_MS);
  };

  #settle(): void {
    if (this.#quiet.length > 0 && !this.#isBusy)
      for (const resolve of this.#quiet.splice(0)) resolve();
    this.#maybeFinish();
  }

  readonly #performOne = (effect: SessionEffect): void => {
    const { process, log } = this.#options;
    switch (effect.do) {
      case 'send':
        return this.#send(effect.frame, effect.message);
      case 'withdraw':
        this.#sendEvents();
        return this.#link.withdraw(effect.stream);
      case 'drop':
        this.#sendEvents();
        return this.#link.drop(effect.stream);
      case 'write':
        if (!process.write(effect.line, effect.message)) this.#session.stdinFull();
        return;
      case 'pause':
        return process.pause();
      case 'resume':
        return process.resume();
      case 'stop':
        return this.#stop(effect.reason, effect.isStarting);
      case 'note':
        return log[effect.level](effect.words, { ...effect.fields });
      case 'settled':
        return this.#settledOne(effect.call);
    }
  };

  #settledOne({ outcome, ms, isListen, span, record }: SettledCall): void {
    const { calls, tracer } = this.#options;
    calls.ended(outcome);
    if (!isListen) calls.took(ms);
    if (span && tracer) tracer.ended(callSpan(span, { outcome, ms }, tracer.now));
    if (record) this.#options.record?.info('call', { ...record });
  }

  #send(frame: SessionUp, message: Bytes | undefined): void {
    if (frame.type === 'event' && this.#takeEvent({ frame, message })) return;
    this.#sendEvents();
    this.#sendNow(frame, message);
  }

  /** Whether it leaves with others of its stream, once this turn of work is over. */
  #takeEvent(event: SentEvent): boolean {
    if (this.#events.take(event)) {
      if (this.#events.size === 1) queueMicrotask(() => this.#contained(() => this.#sendEvents()));
      return true;
    }
    if (this.#events.size === 0) return false;
    this.#sendEvents();
    return this.#takeEvent(event);
  }

  #sendEvents(): void {
    const events = this.#events.flush();
    if (events) this.#sendNow(events.frame, events.message);
  }

  #sendNow(frame: SessionUp, message: Bytes | undefined): void {
    if (this.#link.carry(frame, message)) return;
    this.#link.send(frameOf(frame, message), () => placeUp(frame));
  }

  #stop(reason: string, isStarting: boolean): void {
    this.#movedAt = performance.now();
    this.#farewell ??= setTimeout(() => this.#sayFarewell(), FAREWELL_MS);
    if (isStarting && this.#options.process.leave()) {
      this.#isProcessGone = true;
      return this.#maybeFinish();
    }
    void this.#options.process.terminate(reason).then(() => {
      this.#isProcessGone = true;
      this.#maybeFinish();
    });
  }

  /** The last answers may take their time on a slow line: as long as they move, the end waits behind them. */
  #sayFarewell(): void {
    const leftMs = this.#movedAt + FAREWELL_MS - performance.now();
    if (leftMs > 0) {
      this.#farewell = setTimeout(() => this.#sayFarewell(), leftMs);
      return;
    }
    this.#isToldOver = true;
    this.#link.stop(CLOSE.done, 'session over');
    this.#maybeFinish();
  }

  #maybeFinish(): void {
    if (this.#isFinished || !this.#isToldOver || !this.#isProcessGone) return;
    this.#isFinished = true;
    this.#timer.clear();
    clearTimeout(this.#farewell);
    this.#options.finished();
  }

  #tick(): void {
    this.#looksSoon = false;
    this.#queue.add(this.#session.tick(performance.now()), this.#performOne, this.#ticked);
  }

  readonly #ticked = (): void => {
    this.#settle();
    if (!this.#isFinished) this.#timer.arm(this.#session.wakeAt());
  };
}
