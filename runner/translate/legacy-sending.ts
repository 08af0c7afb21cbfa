// What becomes of a call once its legacy process is ready: most are written to it, some are answered in its name.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { discoverResult } from './discover-result.ts';
import type { Effects } from './effects.ts';
import type { LegacyCall } from './legacy-call.ts';
import type { About, LegacyProcess } from './legacy-pool.ts';
import type { Listens } from './listens.ts';
import type { OwnRequests } from './own-requests.ts';
import type { ToolHeaders } from './tool-headers.ts';

/** running: the answer is still to come. over: it was given. held: something must be known of the process first. */
export type Sent = 'running' | 'over' | 'held';

export class LegacySending {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #listens: Listens;
  readonly #headers: ToolHeaders;

  constructor(parts: {
    readonly effects: Effects;
    readonly own: OwnRequests;
    readonly listens: Listens;
    readonly headers: ToolHeaders;
  }) {
    this.#effects = parts.effects;
    this.#own = parts.own;
    this.#listens = parts.listens;
    this.#headers = parts.headers;
  }

  send(process: LegacyProcess, call: LegacyCall, now: number): Sent {
    const { about } = process;
    if (!about) return 'held';
    const { client } = call;
    if (client.method === 'server/discover') {
      this.#effects.say({ id: client.id, result: discoverResult(about) });
      return 'over';
    }
    if (client.method === LISTEN_METHOD)
      return this.#listens.open(call, about) ? 'running' : 'over';
    const check = this.#headers.check(client, process.slot, now);
    if (check === 'unknown') return 'held';
    if (check !== 'ok') return this.#refuse(client.id, check);
    this.#setLogLevel(process, about, call);
    this.#effects.write(process.slot, call.bytes);
    return 'running';
  }

  #refuse(id: number, error: ErrorObject): Sent {
    this.#effects.fail(id, error);
    return 'over';
  }

  /** A call with a level is alone, so its level is the most verbose one wanted of this process. */
  #setLogLevel(process: LegacyProcess, about: About, { client: { logLevel } }: LegacyCall): void {
    const canLog = about.capabilities['logging'] !== undefined;
    if (!canLog || logLevel === undefined || process.logLevel === logLevel) return;
    process.logLevel = logLevel;
    this.#own.send(process.slot, 'logging/setLevel', { level: logLevel });
  }
}
