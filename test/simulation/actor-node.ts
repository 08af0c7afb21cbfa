// The simulated session actor: hosts the production relay, with the ways a Durable Object has to lose its memory.
import type { Fault } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { decodeText } from '../../shared/link/codec.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { NO_FLOW, Outbox } from '../../shared/link/outbox.ts';
import { splitFrame, type Hold } from '../../shared/link/parts.ts';
import { placeDown } from '../../shared/link/places.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';
import type { Transport } from '../../shared/link/control-frames.ts';
import { Relay, type Link, type PostAnswer, type RelayEffect } from '../../edge/core/relay.ts';
import { DIAL_WAIT_MS } from '../../shared/link/timing.ts';
import type { Post, PostPlace } from '../../edge/http/ports.ts';
import type { Scheduled } from './clock.ts';
import type { World } from './world.ts';
import type { End } from './wire.ts';

/** What survives a reset: the storage. */
interface Row {
  readonly openedAt: number;
  /** The name that the runner knows the session by. */
  readonly session: string;
  readonly boot: string;
  lost: { readonly since: number; readonly isExpired: boolean } | undefined;
}

interface Pending {
  answer(answer: PostAnswer): void;
  broken(): void;
}

export class ActorNode {
  readonly #world: World;
  readonly #name: string;
  #row: Row | undefined;
  #relay = new Relay({ state: 'ended' });
  #link: { readonly end: End; readonly epoch: number } | undefined;
  #inbox = new Inbox(textForm);
  #outbox = Outbox.ofText();
  readonly #followers = new Map<string, { readonly stream: string; readonly end: End }>();
  #pending = new Map<string, Pending>();
  #nextSocket = 1;
  #sessions = 0;
  #timer: { readonly at: number; readonly entry: Scheduled } | undefined;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
  }

  get linkState(): Link['state'] {
    return this.#relay.link.state;
  }

  open(transport: Transport): Fault | undefined {
    const { runner, clock, isPartitioned } = this.#world;
    if (isPartitioned) return { fault: 'runner_offline' };
    const session =
      transport === 'modern' ? `${this.#name}~${String(++this.#sessions)}` : this.#name;
    this.#row = { session, boot: runner.boot, openedAt: clock.now, lost: undefined };
    this.#relay = new Relay({ state: 'awaited', until: clock.now + DIAL_WAIT_MS });
    const fault = runner.open(session, transport);
    if (fault) this.#row = undefined;
    this.#schedule();
    return fault;
  }

  /** Posts for a modern client, whose actor opens a session where there is none. */
  serve(post: Post, pending: Pending): void {
    const { link } = this.#relay;
    if (link.state === 'lost' && link.isExpired) this.giveUp();
    const fault = this.#row ? undefined : this.open('modern');
    if (fault) return pending.answer({ kind: 'refused', fault });
    const session = this.#row?.session;
    const answer = (given: PostAnswer): void =>
      pending.answer(given.kind === 'follow' ? { ...given, session } : given);
    this.post(post, { ...pending, answer });
  }

  post(post: Post, pending: Pending): void {
    this.#pending.set(post.id, pending);
    this.#perform(this.#relay.post(post, this.#world.clock.now));
  }

  end(): void {
    this.#perform(this.#relay.end(this.#world.clock.now));
  }

  giveUp(): void {
    this.#perform(this.#relay.giveUp({ fault: 'runner_lost' }));
  }

  acceptLink(
    session: string,
    boot: string,
    epoch: number,
    end: End,
    holds: readonly Hold[],
  ): boolean {
    if (this.#row?.session !== session || this.#row.boot !== boot) return false;
    if (epoch <= this.#relay.epoch) {
      end.close(CLOSE.replaced);
      return true;
    }
    const older = this.#link;
    this.#link = { end, epoch };
    older?.end.close(CLOSE.replaced);
    this.#outbox = Outbox.ofText();
    this.#outbox.resume(holds.map((hold) => this.#world.sabotage.resumes(hold)));
    const held = this.#inbox.relinked();
    end.onMessage = (text) => {
      if (text === 'ping') return end.send('pong');
      if (this.#link?.end !== end) return;
      if (text === 'pong') return this.#down(this.#outbox.answered(this.#world.clock.now));
      const received = this.#inbox.push(text);
      if (received.state === 'partial') return;
      if (received.state !== 'whole') return end.close(CLOSE.protocol);
      this.#perform(this.#relay.fromRunner(received.frame, this.#world.clock.now));
    };
    end.onClose = () => {
      if (this.#link?.end !== end) return;
      this.#link = undefined;
      this.#outbox = Outbox.ofText();
      this.#perform(this.#relay.unlinked(this.#world.clock.now));
    };
    this.#perform(this.#relay.linked(epoch, held));
    if (this.#row) this.#row.lost = undefined;
    return true;
  }

  /** A worker follows a stream on `end`, or is told why not. */
  follow(
    stream: string,
    resumes: boolean,
    end: End,
    place: PostPlace | undefined,
  ): Fault | undefined {
    if (place && !this.#isPlace(place)) return { fault: 'session_not_found' };
    const { fault, effects } = this.#relay.mayFollow(
      stream,
      resumes,
      this.#world.clock.now,
      `probe${String(this.#nextSocket)}`,
    );
    this.#perform(effects);
    if (fault) return fault;
    const socket = String(this.#nextSocket++);
    this.#followers.set(socket, { stream, end });
    const inbox = new Inbox(textForm);
    end.onMessage = (text) => {
      const received = inbox.push(text);
      if (received.state === 'whole') this.#perform(this.#relay.fromWorker(received.frame));
    };
    end.onClose = () => {
      if (!this.#followers.delete(socket)) return;
      this.#perform(this.#relay.unfollow(stream, socket));
    };
    this.#perform(this.#relay.follow(stream, socket));
    return undefined;
  }

  #isPlace(place: PostPlace): boolean {
    if ('session' in place) return place.session === this.#row?.session;
    return (this.#row?.openedAt ?? Infinity) < place.openedBefore;
  }

  /** The object is reset: memory and sockets are gone, callers get an exception, storage stays. */
  reset(): void {
    const ends = [this.#link?.end, ...[...this.#followers.values()].map(({ end }) => end)];
    const pending = [...this.#pending.values()];
    this.#link = undefined;
    this.#forgetParts();
    this.#followers.clear();
    this.#pending = new Map();
    this.#timer?.entry.cancel();
    this.#timer = undefined;
    this.#relay = this.#restored();
    for (const end of ends) end?.close(1006);
    for (const { broken } of pending) broken();
    this.#schedule();
  }

  /** The object sleeps and wakes: memory is gone, sockets stay. Not while someone waits for an answer. */
  hibernate(): void {
    if (this.#pending.size > 0 || this.#relay.wakeAt.soon !== undefined) return;
    if (this.#outbox.waiting > 0) return;
    this.#forgetParts();
    this.#relay = this.#restored();
    this.#schedule();
  }

  #forgetParts(): void {
    this.#inbox = new Inbox(textForm);
    this.#outbox = Outbox.ofText();
  }

  #down(messages: readonly string[]): void {
    for (const message of messages) this.#link?.end.send(message);
  }

  #toRunner(text: string, isBehind: boolean): void {
    if (!this.#link) return;
    const place = () => {
      const reading = decodeText(sessionDown, text);
      return { ...(reading.ok ? placeDown(reading.frame.header) : { flow: NO_FLOW }), isBehind };
    };
    this.#down(this.#outbox.push(text, place, this.#world.clock.now));
  }

  #restored(): Relay {
    const followers = [...this.#followers].map(([socket, { stream }]) => [stream, socket] as const);
    if (!this.#row) return new Relay({ state: 'ended' });
    if (this.#link) return new Relay({ state: 'linked', epoch: this.#link.epoch }, followers);
    const lost = this.#row.lost ?? { since: this.#world.clock.now, isExpired: false };
    return new Relay({ state: 'lost', ...lost }, followers);
  }

  #perform(effects: readonly RelayEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    const { link } = this.#relay;
    if (this.#row && link.state === 'lost')
      this.#row.lost = { since: link.since, isExpired: link.isExpired };
    this.#schedule();
  }

  #performOne(effect: RelayEffect): void {
    switch (effect.do) {
      case 'link':
        return this.#toRunner(effect.text, effect.isBehind === true);
      case 'closeLink':
        return this.#link?.end.close(effect.code);
      case 'omit':
        return this.#down(this.#outbox.omit(effect.post, this.#world.clock.now));
      case 'tell':
        return send(
          this.#followers.get(this.#world.sabotage.misroute(effect.socket, this.#followers))?.end,
          effect.text,
        );
      case 'close':
        return this.#followers.get(effect.socket)?.end.close(effect.code);
      case 'answer':
        this.#pending.get(effect.id)?.answer(effect.answer);
        this.#pending.delete(effect.id);
        return;
      case 'forget':
        this.#row = undefined;
        this.#link = undefined;
        return;
    }
  }

  #schedule(): void {
    const { clock } = this.#world;
    const { soon, durable } = this.#relay.wakeAt;
    const at = Math.min(soon ?? Infinity, durable ?? Infinity);
    if (at === Infinity || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.entry.cancel();
    const entry = clock.after(at - clock.now, () => {
      this.#timer = undefined;
      this.#perform(this.#relay.tick(clock.now, this.#outbox.isUnderWay));
    });
    this.#timer = { at, entry };
  }
}

function send(end: End | undefined, text: string): void {
  for (const part of splitFrame(textForm, text)) end?.send(part);
}
