// The simulated worker: one exchange of a client at a time, with the production client stream and delivery of posts. Any instance
// can serve any request of a session, and any can die.
import { ClientStream, type ClientStreamEffect } from '../../edge/core/client-stream.ts';
import {
  isNowhere,
  mustDial,
  placeOf,
  type Delivering,
  type Delivery,
} from '../../edge/core/exchange.ts';
import type { ModernHomes } from '../../edge/core/modern-homes.ts';
import type {
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  Post,
  PostAnswer,
  PostPlace,
} from '../../edge/core/ports.ts';
import { STREAM_KINDS } from '../../edge/core/stream-kinds.ts';
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

/** The clocks of two machines differ by less than twice this. */
const SKEW_MS = 450;

const BROKEN: Fault = { fault: 'internal' };

/** How far a post got before its answer became a stream. */
type Followed = PostAnswer & { readonly kind: 'follow' };

interface Streamed {
  readonly stream: string;
  readonly after: number | null;
  readonly resumes: boolean;
  readonly post?: Post | undefined;
  readonly sending?: Followed | undefined;
}

/** One exchange. `client` is the worker's end of the client's connection. */
export class Exchange {
  readonly #world: World;
  /** The actor that the client knows, or its own. */
  readonly #ownName: string;
  /** The actor that it speaks to. */
  #name: string;
  readonly #opening: Opening;
  readonly #client: End;
  readonly #askedAt: number;
  readonly #skewMs: number;
  #stream: ClientStream | undefined;
  #wish: { readonly stream: string; readonly resumes: boolean } = { stream: '', resumes: false };
  #socket: End | undefined;
  #socketCount = 0;
  #isDead = false;
  #hasHead = false;
  /** The session a modern client's post is in. */
  #place: PostPlace | undefined;
  /** What stands on a stream before its events. */
  #priming = '';

  /** `name`: of the actor; `principal`: the client's. */
  constructor(
    world: World,
    name: string,
    { principal, clientKind }: { readonly principal: string; readonly clientKind: ClientKind },
    client: End,
  ) {
    this.#world = world;
    this.#ownName = name;
    this.#name = name;
    this.#opening = { server: SERVER, principal, clientKind };
    this.#client = client;
    this.#skewMs = world.skew(SKEW_MS);
    this.#askedAt = world.clock.now + this.#skewMs;
    client.onClose = () => this.#cancel();
  }

  get #actor(): ActorNode {
    return this.#world.actor(this.#name);
  }

  get #isModern(): boolean {
    return this.#opening.clientKind === 'modern';
  }

  /** This worker instance dies: its client's connection breaks, the actor sees its socket close. */
  die(): void {
    this.#isDead = true;
    this.#client.close(1006);
    this.#socket?.close(1006);
  }

  /** A modern client's request. */
  serve(post: Post): void {
    this.#atHome(
      (fault) => this.#refuse(fault),
      () => this.#go(new this.#world.rules.Delivery(post, true), this.#serveAtHome),
    );
  }

  /** In a run without spares its home does not change. */
  readonly #serveAtHome = (post: Post, asker: Asker<PostAnswer>): void => {
    const isSpare = this.#name !== this.#ownName;
    this.#actor.serve({ ...this.#opening, isSpare }, post, {
      ...asker,
      answer: (answer) => {
        const isMoved = this.#world.warm > 0 && isNowhere(answer);
        if (!isMoved) return asker.answer(answer);
        this.#homes.forget(this.#ownName, SERVER);
        const refused = (fault: Fault): void => asker.answer({ kind: 'refused', fault });
        this.#atHome(refused, () => asker.answer(answer));
      },
    });
  };

  /** The isolate that this exchange is in. */
  get #homes(): ModernHomes {
    return this.#world.homes[this.#skewMs > 0 ? 1 : 0];
  }

  get #now(): number {
    return this.#world.clock.now + this.#skewMs;
  }

  /** Finds out where the requests of this modern client go; what no runner could take is refused before an actor is woken. */
  #atHome(refuse: (fault: Fault) => void, then: () => void): void {
    const { fleet, warm } = this.#world;
    const own = this.#ownName;
    const known = warm > 0 ? this.#homes.known(own, SERVER, this.#now) : undefined;
    if (known !== undefined) {
      this.#name = known;
      return then();
    }
    this.#call<Opened<ModernHome>>(
      (asker) => fleet.home(this.#opening, own, asker),
      (home) => {
        if (!home.ok) return refuse(home.fault);
        if (warm > 0) this.#homes.learned(own, SERVER, home.value, this.#now);
        this.#name = home.value.actor;
        if (this.#name !== own) this.#noteHanded(this.#name);
        then();
      },
      () => {
        if (warm > 0) this.#name = this.#homes.last(own);
        then();
      },
    );
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
      (answer) => {
        // A client that leaves before it is told the session's id leaves none behind.
        if (!this.#client.isOpen && answer.kind !== 'refused') this.end();
        this.#answered(post, answer);
      },
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
        if (!this.#client.isOpen) this.#cancel();
      },
    );
  }

  /** Opens a session with a spare if the fleet has one, else by dialling. */
  #opens<T>(
    open: (opening: Opening, asker: Asker<T>) => void,
    faultOf: (answer: T) => Fault | undefined,
    opened: (answer: T) => void,
  ): void {
    const inActor = (name: string, isSpare: boolean): void => {
      this.#name = name;
      const opening = { ...this.#opening, isSpare };
      this.#call<T>(
        (asker) => open(opening, asker),
        (answer) =>
          mustDial(opening, faultOf(answer)) ? inActor(this.#ownName, false) : opened(answer),
        () => this.#refuse(BROKEN),
      );
    };
    this.#inTurn((spare) => {
      if (spare !== undefined) this.#noteHanded(spare);
      inActor(spare ?? this.#ownName, spare !== undefined);
    });
  }

  /** A message into a session that is open. */
  post(post: Post, primes: boolean): void {
    this.#priming = primes ? encodeEvent({ id: eventId(post.stream, 0), data: '' }) : '';
    this.#go(new this.#world.rules.Delivery(post, false), (post, asker) =>
      this.#actor.post(post, asker),
    );
  }

  /** The GET stream, or what another still holds behind an event. */
  get(cursor: EventId | undefined): void {
    const stream = cursor?.stream ?? GET_STREAM;
    this.#follow({ stream, after: cursor?.seq ?? null, resumes: cursor !== undefined });
  }

  end(): void {
    this.#call<boolean>(
      (asker) => this.#actor.end(asker),
      () => this.#head({ status: 204 }),
      () => this.#refuse(BROKEN),
    );
  }

  /** A session that a client opens waits for its turn, and gets a spare if there is one. */
  #inTurn(then: (spare: string | undefined) => void): void {
    const { clock, fleet } = this.#world;
    this.#call<Opened<OpeningTurn>>(
      (asker) => fleet.mayOpen(this.#opening, asker),
      (turn) => {
        if (!turn.ok) return this.#refuse(turn.fault);
        const { afterMs, spare } = turn.value;
        clock.after(afterMs, () => {
          if (!this.#isDead && this.#client.isOpen) then(spare);
        });
      },
      () => this.#refuse(BROKEN),
    );
  }

  #go(delivery: Delivery, ask: (post: Post, asker: Asker<PostAnswer>) => void): void {
    const { clock, chance, sabotage } = this.#world;
    const next = (step: Delivering): void => {
      if (this.#isDead) return;
      switch (step.do) {
        case 'ask':
          return this.#call<PostAnswer>(
            (asker) => ask(sabotage.repost(step.post), asker),
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

  #answered(post: Post, answer: PostAnswer): void {
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
        if (this.#isModern) {
          const spare = this.#name === this.#ownName ? undefined : this.#name;
          this.#place = placeOf(answer, this.#askedAt, spare);
        }
        this.#head({ status: 200, stream: true });
        this.#follow({ stream: post.stream, after: 0, resumes: false, post, sending: answer });
        // Its client left while the answer was awaited.
        if (!this.#client.isOpen) this.#cancel();
    }
  }

  #refuse({ fault, phase }: Fault): void {
    this.#head({ status: 503, body: fault, phase });
  }

  #follow({ stream, after, resumes, post, sending }: Streamed): void {
    this.#wish = { stream, resumes };
    this.#stream = new ClientStream({
      kind: STREAM_KINDS[this.#opening.clientKind],
      stream,
      after,
      requestIds: post?.requestIds ?? [],
      ...(post && sending && { post: { id: post.id, message: post.message, ...sending } }),
    });
    this.#dial(0);
    if (post) this.#beat();
  }

  #beat(): void {
    this.#world.clock.after(LOOK_MS, () => {
      if (this.#isDead || !this.#stream || this.#stream.isDone) return;
      this.#perform(this.#stream.beat());
      this.#beat();
    });
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
    if (code === CLOSE.replaced) {
      this.#perform(this.#stream.cancelled());
      return this.#client.close(1000);
    }
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
          this.#client.send(wholeText(effect.text));
        }
        return this.#drainLater();
      case 'settle':
        return this.#head(
          effect.fault ? { status: 404, body: effect.fault.fault } : { status: 200, stream: true },
        );
      case 'cut':
        return this.#client.close(1006);
      case 'finish':
        this.#drainLater();
        return this.#client.close(1000);
      case 'probe':
        return;
      case 'hangUp':
        return this.#socket?.close(CLOSE.done);
    }
  }

  /** The network took what was written; whether it arrives is another question. */
  #drainLater(): void {
    const { clock, chance } = this.#world;
    const upTo = this.#stream?.written ?? 0;
    clock.after(chance.between(0, this.#world.readerMs), () => {
      if (!this.#isDead && this.#stream) this.#perform(this.#stream.drained(upTo));
    });
  }

  #cancel(): void {
    if (this.#isDead) return;
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
