// Collects what one session sends, in order, until its host takes it: lines to the process, frames and events to the edge, and
// notes.
import type { Bytes } from '../../shared/bytes.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';
import { DropNotes } from './drop-notes.ts';
import type { Posts } from './posts.ts';
import type { Presence } from './presence.ts';
import type { Note, SessionEffect, SettledCall } from './session-effects.ts';
import type { StreamLog } from './stream-log.ts';
import type { StreamId } from '../../shared/ids.ts';

/** Bytes that may wait for a process that does not read its stdin; beyond it posts are refused. */
const STDIN_BACKLOG_BYTES = 8 * 1024 * 1024;

interface Parts {
  readonly log: StreamLog;
  readonly posts: Posts;
  readonly presence: Presence;
}

export class SessionOutput {
  readonly #parts: Parts;
  readonly #drops = new DropNotes();
  #effects: SessionEffect[] = [];
  #isPaused = false;
  /** Bytes written since the process's stdin was full; undefined while it takes what it is given. */
  #stdinBacklogBytes: number | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  // To the process.

  /** A message of the bridge's own. */
  write(line: Uint8Array): void {
    this.#write({ do: 'write', line });
  }

  /** A message of a client. */
  pass(message: MessageView): void {
    this.#write({ do: 'write', line: message.bytes, message });
  }

  #write(effect: SessionEffect & { readonly do: 'write' }): void {
    if (this.#stdinBacklogBytes !== undefined) this.#stdinBacklogBytes += effect.line.length;
    this.#effects.push(effect);
  }

  stdinFull(): void {
    this.#stdinBacklogBytes ??= 0;
  }

  /** What waits for a process that does not read. */
  get stdinQueueBytes(): number {
    return this.#stdinBacklogBytes ?? 0;
  }

  stdinDrained(): void {
    this.#stdinBacklogBytes = undefined;
  }

  /** Whether this many more bytes may wait for the process. */
  takes(bytes: number): boolean {
    const waiting = this.#stdinBacklogBytes;
    return waiting === undefined || waiting + bytes <= STDIN_BACKLOG_BYTES;
  }

  /** `isStarting`: as in {@link SessionEffect}. */
  stop(reason: string, isStarting: boolean): void {
    this.#effects.push({ do: 'stop', reason, isStarting });
  }

  // To the edge.

  /** Frames other than events need no log: a worker that misses one asks again (LP18). */
  send(frame: SessionUp): void {
    if (this.#parts.presence.isLinked) this.#effects.push({ do: 'send', frame });
  }

  /** The stream's next event. It goes out with {@link sendEvents}, once there is a link and credit. */
  emit(
    stream: StreamId,
    message: Bytes | undefined,
    final: boolean,
    now: number,
    ms?: number,
  ): void {
    this.#parts.posts.accepted(stream);
    this.#parts.log.append(stream, message, final, now, ms);
  }

  sendEvents(): void {
    for (const { message, seq, stream, final, ms } of this.#parts.log.takeSendable()) {
      const begun = { type: 'event' as const, stream, seq };
      const ended =
        ms === undefined
          ? { ...begun, final: true as const }
          : { ...begun, final: true as const, ms };
      this.#effects.push({ do: 'send', frame: final ? ended : begun, message });
    }
  }

  /** The events of a stream that the link has not sent yet must go out later. */
  withdraw(stream: StreamId): void {
    if (this.#parts.log.isUnderWay(stream)) this.#effects.push({ do: 'withdraw', stream });
  }

  /** Nobody is owed anything of a stream any more. */
  drop(stream: StreamId): void {
    if (this.#parts.log.isUnderWay(stream)) this.#effects.push({ do: 'drop', stream });
    this.#parts.log.drop(stream);
  }

  // To the log.

  note(level: Note['level'], words: string, fields: object): void {
    this.#effects.push({ do: 'note', level, words, fields });
  }

  noteDrop(words: string, fields: object, now: number): void {
    const note = this.#drops.count(words, fields, now);
    if (note) this.#effects.push(note);
  }

  settled(call: SettledCall): void {
    this.#effects.push({ do: 'settled', call });
  }

  /** Everything since the last call, and whether stdout should be read. */
  take(): SessionEffect[] {
    const { log } = this.#parts;
    if (this.#isPaused ? log.mayResume : log.isCongested) {
      this.#isPaused = !this.#isPaused;
      this.#effects.push({ do: this.#isPaused ? 'pause' : 'resume' });
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
