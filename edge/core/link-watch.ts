// Whether a session's link still lives. It is looked at when it is used, and while somebody waits; one that rested is asked for a sign
// of life, and one that gives none is dropped (LP4, R-7).
import type { RunnerLine } from './runner-line.ts';
import type { LinkNote, SessionSockets } from './session-sockets.ts';
import { judgeLink } from './silence.ts';
import type { Dues } from '../../shared/dues.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { LOOK_MS, PONG_MS } from '../../shared/link/timing.ts';
import type { SocketId } from '../../shared/ids.ts';

/** What it needs of the session. */
export interface WatchHost {
  readonly line: RunnerLine;
  readonly sockets: SessionSockets;
  /** When the socket's newest ping came. */
  pingAt(socket: SocketId): number | undefined;
  down(messages: readonly string[]): void;
  /** The link is dead, and its socket is closed. */
  dropped(socket: SocketId, note: LinkNote): void;
}

export class LinkWatch {
  readonly #host: WatchHost;
  /** When to check next whether the link is silent. */
  #lookAt: number | undefined;
  /** When a link that had rested, and was asked for a sign of life, must have given one. */
  #answerBy: number | undefined;

  constructor(host: WatchHost) {
    this.#host = host;
  }

  readonly dues: Dues = (due) => {
    due(this.#lookAt, this.#look, LOOK_MS);
    due(this.#answerBy, this.#drop, PONG_MS);
  };

  readonly #look = (now: number): void => {
    this.#lookAt = undefined;
    this.use(now);
  };

  /** `isWatched`: somebody waits who would not look. */
  keep(isWatched: boolean, now: number): void {
    this.#lookAt = isWatched ? (this.#lookAt ?? now + LOOK_MS) : undefined;
  }

  /** Something came from the runner, or its socket is gone. */
  heard(): void {
    this.#answerBy = undefined;
  }

  /**
   * A half-open socket never closes by itself, so each use of the link looks first when it was last heard. One that may only rest is
   * asked for a sign of life.
   */
  use(now: number): void {
    const { socket, heardAt } = this.#host.line;
    const note = this.linkNote;
    if (socket === undefined || !note) return;
    if (judgeLink({ heardAt, askedAt: 0 }, now) === 'alive') return;
    const pingAt = this.#host.pingAt(socket) ?? 0;
    const signs = { heardAt: Math.max(heardAt, pingAt), askedAt: note.at };
    const verdict = judgeLink(signs, now);
    if (verdict === 'silent') this.#drop();
    if (verdict !== 'unsure') return;
    // Kept beside the socket, since the actor may sleep before the answer.
    this.#host.sockets.note(socket, { ...note, at: now });
    this.#answerBy = now + PONG_MS;
    this.#host.down(this.#host.line.ping(now));
  }

  /** The link is dead. Its runner may not know: a resting link pings rarely. */
  readonly #drop = (): void => {
    this.#answerBy = undefined;
    const { socket } = this.#host.line;
    const note = this.linkNote;
    if (socket === undefined || !note) return;
    this.#host.sockets.close(socket, CLOSE.heartbeat, 'no ping');
    this.#host.dropped(socket, note);
  };

  /** What is noted on the link's socket. */
  get linkNote(): LinkNote | undefined {
    const { socket } = this.#host.line;
    const note = socket === undefined ? undefined : this.#host.sockets.noteOf(socket);
    return note?.role === 'runner' ? note : undefined;
  }
}
