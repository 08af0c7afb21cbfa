// What happens to a call once its legacy process is ready: most calls are written to it, some are answered in its name.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { LISTEN_METHOD } from '../../../shared/mcp/modern.ts';
import { withoutBytes } from '../client-call.ts';
import { discoverResult } from './discover-result.ts';
import type { Effects } from '../effects.ts';
import type { LegacyCall } from './call.ts';
import type { About, LegacyProcess } from './pool.ts';
import type { Subscriptions } from './subscriptions.ts';
import { moreVerbose } from '../log-levels.ts';
import type { OwnRequests } from '../own-requests.ts';
import type { ToolHeaders } from '../tool-headers.ts';
import type { Turns } from './turns.ts';

/** running: the answer is still to come. over: it was given. held: it is not the call's turn, or something must be known first. */
export type Sent = 'running' | 'over' | 'held';

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

  send(process: LegacyProcess, call: LegacyCall, now: number): Sent {
    const { about } = process;
    if (!about) return 'held';
    const { client } = call;
    if (client.method === 'server/discover') {
      this.#effects.say({ id: client.bridgeId, result: discoverResult(about) });
      return 'over';
    }
    if (client.method === LISTEN_METHOD)
      return this.#subscriptions.open(call, about) ? 'running' : 'over';
    call.turnAt = undefined;
    const check = this.#headers.check(client, process.slot, now);
    if (check === 'unknown') return 'held';
    if (check !== 'ok') return this.#refuse(client.bridgeId, check);
    const turnAt = this.#turns.mayRunAt(process, call);
    if (turnAt > now) {
      call.turnAt = turnAt;
      return 'held';
    }
    this.#setLogLevel(process, about, call);
    this.#effects.write(process.slot, call.bytes);
    written(process, call, now);
    return 'running';
  }

  #refuse(bridgeId: BridgeRequestId, error: ErrorObject): Sent {
    this.#effects.fail(bridgeId, error);
    return 'over';
  }

  /** The process has one level for all calls: the most verbose that a call in flight wants. */
  #setLogLevel(process: LegacyProcess, about: About, { client: { logLevel } }: LegacyCall): void {
    if (about.capabilities['logging'] === undefined || logLevel === undefined) return;
    const running = [...process.calls].filter(({ state }) => state === 'running');
    const wanted = running.map(({ client }) => client.logLevel);
    const level = wanted.reduce(moreVerbose, logLevel) ?? logLevel;
    if (process.logLevel === level) return;
    process.logLevel = level;
    this.#own.send(process.slot, 'logging/setLevel', { level });
  }
}

const NO_BYTES = new Uint8Array(0);

/** Frees what was written: a call may run for an hour. */
function written(process: LegacyProcess, call: LegacyCall, now: number): void {
  call.bytes = NO_BYTES;
  call.client = withoutBytes(call.client);
  call.writtenAt = now;
  if (call.isAsking) process.enteredAt = now;
}
