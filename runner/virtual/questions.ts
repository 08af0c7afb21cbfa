// The requests that members make of the client. Two members may use one id or one token, so each question gets an id of its own, under
// which it is answered, reported on and taken back. A member alone asks under its own ids until its process is another.
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import { underRawId } from '../translate/message.ts';
import type { VirtualMember } from './member.ts';

/** More than a session lets a process ask at once. */
const MAX_OPEN = 256;

interface Question {
  readonly member: VirtualMember;
  /** As raw JSON text. */
  readonly id: string;
  readonly progressToken: string | undefined;
}

const encoder = new TextEncoder();

export class MemberQuestions {
  /** By the id that the client sees, as raw JSON text. */
  readonly #open = new Map<string, Question>();
  /** There is one member. */
  readonly #isSole: boolean;
  #next = 1;

  constructor(isSole: boolean) {
    this.#isSole = isSole;
  }

  /** The first process of a member alone asks, or takes a question back, and passes as it is. */
  noted(member: VirtualMember, { kind, id, requestId, progressToken }: MessageView): void {
    if (kind === 'request' && id !== undefined && this.#open.size < MAX_OPEN)
      this.#open.set(id, { member, id, progressToken });
    if (kind === 'notification' && requestId !== undefined) this.#open.delete(requestId);
  }

  /** A member's request as the client sees it; undefined when too many are open. */
  ask(member: VirtualMember, request: MessageView): MessageView | undefined {
    const { id, idAt, progressToken, progressTokenAt } = request;
    if (id === undefined || !idAt || this.#open.size >= MAX_OPEN) return undefined;
    const shown = this.#newId();
    this.#open.set(shown, { member, id, progressToken });
    const edits: Edit[] = [{ ...idAt, with: encoder.encode(shown) }];
    if (progressTokenAt) edits.push({ ...progressTokenAt, with: encoder.encode(shown) });
    return request.edited(edits);
  }

  /** Its first process may have used any number, and its client may still answer that. */
  #newId(): string {
    const number = String(this.#next++);
    return this.#isSole ? `"mcp-bridge-again-${number}"` : number;
  }

  /** Whose question an answer is for, and the answer as that member wants it. */
  answered(answer: MessageView): { member: VirtualMember; message: MessageView } | undefined {
    const question = answer.id === undefined ? undefined : this.#open.get(answer.id);
    if (!question || answer.id === undefined) return undefined;
    this.#open.delete(answer.id);
    const { member, id } = question;
    return { member, message: id === answer.id ? answer : underRawId(answer, id) };
  }

  /** The client's progress on a question. */
  progress(notice: MessageView): { member: VirtualMember; message: MessageView } | undefined {
    const { progressToken, progressTokenAt } = notice;
    const question = progressToken === undefined ? undefined : this.#open.get(progressToken);
    if (question?.progressToken === undefined || !progressTokenAt) return undefined;
    const edit = { ...progressTokenAt, with: encoder.encode(question.progressToken) };
    return { member: question.member, message: notice.edited([edit]) };
  }

  /** A member takes a question back; the notice as the client knows it. */
  withdrawn(member: VirtualMember, notice: MessageView): MessageView | undefined {
    const { requestId, requestIdAt } = notice;
    for (const [shown, question] of this.#open) {
      if (question.member !== member || question.id !== requestId || !requestIdAt) continue;
      this.#open.delete(shown);
      return notice.edited([{ ...requestIdAt, with: encoder.encode(shown) }]);
    }
    return undefined;
  }

  /** A member is gone: the ids under which the client knows its questions. */
  takeOf(member: VirtualMember): string[] {
    const taken = [...this.#open].flatMap(([shown, of]) => (of.member === member ? [shown] : []));
    for (const shown of taken) this.#open.delete(shown);
    return taken;
  }
}
