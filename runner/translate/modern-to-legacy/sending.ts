// What happens to a call once its legacy process is ready: most calls are written to it, some are answered in its name.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { LISTEN_METHOD } from '../../../shared/mcp/modern.ts';
import { withoutBytes } from '../client-call.ts';
import { discoverResult } from './discover-result.ts';
import type { Effects } from '../effects.ts';
import { isHeard, moveTo, type LegacyCall, type Placed } from './call.ts';
import type { About, LegacyProcess } from './pool.ts';
import type { Subscriptions } from './subscriptions.ts';
import { moreVerbose } from '../log-levels.ts';
import type { OwnRequests } from '../own-requests.ts';
import type { ToolHeaders } from '../tool-headers.ts';
import type { Turns } from './turns.ts';

/** sent: the call runs, or listens. over: it is answered. held: it is not the call's turn, or something must be known first. */
export type Sent = 'sent' | 'over' | 'held';

export class LegacySending {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #subscriptions: Subscriptions;
  readonly #headers: ToolHeaders;
  readonly #turns: Turns;

  constructor(parts: {
    readonly effects: Effects;
    readonly own: OwnRequests;
    readonly subscriptions: Subscriptions;
    readonly headers: ToolHeaders;
    readonly turns: Turns;
  }) {
    this.#effects = parts.effects;
    this.#own = parts.own;
    this.#subscriptions = parts.subscriptions;
    this.#headers = parts.headers;
    this.#turns = parts.turns;
  }

  send(process: LegacyProcess, call: LegacyCall, placed: Placed, now: number): Sent {
    const { about, slot } = process;
    if (!about) return 'held';
    const { client } = call;
    if (client.method === 'server/discover') {
      this.#effects.say({ id: client.bridgeId, result: discoverResult(about) });
      return 'over';
    }
    if (client.method === LISTEN_METHOD) {
      if (!this.#subscriptions.open(call, slot, about)) return 'over';
      moveTo(call, { kind: 'listening', slot });
      return 'sent';
    }
    placed.turnAt = undefined;
    const check = this.#headers.check(client, slot, now);
    if (check === 'unknown') return 'held';
    if (check !== 'ok') return this.#refuse(client.bridgeId, check);
    const turnAt = this.#turns.mayRunAt(process, call);
    if (turnAt > now) {
      placed.turnAt = turnAt;
      return 'held';
    }
    this.#setLogLevel(process, about, call);
    this.#effects.write(slot, placed.bytes);
    call.client = withoutBytes(client);
    if (call.isAsking) process.enteredAt = now;
    moveTo(call, { kind: 'running', slot, writtenAt: now, questions: [] });
    return 'sent';
  }

  #refuse(bridgeId: BridgeRequestId, error: ErrorObject): Sent {
    this.#effects.fail(bridgeId, error);
    return 'over';
  }

  /** The process has one level for all calls: the most verbose that a call in flight wants. */
  #setLogLevel(process: LegacyProcess, about: About, { client: { logLevel } }: LegacyCall): void {
    if (about.capabilities['logging'] === undefined || logLevel === undefined) return;
    const running = [...process.calls].filter(isHeard);
    const wanted = running.map(({ client }) => client.logLevel);
    const level = wanted.reduce(moreVerbose, logLevel) ?? logLevel;
    if (process.logLevel === level) return;
    process.logLevel = level;
    this.#own.send(process.slot, 'logging/setLevel', { level });
  }
}
