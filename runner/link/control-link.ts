// The runner's control link: offers servers and takes sessions (PROTOCOL.md §3).
import { afterControlClose, CLOSE, wasReplaced } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeBytes, encodeBytes } from '../../shared/link/codec.ts';
import {
  controlDown,
  type ControlDown,
  type ControlUp,
  type HelloFrame,
} from '../../shared/link/control-frames.ts';
import { NO_FLOW } from '../../shared/link/outbox.ts';
import type { Fault } from '../../shared/fault.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import type { RunnerToken } from '../runner-token.ts';
import {
  CONTROL_BACKOFF_CAP_MS,
  GRACE_BACKOFF_CAP_MS,
  LINK_GRACE_MS,
} from '../../shared/link/timing.ts';
import type { Connect } from './connect.ts';
import type { LinkEnd } from './dial.ts';
import { KeptLink, type Verdict } from './kept-link.ts';
import { networkProblem } from './network-problem.ts';
import { explainAnswer } from './refusal.ts';
import type { Problem } from '../../shared/problem.ts';
import type { SessionName } from '../../shared/ids.ts';

export interface ControlLinkOptions {
  /** Origin of the edge, as an http(s) URL. */
  readonly edge: string;
  readonly token: RunnerToken;
  /** How sockets are made; see DialOptions. */
  readonly connect?: Connect | undefined;
  readonly log: Log;
  hello(): Omit<HelloFrame, 'standby'>;
  /** A socket reached the edge. */
  opened(): void;
  welcomed(frame: ControlDown & { type: 'welcome' }): void;
  /** The socket is gone. */
  lost(): void;
  open(frame: ControlDown & { type: 'open' }): void;
  spare(frame: ControlDown & { type: 'spare' }): void;
  yield(frame: ControlDown & { type: 'yield' }): void;
  close(session: SessionName): void;
  redial(frame: ControlDown & { type: 'redial' }): void;
  watch(): void;
}

const DISPLACED: Problem = {
  what: 'another machine shows the credential of this runner, and serves in its place; this one waits, and serves again once the other is gone',
  fix: 'Give each machine a runner name and a credential of its own. `mcp-bridge runner list` shows where the other came from. If you do not know it, replace the credential now.',
};

/** After the grace the sleeps grow with the time away: a runner that was away for a minute is back within 15 s. */
const AWAY_SHARE = 4;

export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #link: KeptLink;
  #isWelcome = false;
  /** Another machine took this runner's place (LP9). */
  #isDisplaced = false;
  #isStopped = false;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    const { connect } = options;
    const url = `${webSocketOrigin(options.edge)}/runner/link`;
    this.#link = new KeptLink({
      backoffCapMs: (awayMs) => this.#backoffCapMs(awayMs),
      dialOptions: async () => ({ url, token: await options.token.forDial(options.edge), connect }),
      opened: () => {
        this.say({ ...options.hello(), ...(this.#isDisplaced && { standby: true }) });
        options.opened();
      },
      frame: (bytes) => this.#frame(bytes),
      ended: (end) => this.#ended(end),
      failed: (error) =>
        options.log.error('the control link failed and is dialled again', failureFields(error)),
    });
    this.#link.start();
  }

  get isLinked(): boolean {
    return this.#isWelcome;
  }

  /** One of the sessions' links reached the edge. */
  edgeReached(): void {
    this.#link.edgeReached();
  }

  say(frame: ControlUp): void {
    this.#link.send(encodeBytes(frame), () => ({ flow: NO_FLOW }));
  }

  refuse(session: SessionName, { fault, message, phase }: Fault): void {
    this.say({ type: 'refused', session, fault, message, phase });
  }

  stop(): void {
    this.#isStopped = true;
    this.#link.stop(CLOSE.done, 'the runner stopped');
  }

  #backoffCapMs(awayMs: number): number {
    const hasSessions = this.#options.hello().sessions.length > 0;
    if (hasSessions && awayMs < LINK_GRACE_MS) return GRACE_BACKOFF_CAP_MS;
    if (hasSessions) return Math.min(CONTROL_BACKOFF_CAP_MS, awayMs / AWAY_SHARE);
    return CONTROL_BACKOFF_CAP_MS;
  }

  #frame(bytes: Uint8Array): void {
    const reading = decodeBytes(controlDown, bytes);
    if (!reading.ok) {
      // LP10: an edge that sends what no edge may send is not trusted any further.
      this.#options.log.error('the edge sent a frame outside the protocol', {
        reason: reading.reason,
      });
      return this.#link.reset(CLOSE.protocol, OUTSIDE_PROTOCOL);
    }
    const { header } = reading.frame;
    switch (header.type) {
      case 'welcome':
        this.#isWelcome = true;
        this.#isDisplaced = false;
        return this.#options.welcomed(header);
      case 'open':
        return this.#options.open(header);
      case 'spare':
        return this.#options.spare(header);
      case 'yield':
        return this.#options.yield(header);
      case 'close':
        return this.#options.close(header.session);
      case 'redial':
        return this.#options.redial(header);
      case 'watch':
        return this.#options.watch();
    }
  }

  #ended(end: LinkEnd): Verdict {
    this.#isWelcome = false;
    this.#options.lost();
    const { log } = this.#options;
    if (this.#isStopped) {
      // However it ended: it was to end.
      log.debug('control link closed');
      return 'stop';
    }
    if (end.kind === 'failed') {
      log.warn('the edge cannot be reached', {
        error: end.error.message,
        ...networkProblem(end.error),
      });
      return 'relink';
    }
    if (end.kind === 'refused') return this.#refused(end);
    if (wasReplaced(end.code)) {
      this.#isDisplaced = true;
      log.error('another machine connected as this runner', { ...DISPLACED });
    } else log.warn('control link closed', { code: end.code, reason: end.reason });
    return afterControlClose(end.code);
  }

  #refused({ answer }: LinkEnd & { kind: 'refused' }): Verdict {
    const { status, headers, body } = answer;
    this.#options.log.error('the edge refused the control link', {
      status,
      ...explainAnswer(answer),
      body,
      location: headers.location,
    });
    // Trouble of a gateway passes. What an edge says itself, or a page in its place, stays until somebody acts.
    return status >= 500 || status === 429 ? 'relink' : 'relink_slowly';
  }
}

/** `https://host` → `wss://host`, `http://host` → `ws://host`. */
export const webSocketOrigin = (edge: string): string => edge.replace(/^http/u, 'ws');
