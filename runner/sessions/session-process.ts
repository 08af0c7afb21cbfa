// What a session takes for its process: a process itself, or a translator with the processes behind it.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { EffectQueue } from '../core/effect-queue.ts';
import type { ProcessListener } from '../process/stdio-process.ts';

export interface SessionProcess {
  readonly pid: number | undefined;
  /** `queue`: the session's; what the session hears at once, as an answer to what it wrote, is said behind what is in it. */
  listen(listener: SessionProcessListener, queue: EffectQueue): void;
  /** One line for stdin, without its line break; false: hold back until `onDrain`. `message`: what is known of it, if it was scanned. */
  write(line: Uint8Array, message?: MessageView): boolean;
  /** Why a notification would reach no process; undefined for one that does. Without: it always does. */
  refusal?(notification: MessageView): string | undefined;
  pause(): void;
  resume(): void;
  terminate(reason: string): Promise<unknown>;
  /**
   * Before its first answer it may keep starting for another session: true, and its listener hears nothing more. False:
   * it has to be terminated.
   */
  leave(): boolean;
}

export interface SessionProcessListener extends Omit<ProcessListener, 'onLine'> {
  /** `bridgeId`: the session's id of the request that the line belongs to, if the line does not say it. */
  onLine(bytes: Uint8Array, bridgeId?: BridgeRequestId): void;
  /** A message of the process that was scanned already; `bridgeId` as in {@link onLine}. */
  onMessage(message: MessageView, bridgeId?: BridgeRequestId): void;
  /** As if the last `write` had answered false. */
  onFull(): void;
}
