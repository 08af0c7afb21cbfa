// The greeting of a legacy process that several seats share. It is initialized once, as the bridge, which has no capabilities: nothing it
// could ask has one client that it is for. Every seat gets the answer.
import type { MessageView, Path } from '../../shared/jsonrpc/view.ts';
import { TASKS_EXTENSION } from '../../shared/mcp/modern.ts';
import type { LegacyRevision } from '../../shared/mcp/revisions.ts';
import { BRIDGE_INFO } from '../translate/envelope.ts';
import { underRawId, withoutMember } from '../translate/message.ts';
import type { SeatNumber } from './effects.ts';
import type { HubOutput } from './hub-output.ts';
import type { SeatCalls } from './seat-calls.ts';

/** `refused`: the process answered with an error, and may be of the other era. */
type State = 'none' | 'asked' | 'done' | 'refused';

interface Parts {
  readonly calls: SeatCalls;
  readonly out: HubOutput;
  /** A seat has the process's greeting. */
  readonly greeted: (seat: SeatNumber, now: number) => void;
}

export class SharedGreeting {
  readonly #parts: Parts;
  #state: State = 'none';
  #revision: LegacyRevision | undefined;
  #answer: MessageView | undefined;
  /** Seats that wait for the answer, with the ids of their requests as raw JSON text. */
  readonly #waiting = new Map<SeatNumber, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get state(): State {
    return this.#state;
  }

  /** What it was asked for. */
  get revision(): LegacyRevision | undefined {
    return this.#revision;
  }

  /** A seat's `initialize`. */
  request(seat: SeatNumber, rawId: string, revision: LegacyRevision, now: number): void {
    const { calls, out } = this.#parts;
    if (this.#answer) return this.#say(seat, rawId, this.#answer, now);
    this.#waiting.set(seat, rawId);
    if (this.#state === 'asked') return;
    this.#state = 'asked';
    this.#revision = revision;
    const { id } = calls.addOwn('initialize', now, (answer, at) => this.#answered(answer, at));
    const params = { protocolVersion: revision, capabilities: {}, clientInfo: BRIDGE_INFO };
    out.tell({ id, method: 'initialize', params });
  }

  left(seat: SeatNumber): void {
    this.#waiting.delete(seat);
  }

  #answered(answer: MessageView, now: number): void {
    const isDone = answer.kind === 'result';
    this.#state = isDone ? 'done' : 'refused';
    this.#answer = withoutTasks(answer).kept();
    if (isDone) this.#parts.out.tell({ method: 'notifications/initialized' });
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [seat, rawId] of waiting) this.#say(seat, rawId, this.#answer, now);
  }

  #say(seat: SeatNumber, rawId: string, answer: MessageView, now: number): void {
    this.#parts.out.say(seat, underRawId(answer, rawId));
    if (answer.kind === 'result') this.#parts.greeted(seat, now);
  }
}

/** What a server declares, without tasks: whoever knows the id of one could end it, and a list would show those of everybody. */
export function withoutTasks(answer: MessageView): MessageView {
  const capabilities: Path = ['result', 'capabilities'];
  const extensions: Path = [...capabilities, 'extensions'];
  const legacy = withoutMember(answer, capabilities, 'tasks');
  return withoutMember(legacy, extensions, TASKS_EXTENSION);
}
