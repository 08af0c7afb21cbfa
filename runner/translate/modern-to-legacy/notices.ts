// Notifications between modern clients and legacy processes: which client each notification of a process is for, and which
// process each notification of a client is for.
import { isVendorNotification } from '../../../shared/mcp/notifications.ts';
import type { InputRequests } from './input-requests.ts';
import { noticeForLegacyProcess } from '../client-call.ts';
import { hasNoMeaning, NO_PROCESS, type ClientNotification } from '../client-notification.ts';
import type { Effects } from '../effects.ts';
import type { LegacyPool, LegacyProcess } from './pool.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Liveness } from '../../core/liveness.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { isRunning } from './call.ts';
import { logOwners, progressFor } from './answers.ts';
import type { ToolHeaders } from '../tool-headers.ts';

/** It means something to a legacy process, although the modern era does not have it. */
const ROOTS_CHANGED = 'notifications/roots/list_changed';

interface Parts {
  readonly effects: Effects;
  readonly pool: LegacyPool;
  readonly inputRequests: InputRequests;
  readonly subscriptions: Subscriptions;
  readonly headers: ToolHeaders;
  readonly liveness: Liveness;
}

export class LegacyNotices {
  readonly #effects: Effects;
  readonly #pool: LegacyPool;
  readonly #inputRequests: InputRequests;
  readonly #subscriptions: Subscriptions;
  readonly #headers: ToolHeaders;
  readonly #liveness: Liveness;

  constructor(parts: Parts) {
    this.#effects = parts.effects;
    this.#pool = parts.pool;
    this.#inputRequests = parts.inputRequests;
    this.#subscriptions = parts.subscriptions;
    this.#headers = parts.headers;
    this.#liveness = parts.liveness;
  }

  /** A notification of a client, for its process. */
  fromClient(notification: ClientNotification): void {
    for (const process of this.#processesOf(notification)) {
      process.isUsed = true;
      this.#effects.notify(process.slot, noticeForLegacyProcess(notification));
    }
  }

  /** Why a client's notification would reach no process; undefined if it reaches one. */
  refusal(notification: ClientNotification): string | undefined {
    const { method } = notification.message;
    if (!isVendorNotification(method) && method !== ROOTS_CHANGED) return hasNoMeaning(method);
    return this.#processesOf(notification).length > 0 ? undefined : NO_PROCESS;
  }

  /** A notification of a process. */
  fromProcess(process: LegacyProcess, message: MessageView, now: number): void {
    const { method } = message;
    switch (method) {
      case 'notifications/progress': {
        const line = progressFor(process.calls, message);
        if (!line) return this.#effects.drop('progress for no request in flight', {}, now);
        this.#liveness.seen(process.slot, now);
        return this.#effects.say(line);
      }
      case 'notifications/message': {
        const owners = logOwners(process.calls, message);
        for (const { client } of owners) this.#effects.say(message, client.bridgeId);
        if (owners.length > 0) return;
        return this.#effects.drop('a log message that no request in flight wants', {}, now);
      }
      case 'notifications/cancelled':
        return this.#inputRequests.withdrawn(process, message.requestId);
      default:
        if (method === 'notifications/tools/list_changed') this.#headers.changed();
        if (this.#subscriptions.changed(message)) return;
        if (isVendorNotification(method) && this.#tell(process, message)) return;
        this.#effects.drop('a notification that nobody can take', { method }, now);
    }
  }

  /** To the one call it can belong to, else to listening clients, else to a call of the same client. False if there is none. */
  #tell(process: LegacyProcess, message: MessageView): boolean {
    const running = [...process.calls].filter(isRunning);
    const [oldest, second] = running;
    if (second && this.#subscriptions.tell(process.slot, message)) return true;
    if (!oldest) return this.#subscriptions.tell(process.slot, message);
    if (running.some(({ of }) => of !== oldest.of)) return false;
    this.#effects.say(message, oldest.client.bridgeId);
    return true;
  }

  /** For a client that does not identify itself: all processes of its principal, if they belong to one client. */
  #processesOf({ name }: ClientNotification): readonly LegacyProcess[] {
    const ready = this.#pool.all().filter(({ about }) => about !== undefined);
    const names = new Set(ready.flatMap(({ clients }) => [...clients.values()]));
    if (name === undefined) return names.size > 1 ? [] : ready;
    return ready.filter(({ clients }) => [...clients.values()].includes(name));
  }
}
