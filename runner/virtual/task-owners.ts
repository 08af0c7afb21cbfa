// Whose each task is (MCP 2025-11-25, Tasks; the tasks extension of 2026-07-28). Members choose their own ids, so two may choose one: the
// later then has another for clients.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { stringIn, valueIn } from '../../shared/jsonrpc/members.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView, Path } from '../../shared/jsonrpc/view.ts';
import type { VirtualMember } from './member.ts';

/** Beyond this the oldest is forgotten; whose it is can then only be tried. */
const MAX_TASKS = 1_024;

const RELATED = 'io.modelcontextprotocol/related-task';

/** Where messages of members name tasks. */
const PLACES: readonly Path[] = [
  ['result', 'task', 'taskId'],
  ['result', 'taskId'],
  ['params', 'taskId'],
  ['params', 'task', 'taskId'],
  ['result', '_meta', RELATED, 'taskId'],
  ['params', '_meta', RELATED, 'taskId'],
];

interface Task {
  readonly member: VirtualMember;
  readonly own: string;
}

const encoder = new TextEncoder();

export class TaskOwners {
  /** By the id that clients know. */
  readonly #tasks = new Map<string, Task>();

  /** The member's message with the ids that clients know, and what it says of new tasks remembered. */
  toClient(member: VirtualMember, message: MessageView): MessageView {
    const edits: Edit[] = [];
    for (const path of PLACES) {
      const span = message.at(...path);
      const own = span && stringIn(message.bytes, span);
      if (span && own !== undefined) edits.push(...this.#shown(member, own, span));
    }
    const tasks = message.at('result', 'tasks');
    for (const element of tasks ? elementsOf(message.bytes, tasks) : []) {
      const span = valueIn(message.bytes, element, 'taskId');
      const own = span && stringIn(message.bytes, span);
      if (span && own !== undefined) edits.push(...this.#shown(member, own, span));
    }
    return message.edited(edits);
  }

  /** Whose a task is that a client names. */
  of(taskId: string): Task | undefined {
    return this.#tasks.get(taskId);
  }

  #shown(member: VirtualMember, own: string, span: { start: number; end: number }): Edit[] {
    const renamed = `${member.name}__${own}`;
    const isRenamed = this.#tasks.get(renamed)?.member === member;
    const first = this.#tasks.get(own);
    const shown = isRenamed || (first && first.member !== member) ? renamed : own;
    this.#remember(shown, { member, own });
    return shown === own ? [] : [{ ...span, with: encoder.encode(JSON.stringify(shown)) }];
  }

  #remember(shown: string, task: Task): void {
    this.#tasks.delete(shown);
    this.#tasks.set(shown, task);
    const [oldest = shown] = this.#tasks.keys();
    if (this.#tasks.size > MAX_TASKS) this.#tasks.delete(oldest);
  }
}
