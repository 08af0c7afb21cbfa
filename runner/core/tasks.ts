// Tasks that a process works on after it has answered the request that made them (MCP 2025-11-25, Tasks). Until they are over,
// their progress goes on under that request's token (Tasks, "Task Progress Notifications").
import type { BridgeRequestId } from '../../shared/ids.ts';
import { parsedAt, stringAt, valueAt } from '../../shared/jsonrpc/members.ts';

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
  readonly #tasks = new Map<number, Task>();

  /** A request with a token was answered; remembered when the answer is a task's beginning. */
  answered(
    { bridgeId, progressToken }: { bridgeId: BridgeRequestId; progressToken: Uint8Array },
    message: Uint8Array,
    now: number,
  ): void {
    const taskId = stringAt(message, 'result', 'task', 'taskId');
    if (taskId === undefined || TERMINAL.has(stringAt(message, 'result', 'task', 'status'))) return;
    const ttl = parsedAt(message, 'result', 'task', 'ttl');
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
  notified(message: Uint8Array): void {
    if (this.#tasks.size > 0) this.#state(message, 'params');
  }

  /** The answer to a request about tasks passes: `tasks/get`, `tasks/cancel` or `tasks/result`. */
  told(method: string, message: Uint8Array): void {
    if (this.#tasks.size === 0 || !method.startsWith('tasks/')) return;
    if (method === 'tasks/result') {
      const part = valueAt(message, 'result') ? 'result' : 'error';
      this.#over(stringAt(message, part, '_meta', RELATED_TASK, 'taskId'));
    } else this.#state(message, 'result');
  }

  #state(message: Uint8Array, part: string): void {
    if (TERMINAL.has(stringAt(message, part, 'status'))) {
      this.#over(stringAt(message, part, 'taskId'));
    }
  }

  #over(taskId: string | undefined): void {
    for (const [id, task] of this.#tasks) if (task.taskId === taskId) this.#tasks.delete(id);
  }
}
