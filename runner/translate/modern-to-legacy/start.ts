// Starts legacy processes. Each is initialized once, as the client whose call needed it.
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { clientName } from '../client-key.ts';
import type { Effects } from '../effects.ts';
import { earlier } from '../../../shared/dues.ts';
import { initializeParams } from '../envelope.ts';
import type { LegacyCall } from './call.ts';
import { aboutOf, mayAsk, type LegacyPool, type LegacyProcess } from './pool.ts';
import type { OwnRequests } from '../own-requests.ts';

/** To `initialize`. */
type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: Partial<ErrorObject> };

/**
 * Called for a process that runs but cannot be used, with the reason: `description` completes "the server process …", `error` is what it
 * answered; `goesOn`: it is only slow.
 */
type OnFailed = (
  process: LegacyProcess,
  description: string,
  error?: Partial<ErrorObject>,
  goesOn?: boolean,
) => void;

export class LegacyStart {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #pool: LegacyPool;
  readonly #startTimeoutMs: number;
  readonly #failed: OnFailed;

  constructor(parts: {
    readonly effects: Effects;
    readonly own: OwnRequests;
    readonly pool: LegacyPool;
    readonly limits: { readonly startTimeoutMs: number };
    readonly failed: OnFailed;
  }) {
    this.#effects = parts.effects;
    this.#own = parts.own;
    this.#pool = parts.pool;
    this.#startTimeoutMs = parts.limits.startTimeoutMs;
    this.#failed = parts.failed;
  }

  start(call: LegacyCall, now: number): LegacyProcess {
    const slot = this.#effects.start();
    const process = this.#add(slot, call, now);
    const params = initializeParams(call.client);
    this.#own.send(slot, 'initialize', params, (answer, at) =>
      this.#initialized(process, answer, at),
    );
    return process;
  }

  /** Takes over a process that has answered `initialize` as the client of `call`. */
  adopt(slot: number, call: LegacyCall, result: unknown, now: number): void {
    this.#initialized(this.#add(slot, call, now), { ok: true, result }, now);
  }

  tick(now: number): void {
    const seconds = String(Math.round(this.#startTimeoutMs / 1000));
    for (const process of this.#pool.all()) {
      if (process.about || process.startBy > now) continue;
      this.#failed(process, `did not answer initialize within ${seconds} s`, undefined, true);
    }
  }

  get wakeAt(): number | undefined {
    let at: number | undefined;
    for (const { about, startBy } of this.#pool.all()) if (!about) at = earlier(at, startBy);
    return at;
  }

  #add(slot: number, { key, capabilities, client, of }: LegacyCall, now: number): LegacyProcess {
    return this.#pool.add({
      slot,
      key,
      capabilities,
      clients: new Map([[of, clientName(client.clientInfo)]]),
      calls: new Set(),
      isUsed: false,
      about: undefined,
      mayAsk: mayAsk(undefined, capabilities),
      held: [],
      enteredAt: 0,
      startBy: now + this.#startTimeoutMs,
      idleSince: now,
      logLevel: undefined,
    });
  }

  #initialized(process: LegacyProcess, answer: Answer, now: number): void {
    if (!answer.ok) return this.#failed(process, 'refused to be initialized', answer.error);
    this.#effects.learned('legacy', true);
    process.about = aboutOf(answer.result);
    process.mayAsk = mayAsk(process.about.revision, process.capabilities);
    process.idleSince = now;
    this.#effects.served(process.slot);
    this.#effects.notify(process.slot, { method: 'notifications/initialized' });
  }
}
