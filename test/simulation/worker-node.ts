// The simulated worker: one exchange of a client at a time, with the production client stream. Any instance serves any
// request of a session, and any may die.
import { CLOSE } from '../../shared/link/close-codes.ts';
import { decodeText } from '../../shared/link/codec.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { splitFrame } from '../../shared/link/parts.ts';
import { streamDown } from '../../shared/link/session-frames.ts';
import {
  ClientStream,
  type ClientStreamEffect,
  type ClientStreamOptions,
} from '../../edge/core/client-stream.ts';
import type { PostAnswer } from '../../edge/core/relay.ts';
import type { Post, PostPlace } from '../../edge/http/ports.ts';
import { encodeEvent, eventId } from '../../shared/sse/encode.ts';
import type { World } from './world.ts';
import { Wire, type End } from './wire.ts';

/** What a worker writes on a client's connection, head first. */
export type Head =
  | { readonly status: number; readonly body?: string | undefined }
  | { readonly status: 200; readonly stream: true };

const POST_ATTEMPTS = 5;
const RPC_MS = 15;

/** One exchange. `client` is the worker's end of the client's connection. */
export class Exchange {
  readonly #world: World;
  readonly #session: string;
  readonly #client: End;
  #stream: ClientStream | undefined;
  #options: (ClientStreamOptions & { readonly resumes: boolean }) | undefined;
  #socket: End | undefined;
  #socketCount = 0;
  #isDead = false;
  #hasHead = false;
  #isModern = false;
  /** The session a modern client's post is in. */
  #place: PostPlace | undefined;
  #opening = '';

  constructor(world: World, session: string, client: End) {
    this.#world = world;
    this.#session = session;
    this.#client = client;
    client.onClose = () => this.#cancel();
  }

  /** This worker instance dies: its client's connection breaks, the actor sees its socket close. */
  die(): void {
    this.#isDead = true;
    this.#client.close(1006);
    this.#socket?.close(1006);
  }

  /** A modern client's request: no session is named, the answer cannot be resumed, and who leaves has cancelled. */
  serve(post: Post): void {
    this.#isModern = true;
    this.#place = { openedBefore: this.#world.clock.now };
    this.#tryPost(post, 1);
  }

  post(post: Post, primes: boolean): void {
    const attempts = post.wants === 'answer' ? 1 : POST_ATTEMPTS;
    this.#opening = primes ? encodeEvent({ id: eventId(post.stream, 0), data: '' }) : '';
    this.#tryPost(post, attempts);
  }

  follow(options: ClientStreamOptions & { readonly resumes: boolean }): void {
    this.#options = options;
    this.#stream = new ClientStream(options);
    this.#dial(0);
  }

  end(): void {
    this.#rpc(() => {
      this.#world.actor(this.#session).end();
      this.#head({ status: 204 });
    });
  }

  #tryPost(post: Post, attemptsLeft: number): void {
    const { sabotage, clock, chance } = this.#world;
    const sent = sabotage.repost(post);
    this.#rpc(() => {
      const actor = this.#world.actor(this.#session);
      const pending = {
        answer: (answer: PostAnswer) => this.#rpc(() => this.#answered(post, answer)),
        broken: () =>
          clock.after(chance.between(0, 100), () => {
            if (this.#isDead) return;
            if (attemptsLeft > 1) this.#tryPost(post, attemptsLeft - 1);
            else if (post.wants === 'answer') this.#followPost(post, false);
            else this.#head({ status: 500 });
          }),
      };
      if (this.#isModern) actor.serve(sent, pending);
      else actor.post(sent, pending);
    });
  }

  #answered(post: Post, answer: PostAnswer): void {
    if (this.#isDead) return;
    switch (answer.kind) {
      case 'answered':
        return this.#head(
          answer.message === undefined ? { status: 202 } : { status: 200, body: answer.message },
        );
      case 'accepted':
        return this.#head({ status: 202 });
      case 'refused':
        return this.#head({ status: 503, body: answer.fault.fault });
      case 'follow':
        if (answer.session !== undefined) this.#place = { session: answer.session };
        return this.#followPost(post, answer.isAccepted);
    }
  }

  #followPost(post: Post, isAccepted: boolean): void {
    this.#head({ status: 200, stream: true });
    this.follow({
      stream: post.stream,
      post: { id: post.id, message: post.message, isAccepted },
      after: 0,
      requestIds: post.requestIds,
      isResumable: !this.#isModern,
      cancels: this.#isModern,
      endsSession: false,
      resumes: false,
    });
    // Its client left while the answer was awaited.
    if (!this.#client.isOpen) this.#cancel();
  }

  #dial(delayMs: number): void {
    const { clock, chance } = this.#world;
    clock.after(delayMs + chance.between(0, RPC_MS), () => {
      if (this.#isDead || !this.#stream || this.#stream.isDone || !this.#options) return;
      const count = ++this.#socketCount;
      const wire = new Wire(clock, chance, 10);
      const resumes = this.#options.resumes || count > 1;
      wire.b.onMessage = (text) => this.#frame(count, text);
      wire.b.onClose = (code) => this.#closed(count, code);
      this.#inbox = new Inbox(textForm);
      const fault = this.#world
        .actor(this.#session)
        .follow(this.#options.stream, resumes, wire.a, this.#place);
      if (fault) return this.#perform(this.#stream.refused(fault));
      this.#socket = wire.b;
      this.#world.wires.add(wire);
    });
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
    this.#perform(this.#stream.broken(this.#world.clock.now, this.#world.chance.next()));
  }

  #perform(effects: readonly ClientStreamEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
  }

  #performOne(effect: ClientStreamEffect): void {
    switch (effect.do) {
      case 'dial':
        return this.#dial(effect.delayMs);
      case 'send':
        for (const part of splitFrame(textForm, effect.text)) this.#socket?.send(part);
        return;
      case 'write':
        this.#head({ status: 200, stream: true });
        for (let times = this.#world.sabotage.writesEvent(); times > 0; times--) {
          this.#client.send(effect.text);
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
    this.#client.send(JSON.stringify(head));
    if ('stream' in head && this.#opening !== '') this.#client.send(this.#opening);
    if (!('stream' in head)) this.#client.close(1000);
  }

  #rpc(run: () => void): void {
    const { clock, chance } = this.#world;
    clock.after(chance.between(0, RPC_MS), () => {
      if (!this.#isDead) run();
    });
  }
}
