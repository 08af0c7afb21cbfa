// Tasks that a process works on after it has answered the request that made them (MCP 2025-11-25, Tasks). Until they are over,
// their progress goes on under that request's token (Tasks, "Task Progress Notifications").
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { PartName } from '../../shared/jsonrpc/noted.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** Beyond this number the oldest is forgotten; it loses only its progress. */
const MAX_TASKS = 256;

const TERMINAL: ReadonlySet<string | undefined> = new Set(['completed', 'failed', 'cancelled']);

const RELATED_TASK = 'io.modelcontextprotocol/related-task';

interface Task {
  readonly taskId: string;
  /** The client's token, as raw JSON text. */
  readonly progressToken: Uint8Array;
  readonly endsAt: number;
}

export class Tasks {
  /** By the process-side id of the request, the oldest first. */
  readonly #tasks = new RareMap<number, Task>();

  /** A request with a token was answered; remembered when the answer is a task's beginning. */
  answered(
    { bridgeId, progressToken }: { bridgeId: BridgeRequestId; progressToken: Uint8Array },
    message: MessageView,
    now: number,
  ): void {
    const taskId = message.string('result', 'task', 'taskId');
    if (taskId === undefined || TERMINAL.has(message.string('result', 'task', 'status'))) return;
    const ttl = message.parsed('result', 'task', 'ttl');
    const endsAt = typeof ttl === 'number' ? now + ttl : Infinity;
    this.#tasks.set(bridgeId, { taskId, progressToken, endsAt });
    if (this.#tasks.size <= MAX_TASKS) return;
    const [oldest = bridgeId] = this.#tasks.keys();
    this.#tasks.delete(oldest);
  }

  /** The client's token for progress of a request that made a task; undefined if there is no such task any more. */
  progressToken(bridgeId: BridgeRequestId, now: number): Uint8Array | undefined {
    const task = this.#tasks.get(bridgeId);
    if (task === undefined || task.endsAt > now) return task?.progressToken;
    this.#tasks.delete(bridgeId);
    return undefined;
  }

  /** A `notifications/tasks/status` passes. */
  notified(message: MessageView): void {
    if (this.#tasks.size > 0) this.#state(message, 'params');
  }

  /** The answer to a request about tasks passes: `tasks/get`, `tasks/cancel` or `tasks/result`. */
  told(method: string, message: MessageView): void {
    if (this.#tasks.size === 0 || !method.startsWith('tasks/')) return;
    if (method === 'tasks/result') {
      const part = message.has('result') ? 'result' : 'error';
      this.#over(message.string(part, '_meta', RELATED_TASK, 'taskId'));
    } else this.#state(message, 'result');
  }

  #state(message: MessageView, part: PartName): void {
    if (TERMINAL.has(message.string(part, 'status'))) {
      this.#over(message.string(part, 'taskId'));
    }
  }

  #over(taskId: string | undefined): void {
    for (const [id, task] of this.#tasks) if (task.taskId === taskId) this.#tasks.delete(id);
  }
}
