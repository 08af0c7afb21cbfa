// A fleet that a test plays the runners of: frames in, frames and effects out, tickets signed at once.
import { Fleet } from '../../../edge/core/fleet.ts';
import type { ControlNote } from '../../../edge/core/control-links.ts';
import type { LetIn } from '../../../edge/core/let-in.ts';
import type { FleetEffect } from '../../../edge/core/fleet-effects.ts';
import type { ClientKind } from '../../../shared/link/control-frames.ts';
import type { ToldPerson } from '../../../shared/link/person.ts';
import { OperatorPolicy } from '../../../edge/core/policy.ts';
import type { PolicyText } from '../../../edge/core/policy-text.ts';
import type {
  AdmittedAs,
  ControlDial,
  Opening,
  Sockets,
  Withdrawal,
} from '../../../edge/core/ports.ts';
import { MemoryFleetStore } from '../../simulation/stores.ts';

export const BOOT = 'b'.repeat(22);

const NAME_CHARACTERS = 22;

export class DrivenFleet {
  readonly store = new MemoryFleetStore();
  /** What each socket was told, oldest first. */
  readonly told: Record<string, { type: string; [key: string]: unknown }[]> = {};
  readonly effects: FleetEffect[] = [];
  now = 1_000_000;
  #open = new Set<string>();
  readonly #notes = new Map<string, ControlNote>();
  /** The host signs no ticket before {@link sign}. */
  signsLater = false;
  readonly #toSign: string[] = [];
  #minted = 0;
  #ofSettings: PolicyText | 'broken' | undefined;
  #letIn: LetIn | undefined;
  #fleet: Fleet;

  /** @param ofSettings the policy of the settings. */
  constructor(ofSettings?: PolicyText | 'broken') {
    this.#ofSettings = ofSettings;
    this.#fleet = this.#made();
  }

  #made(): Fleet {
    const sockets: Sockets<ControlNote> = {
      all: () => [...this.#open].map((id) => ({ id, note: this.#notes.get(id) })),
      isOpen: (socket) => this.#open.has(socket),
      pingAt: () => this.now,
      unreadBytes: () => 0,
    };
    const terms = {
      isConfigured: true,
      hasQuotas: true,
      ...(this.#ofSettings && { policy: policyOf(this.#ofSettings) }),
      ...(this.#letIn && { letIn: this.#letIn }),
    };
    const mint = (characters: number): string => String(this.#minted++).padStart(characters, '0');
    return new Fleet(this.store, sockets, terms, mint);
  }

  /** Another life of the fleet, on the same books. */
  restart(): void {
    this.#open.clear();
    this.#fleet = this.#made();
  }

  /** Another life of the fleet, with this policy in the settings, which does what is due. */
  deploy(ofSettings: PolicyText | 'broken' | undefined): void {
    this.#ofSettings = ofSettings;
    this.restart();
    this.#perform(this.#fleet.tick(this.now));
  }

  /** The same with other settings of whom they let in; undefined: they are broken. */
  deployLettingIn(letIn: LetIn | undefined): void {
    this.#letIn = letIn;
    this.deploy(this.#ofSettings);
  }

  /** It sleeps and wakes: its memory is gone, its sockets stay. */
  sleep(): void {
    this.#fleet = this.#made();
  }

  /** A runner dials and says hello. */
  link(runner: string, hello: object = {}, dial: Partial<ControlDial> = {}): string {
    const socket = `${runner}${String(this.#minted++)}`;
    this.#open.add(socket);
    this.#perform(
      this.#fleet.dialled(
        socket,
        { runner, granted: '*', withheld: [], subprotocol: '', ...dial },
        this.now,
      ),
    );
    this.hello(socket, runner, hello);
    return socket;
  }

  hello(socket: string, runner: string, hello: object = {}): void {
    const frame = { runner, boot: BOOT, servers: ['files'], capacity: 10, sessions: [], ...hello };
    this.say(socket, { type: 'hello', ...frame });
  }

  say(socket: string, frame: object): void {
    this.#perform(this.#fleet.message(socket, JSON.stringify(frame), this.now));
  }

  cut(socket: string): void {
    this.#open.delete(socket);
    this.#perform(this.#fleet.gone(socket, this.now));
  }

  /** What a socket was told of one type. */
  frames(socket: string, type: string): { type: string; [key: string]: unknown }[] {
    return (this.told[socket] ?? []).filter((frame) => frame.type === type);
  }

  /** A runner asks for a spare, and links it; its name. */
  spare(socket: string, server = 'files'): string {
    this.say(socket, { type: 'want', server });
    const session = String(this.frames(socket, 'spare').at(-1)?.['session']);
    this.say(socket, { type: 'ready', session });
    return session;
  }

  mayOpen(principal = 'ann', server = 'files') {
    const { turn, effects } = this.#fleet.mayOpen(opening(principal, server), this.now);
    this.#perform(effects);
    return turn;
  }

  /** The spare that an opening gets. */
  handOut(principal = 'ann'): string | undefined {
    const turn = this.mayOpen(principal);
    return turn.ok ? turn.value.spare : undefined;
  }

  home(actor: string, principal = 'ann') {
    const { home, effects } = this.#fleet.home(
      opening(principal, 'files', 'modern'),
      actor,
      this.now,
    );
    this.#perform(effects);
    return home;
  }

  /** Has a session placed, and returns the answer. */
  open(
    session: string,
    clientKind: ClientKind = 'streamable',
    principal = 'ann',
    grant?: string,
    mostSessions?: number,
    as?: AdmittedAs,
    person?: ToldPerson,
  ) {
    const ask = `ask ${session}`;
    this.#perform(
      this.#fleet.open(
        ask,
        { session, ...opening(principal, 'files', clientKind), grant, mostSessions, as, person },
        this.now,
      ),
    );
    const answer = this.effects.find((effect) => effect.do === 'opened' && effect.ask === ask);
    return answer?.do === 'opened' ? answer.opened : undefined;
  }

  placed(actor: string) {
    return this.#fleet.placed(actor);
  }

  /** The host has signed what it was asked for. */
  sign(): void {
    for (const ask of this.#toSign.splice(0)) this.#perform(this.#fleet.signed(ask, 'ticket'));
  }

  tick(): void {
    this.#perform(this.#fleet.tick(this.now));
  }

  get wakeAt(): number | undefined {
    return this.#fleet.wakeAt;
  }

  /** Whether an actor heard that its session is given up. */
  heard(session: string, isHeard: boolean): void {
    this.#perform(this.#fleet.heard(session, isHeard, this.now));
  }

  withdraw(withdrawal: Withdrawal): void {
    this.#perform(this.#fleet.withdrawn(withdrawal, this.now));
  }

  /** The operator sets a policy. */
  policySet(policy: PolicyText | undefined, before?: PolicyText, version = 1): void {
    const read = (text: PolicyText | undefined) => text && new OperatorPolicy(text);
    this.#perform(this.#fleet.policySet(version, read(before), read(policy), this.now));
  }

  /** The owner ends a session; whether there was one. */
  dismiss(session: string): boolean {
    const { isEnded, effects } = this.#fleet.dismissed(session, this.now);
    this.#perform(effects);
    return isEnded;
  }

  closed(session: string): void {
    this.#perform(this.#fleet.closed(session, this.now));
  }

  redial(session: string, epoch: number): void {
    this.#perform(this.#fleet.redial(session, epoch, this.now));
  }

  review(): void {
    this.#perform(this.#fleet.review(this.now));
  }

  /** What the owner sees, or a principal. */
  look(principal?: string) {
    const { look, effects } = this.#fleet.look(principal, this.now);
    this.#perform(effects);
    return look;
  }

  get view() {
    return this.#fleet.view(this.now).view;
  }

  #perform(effects: readonly FleetEffect[]): void {
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.do === 'note') this.#notes.set(effect.socket, effect.note);
      if (effect.do === 'sign') this.#toSign.push(effect.ask);
      if (effect.do === 'sign' && !this.signsLater) this.sign();
      if (effect.do !== 'send') continue;
      (this.told[effect.socket] ??= []).push(JSON.parse(effect.text) as { type: string });
    }
  }
}

const policyOf = (text: PolicyText | 'broken'): OperatorPolicy | 'broken' =>
  text === 'broken' ? text : new OperatorPolicy(text);

const opening = (
  principal: string,
  server: string,
  clientKind: ClientKind = 'streamable',
): Opening => ({ server, principal, clientKind });

/** The name of a modern client's own actor. */
export const modernActor = (letter: string): string =>
  `m-${letter}`.padEnd(NAME_CHARACTERS, letter);
