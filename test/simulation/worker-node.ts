// The simulated worker: one exchange of a client at a time, with the production client stream and delivery of posts. Any instance
// can serve any request of a session, and any can die.
import {
  ATTACH_WAIT_MS,
  ClientStream,
  type ClientStreamEffect,
} from '../../edge/core/client-stream.ts';
import type { Delivering } from '../../edge/core/exchange.ts';
import type { ModernStep } from '../../edge/core/modern-delivery.ts';
import type { ModernHomes } from '../../edge/core/modern-homes.ts';
import type { OpeningPace } from '../../edge/core/opening-pace.ts';
import type {
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  Post,
  PostAnswer,
  PostPlace,
} from '../../edge/core/ports.ts';
import type { OpeningStep } from '../../edge/core/opening.ts';
import { STREAM_KINDS, type StreamKind } from '../../edge/core/stream-kinds.ts';
import type { Unread } from '../../edge/core/unread.ts';
import { wholeText } from '../../shared/bytes.ts';
import type { Fault, Phase } from '../../shared/fault.ts';
import { GET_STREAM, SSE_STREAM } from '../../shared/ids.ts';
import { LOOK_MS } from '../../shared/link/timing.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { decodeText } from '../../shared/link/codec.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { splitFrame } from '../../shared/link/parts.ts';
import { streamDown } from '../../shared/link/session-frames.ts';
import { livenessId } from '../../shared/mcp/liveness.ts';
import { encodeEvent, eventId, type EventId } from '../../shared/sse/encode.ts';
import type { Asker } from './actor-host.ts';
import type { ActorNode } from './actor-node.ts';
import { SERVER } from './names.ts';
import { Wire, type End } from './wire.ts';
import type { World } from './world.ts';

/** What a worker writes on a client's connection, head first. */
export type Head =
  | {
      readonly status: number;
      readonly body?: string | undefined;
      /** How far a refused request got. */
      readonly phase?: Phase | undefined;
      /** The session that was opened. */
      readonly session?: string | undefined;
    }
  | { readonly status: 200; readonly stream: true; readonly session?: string | undefined };

const RPC_MS = 15;

/** A client that takes longer than this to read cannot show in time that it lives. */
const PROOF_MS = 900;

/** The clocks of two machines differ by less than twice this. */
const SKEW_MS = 450;

/** A WebSocket close code of our own: the end of a stream is all that its client may be told of a call. */
const UNSURE_END = 4_999;

const BROKEN: Fault = { fault: 'internal' };

/** How far a post got before its answer became a stream. */
type Followed = PostAnswer & { readonly kind: 'follow' };

const UNSENT: Followed = { kind: 'follow', isAccepted: false, isSent: false };

interface Streamed {
  readonly stream: string;
  readonly after: number | null;
  readonly resumes: boolean;
  readonly post?: Post | undefined;
  readonly sending?: Followed | undefined;
  /** By default that of its client. */
  readonly kind?: StreamKind;
}

/** One exchange, on the second end of its client's connection. */
export class Exchange {
  readonly #world: World;
  /** The actor that the client knows, or its own. */
  readonly #ownName: string;
  /** The actor that it speaks to. */
  #name: string;
  readonly #opening: Opening;
  readonly #wire: Wire;
  readonly #skewMs: number;
  #stream: ClientStream | undefined;
  readonly #unread: Unread;
  /** The network has taken everything, and asks for more. */
  #isAwaited = true;
  #wish: { readonly stream: string; readonly resumes: boolean } = { stream: '', resumes: false };
  #socket: End | undefined;
  #socketCount = 0;
  #isDead = false;
  #hasHead = false;
  /** The session a modern client's post is in. */
  #place: PostPlace | undefined;
  #isGuest = false;
  /** With what its client's connection is closed. */
  #endCode = 1000;
  /** What stands on a stream before its events. */
  #priming = '';

  /** `name`: of the actor; `principal`: the client's. */
  constructor(
    world: World,
    name: string,
    { principal, clientKind }: { readonly principal: string; readonly clientKind: ClientKind },
    wire: Wire,
  ) {
    this.#world = world;
    this.#unread = new world.rules.Unread();
    this.#ownName = name;
    this.#name = name;
    this.#opening = { server: SERVER, principal, clientKind, person: { id: principal } };
    this.#wire = wire;
    this.#skewMs = world.skew(SKEW_MS);
    wire.b.onClose = () => this.#cancel();
  }

  get #client(): End {
    return this.#wire.b;
  }

  get #actor(): ActorNode {
    return this.#world.actor(this.#name);
  }

  /** This worker instance dies: its client's connection breaks, the actor sees its socket close. */
  die(): void {
    this.#isDead = true;
    this.#client.close(1006);
    this.#socket?.close(1006);
  }

  /** A modern client's request. */
  serve(post: Post): void {
    const { clock, chance, fleet, rules, sabotage } = this.#world;
    const [opening, own] = [this.#opening, this.#ownName];
    const request = { post, opening, own, askedAt: this.#now };
    const delivery = new rules.ModernDelivery(request, this.#homes);
    const next = (step: ModernStep): void => {
      if (this.#isDead) return;
      switch (step.do) {
        case 'findHome':
          return this.#call<Opened<ModernHome>>(
            (asker) => fleet.home(opening, own, asker),
            (home) => {
              if (home.ok && home.value.actor !== own) this.#noteHanded(home.value.actor);
              next(delivery.homed(home, this.#now));
            },
            () => next(delivery.homed(undefined, this.#now)),
          );
        case 'serve':
          this.#name = step.actor;
          return this.#call<PostAnswer>(
            (asker) => this.#actor.serve(step.opening, sabotage.repost(step.post), asker),
            (answer) => next(delivery.answered(answer, this.#now)),
            () => next(delivery.broke(chance.next(), this.#now)),
          );
        case 'wait':
          clock.after(step.ms, () =>
            next(delivery.waited(!this.#client.isOpen, this.#world.freshPost(), this.#now)),
          );
          return;
        case 'done':
          this.#place = step.place;
          return this.#answered(step.post, step.answer);
      }
    };
    next(delivery.start(this.#now));
  }

  /** The isolate that this exchange is in. */
  get #homes(): ModernHomes {
    return this.#world.homes[this.#skewMs > 0 ? 1 : 0];
  }

  get #pace(): OpeningPace {
    return this.#world.paces[this.#skewMs > 0 ? 1 : 0];
  }

  get #now(): number {
    return this.#world.clock.now + this.#skewMs;
  }

  #noteHanded(spare: string): void {
    const { handed } = this.#world.history;
    const { principal } = this.#opening;
    handed.set(spare, (handed.get(spare) ?? new Set()).add(principal));
  }

  /** The `initialize` that opens a session. */
  initialize(post: Post): void {
    this.#opens<PostAnswer>(
      (opening, asker) => this.#actor.openWith(opening, post, asker),
      (answer) => (answer.kind === 'refused' ? answer.fault : undefined),
      (answer) => this.#answered(post, answer, STREAM_KINDS.opening),
    );
  }

  /** The stream of HTTP+SSE, which opens a session. */
  openSse(): void {
    this.#opens<Opened<undefined>>(
      (opening, asker) => this.#actor.open(opening, asker),
      (opened) => (opened.ok ? undefined : opened.fault),
      (opened) => {
        if (!opened.ok) return this.#refuse(opened.fault);
        this.#head({ status: 200, stream: true });
        this.#follow({ stream: SSE_STREAM, after: null, resumes: false });
      },
    );
  }

  /** Opens a session; `opened`: its actor has answered. */
  #opens<T>(
    open: (opening: Opening, asker: Asker<T>) => void,
    faultOf: (answer: T) => Fault | undefined,
    opened: (answer: T) => void,
  ): void {
    const { clock, fleet, rules } = this.#world;
    const order = new rules.SessionOpening(this.#opening, this.#pace);
    const broken = (): void => this.#refuse(BROKEN);
    let last: { readonly answer: T } | undefined;
    const next = (step: OpeningStep): void => {
      if (this.#isDead) return;
      switch (step.do) {
        case 'ask':
          return this.#call<Opened<OpeningTurn>>(
            (asker) => fleet.mayOpen(this.#opening, asker),
            (turn) => next(order.admitted(turn)),
            broken,
          );
        case 'wait':
          // A program that is simulated is never late.
          clock.after(step.ms, () => next(order.waited(!this.#client.isOpen, 0, this.#now)));
          return;
        case 'open':
          if (step.spare !== undefined) this.#noteHanded(step.spare);
          this.#name = step.spare ?? this.#ownName;
          return this.#call<T>(
            (asker) => open(step.opening, asker),
            (answer) => {
              last = { answer };
              next(order.opened(faultOf(answer), !this.#client.isOpen));
            },
            broken,
          );
        case 'abandon':
          return this.end();
        case 'refuse':
          return this.#refuse(step.fault);
        case 'done':
          if (last) opened(last.answer);
      }
    };
    next(order.start(this.#now));
  }

  /** A message into a session that is open. */
  post(post: Post, { primes, streams }: { primes: boolean; streams: boolean }): void {
    this.#priming = primes ? encodeEvent({ id: eventId(post.stream, 0), data: '' }) : '';
    if (!streams) return this.#deliver(post);
    this.#follow({ stream: post.stream, after: 0, resumes: false, post, sending: UNSENT });
    this.#headSoon();
  }

  /** The GET stream, or what another still holds behind an event. */
  get(cursor: EventId | undefined): void {
    const stream = cursor?.stream ?? GET_STREAM;
    this.#follow({ stream, after: cursor?.seq ?? null, resumes: cursor !== undefined });
    this.#headSoon();
  }

  /** The GET stream, for one who does not mind to lose it. */
  knock(): void {
    this.#isGuest = true;
    this.get(undefined);
  }

  /** The client waits for the runner's word no longer. */
  #headSoon(): void {
    this.#world.clock.after(ATTACH_WAIT_MS, () => this.#head({ status: 200, stream: true }));
  }

  /** The client answers what it was asked on a stream. */
  answer(rawId: string): void {
    const probe = livenessId(rawId);
    this.#rpc(() => {
      if (probe !== undefined) this.#actor.answered(probe);
      this.#head({ status: 202 });
    });
  }

  end(): void {
    this.#call<boolean>(
      (asker) => this.#actor.end(asker),
      () => this.#head({ status: 204 }),
      () => this.#refuse(BROKEN),
    );
  }

  #deliver(post: Post): void {
    const { clock, chance, rules, sabotage } = this.#world;
    const delivery = new rules.Delivery(post, false);
    const next = (step: Delivering): void => {
      if (this.#isDead) return;
      switch (step.do) {
        case 'ask':
          return this.#call<PostAnswer>(
            (asker) => this.#actor.post(sabotage.repost(step.post), asker),
            (answer) => next(delivery.answered(answer)),
            () => next(delivery.broke(chance.next())),
          );
        case 'wait':
          clock.after(step.ms, () =>
            next(delivery.waited(!this.#client.isOpen, this.#world.freshPost())),
          );
          return;
        case 'done':
          return this.#answered(step.post, step.answer);
      }
    };
    next(delivery.start());
  }

  #answered(post: Post, answer: PostAnswer, kind?: StreamKind): void {
    switch (answer.kind) {
      case 'answered':
        return this.#head(
          answer.message === undefined
            ? { status: 202 }
            : { status: 200, body: wholeText(answer.message) },
        );
      case 'accepted':
        return this.#head({ status: 202 });
      case 'refused':
        return this.#refuse(answer.fault);
      case 'follow':
        this.#head({ status: 200, stream: true });
        this.#follow({
          stream: post.stream,
          after: 0,
          resumes: false,
          post,
          sending: answer,
          ...(kind && { kind }),
        });
        // Its client left while the answer was awaited.
        if (!this.#client.isOpen) this.#cancel();
    }
  }

  #refuse({ fault, phase }: Fault): void {
    this.#head({ status: 503, body: fault, phase });
  }

  #follow({ stream, after, resumes, post, sending, kind: rare }: Streamed): void {
    const kind = rare ?? STREAM_KINDS[this.#opening.clientKind];
    this.#wish = { stream, resumes };
    this.#stream = new ClientStream({
      kind,
      stream,
      after,
      requestIds: post?.requestIds ?? [],
      ...(post && sending && { post: { id: post.id, message: post.message, ...sending } }),
    });
    this.#dial(0);
    this.#every(LOOK_MS, () => {
      if (this.#stream) this.#perform(this.#stream.beat());
    });
    this.#every(kind.keepAliveMs, () => {
      this.#unread.keepAlive(this.#isAwaited);
      this.#giveIfAny();
    });
  }

  /** As long as there is something to say to the client. */
  #every(ms: number, run: () => void): void {
    this.#world.clock.after(ms, () => {
      if (this.#isDead || !this.#stream || this.#stream.isDone || this.#unread.isFinished) return;
      run();
      this.#every(ms, run);
    });
  }

  /** The network has taken everything it was given, and asks for more. */
  #pull(): void {
    if (this.#isDead || !this.#stream) return;
    this.#perform(this.#stream.drained(this.#unread.given));
    if (!this.#unread.isEmpty) return this.#give();
    this.#isAwaited = !this.#unread.isFinished;
    if (this.#isAwaited) return;
    this.#perform(this.#stream.drained(this.#stream.written));
    this.#client.close(this.#endCode);
  }

  #giveIfAny(): void {
    if (this.#isAwaited && !this.#unread.isEmpty) this.#give();
  }

  #give(): void {
    const { clock, chance, readerMs } = this.#world;
    this.#isAwaited = false;
    this.#head({ status: 200, stream: true });
    this.#client.send(this.#unread.take(this.#stream?.written ?? 0));
    clock.after(chance.between(0, readerMs), () => this.#pull());
  }

  /** A call of an actor: under way for a while, and so is its answer. */
  #call<T>(call: (asker: Asker<T>) => void, answer: (value: T) => void, broken: () => void): void {
    this.#rpc(() =>
      call({
        answer: (value) => this.#rpc(() => answer(value)),
        broken: () => this.#rpc(broken),
      }),
    );
  }

  #dial(delayMs: number): void {
    const { clock, chance } = this.#world;
    clock.after(delayMs + chance.between(0, RPC_MS), () => {
      if (this.#isDead || !this.#stream || this.#stream.isDone) return;
      const count = ++this.#socketCount;
      const wire = new Wire(clock, chance, 10);
      const resumes = this.#wish.resumes || count > 1;
      wire.b.onMessage = (text) => this.#frame(count, text);
      wire.b.onClose = (code) => this.#closed(count, code);
      const wish = { stream: this.#wish.stream, resumes, place: this.#place };
      this.#actor.follow(wish, {
        dialled: { wire, end: wire.a },
        accepted: () => this.#accepted(wire),
        refused: (fault) => {
          if (this.#stream) this.#perform(this.#stream.refused(fault));
        },
        broken: () => this.#closed(count, 1006),
      });
    });
  }

  #accepted(wire: Wire): void {
    this.#inbox = new Inbox(textForm);
    this.#socket = wire.b;
    this.#world.wires.add(wire);
    if (this.#isDead) return wire.b.close(1006);
    if (!this.#stream?.isDone) return;
    for (const text of this.#lastWords) this.#sendNow(text);
    wire.b.close(CLOSE.done);
  }

  /** The last words of a stream that ended while its dial was still under way. */
  readonly #lastWords: string[] = [];

  #sendNow(text: string): void {
    for (const part of splitFrame(textForm, text)) this.#socket?.send(part);
  }

  #inbox = new Inbox(textForm);

  #frame(count: number, text: string): void {
    if (this.#isDead || count !== this.#socketCount || !this.#stream) return;
    const received = this.#inbox.push(text);
    if (received.state !== 'whole') return;
    const reading = decodeText(streamDown, received.frame);
    if (!reading.ok) return this.#socket?.close(CLOSE.protocol);
    const { header, message } = reading.frame;
    this.#perform(this.#stream.receive(header, message));
  }

  #closed(count: number, code: number): void {
    if (this.#isDead || count !== this.#socketCount || !this.#stream) return;
    this.#socket = undefined;
    const { isCalm, readerMs } = this.#world;
    // Where nothing breaks, nobody but a client that does not show that it lives loses its stream.
    const isHeard = this.#wire.a.isOpen && !this.#isGuest && isCalm && readerMs < PROOF_MS;
    if (code === CLOSE.replaced && isHeard)
      this.#world.history.taken.push(`${this.#opening.principal} lost a stream that it listens to`);
    if (code === CLOSE.replaced)
      return this.#perform([{ do: 'finish' }, ...this.#stream.cancelled()]);
    const now = this.#world.clock.now + this.#skewMs;
    this.#perform(this.#stream.broken(now, this.#world.chance.next()));
  }

  #perform(effects: readonly ClientStreamEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
  }

  #performOne(effect: ClientStreamEffect): void {
    switch (effect.do) {
      case 'dial':
        return this.#dial(effect.delayMs);
      case 'send':
        if (this.#socket) this.#sendNow(effect.text);
        else if (this.#stream?.isDone) this.#lastWords.push(effect.text);
        return;
      case 'write':
        this.#head({ status: 200, stream: true });
        for (let times = this.#world.sabotage.writesEvent(); times > 0; times--) {
          this.#unread.write(effect.text, effect.seq);
        }
        return this.#giveIfAny();
      case 'settle':
        return this.#head(
          effect.fault ? { status: 404, body: effect.fault.fault } : { status: 200, stream: true },
        );
      case 'cut':
        this.#unread.cut();
        return this.#client.close(1006);
      case 'finish':
        if (effect.isUnsure) this.#endCode = UNSURE_END;
        this.#unread.finish();
        if (this.#isAwaited) this.#pull();
        return;
      case 'probe':
        this.#unread.probe(effect.id, this.#isAwaited);
        return this.#giveIfAny();
      case 'hangUp':
        return this.#socket?.close(CLOSE.done);
    }
  }

  #cancel(): void {
    if (this.#isDead) return;
    this.#unread.finish();
    if (this.#stream) this.#perform(this.#stream.cancelled());
  }

  #head(head: Head): void {
    if (this.#isDead || this.#hasHead) return;
    this.#hasHead = true;
    this.#client.send(JSON.stringify({ ...head, session: this.#name }));
    if ('stream' in head && this.#priming !== '') this.#client.send(this.#priming);
    if (!('stream' in head)) this.#client.close(1000);
  }

  #rpc(run: () => void): void {
    const { clock, chance } = this.#world;
    clock.after(chance.between(0, RPC_MS), () => {
      if (!this.#isDead) run();
    });
  }
}
