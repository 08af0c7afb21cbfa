// The lines that one process prints. Passes messages on, mends what is nearly a message, and ends the request whose answer
// cannot be read (PROMISES.md, "Servers that bend the protocol").
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { OnDue } from '../../shared/dues.ts';
import type { Fault } from '../../shared/fault.ts';
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import { readMessages, viewOf, type MessageView } from '../../shared/jsonrpc/view.ts';
import type { Calls } from './calls.ts';
import type { Handshake } from './handshake.ts';
import type { Hearing } from './hearing.ts';
import type { Outcomes } from './outcomes.ts';
import { FRAMED_WORDS, type Overheard } from './overheard.ts';
import { ProcessText, type Heard } from './process-text.ts';
import type { ProcessToClient } from './process-to-client.ts';
import type { SessionOutput } from './session-output.ts';

interface Parts {
  readonly handshake: Handshake;
  readonly calls: Calls;
  readonly outcomes: Outcomes;
  readonly hearing: Hearing;
  readonly overheard: Overheard;
  readonly messages: ProcessToClient;
  readonly out: SessionOutput;
}

export class ProcessLines {
  readonly #parts: Parts;
  readonly #text = new ProcessText();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `bridgeId`: the id of the request the line belongs to, if a translator knows it and the line does not say. */
  line(bytes: Uint8Array, now: number, bridgeId: BridgeRequestId | undefined): void {
    const read = readMessages(bytes, scanLine);
    if (!read.ok) return this.#odd(bytes, now, bridgeId);
    for (const message of read.messages) this.#parts.messages.message(message, now, bridgeId);
    this.#hear(this.#text.interrupted(), now);
  }

  /** A message that was scanned where it was heard. `bridgeId` as in {@link line}. */
  message(message: MessageView, now: number, bridgeId: BridgeRequestId | undefined): void {
    this.#parts.messages.message(message, now, bridgeId);
    this.#hear(this.#text.interrupted(), now);
  }

  /** The process printed more than a line may hold. It is known to be an answer only if one request is waiting. */
  overlong(bytes: number, now: number): void {
    const { calls, outcomes, out } = this.#parts;
    const message = `The server printed a line of more than ${String(bytes - 1)} bytes, which the bridge cannot carry.`;
    const inFlight = calls.all();
    const fault: Fault =
      inFlight.length === 1
        ? { fault: 'too_large', message, phase: 'sent' }
        : { fault: 'process_protocol', message, phase: 'unknown' };
    for (const call of inFlight) outcomes.fail(call, fault, now);
    out.noteDrop('a line on stdout is too long; dropped', { bytes }, now);
  }

  /** The due times of lines that are not whole or not certain. */
  dues(due: OnDue): void {
    due(this.#text.wakeAt, (now) => this.#hear(this.#text.tick(now), now));
    due(this.#parts.hearing.wakeAt, (now) => this.#failDoubted(now));
  }

  /** A line that is not strictly a message: handles what it contains, or was meant to be. */
  #odd(line: Uint8Array, now: number, bridgeId: BridgeRequestId | undefined): void {
    const { handshake, hearing, overheard } = this.#parts;
    const heard = this.#text.line(line, now);
    if (!handshake.isDone && heard.some(({ kind }) => kind !== 'message')) {
      overheard.note(line);
      if (overheard.isFramed) hearing.hopeless(FRAMED_WORDS, now);
    }
    this.#hear(heard, now, bridgeId);
  }

  #hear(heard: readonly Heard[], now: number, bridgeId?: BridgeRequestId): void {
    const { messages, hearing, out } = this.#parts;
    for (const said of heard) {
      if (said.kind === 'message') {
        messages.message(viewOf(said.bytes, said.envelope), now, bridgeId);
        continue;
      }
      const { reason } = said;
      if (said.kind === 'noise') {
        out.noteDrop('a line on stdout is not a JSON-RPC message; dropped', { reason }, now);
        continue;
      }
      out.noteDrop('an answer on stdout cannot be read; dropped', { reason }, now);
      const failed = hearing.broken(said, now);
      if (failed) messages.unreadable(failed, now);
    }
  }

  #failDoubted(now: number): void {
    const { hearing, messages } = this.#parts;
    for (const failed of hearing.due(now)) messages.unreadable(failed, now);
  }
}
