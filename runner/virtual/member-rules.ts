// What the config says of one member of a virtual server: the names that its tools and prompts have for clients, and what these may do
// with it.
import { elementsOf, isOverlong } from '../../shared/jsonrpc/elements.ts';
import { membersOf } from '../../shared/jsonrpc/members.ts';
import { QUOTE } from '../../shared/jsonrpc/json-cursor.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView, Path } from '../../shared/jsonrpc/view.ts';
import type { ServerName } from '../../shared/ids.ts';
import { LIST_METHOD } from '../../shared/mcp/judged.ts';
import { isListTooLarge } from '../core/list-size.ts';
import { beforeNames } from '../core/member-prefix.ts';
import { Policy, type PolicyRules } from '../core/policy.ts';
import type { Quote } from '../core/overheard.ts';
import { PinnedTools, type ToolGuard } from '../core/pinned-tools.ts';
import { withChangedMember } from './edits.ts';
import type { ListKind } from './list-kinds.ts';

/** The message for the member, or why it gets nothing. */
type Judged =
  | { readonly ok: true; readonly message: MessageView }
  | { readonly ok: false; readonly refusal: string };

export interface MemberSettings {
  /** The server's name. */
  readonly name: ServerName;
  /** Without the separator; empty: names stay as they are. */
  readonly prefix: string;
  /** From the client's side to the server's: what is said of the member, then what is said of the server wherever it is used. */
  readonly rules: readonly PolicyRules[];
  /** Judges its tools, if they are pinned. */
  readonly guard?: ToolGuard | undefined;
  /** Makes what its process printed fit to be shown to a client. */
  readonly quote: Quote;
}

export class MemberRules {
  readonly name: ServerName;
  /** What each name begins with; empty if they stay as they are. */
  readonly prefix: string;
  /** Of a member whose tools are pinned. */
  readonly pins: PinnedTools | undefined;
  readonly #policies: readonly Policy[];

  constructor({ name, prefix, rules, guard }: MemberSettings) {
    this.name = name;
    this.prefix = beforeNames(prefix);
    this.pins = guard && new PinnedTools(guard);
    // What is held back is taken out of lists by the rules for tools, also where there are none.
    const own = guard ? [{ tools: {} }] : [];
    this.#policies = [...rules, ...own].flatMap((each) => Policy.of(each) ?? []);
  }

  /** The name without the prefix; undefined if none of the member's looks like this. */
  withoutPrefix(name: string): string | undefined {
    return name.startsWith(this.prefix) ? name.slice(this.prefix.length) : undefined;
  }

  /** A client's message with the name at `path` as it is without the prefix. */
  named(message: MessageView, own: string, ...path: Path): MessageView {
    return this.prefix === '' ? message : withChangedMember(message, path, JSON.stringify(own));
  }

  judge(message: MessageView): Judged {
    let passed = message;
    for (const policy of this.#policies) {
      const judged = policy.judge(passed);
      if (!judged.ok) return judged;
      passed = passed.edited(judged.edits);
    }
    const refusal = this.pins?.refusal(passed);
    if (refusal !== undefined) return { ok: false, refusal };
    return { ok: true, message: passed };
  }

  /**
   * Whether clients cannot be shown a list of the member, since it is too large to be looked through. `isTakenApart`: whoever asks goes
   * through its elements.
   */
  isTooLarge(
    answer: MessageView,
    { method, member }: ListKind,
    isTakenApart = this.prefix !== '',
  ): boolean {
    const isJudged = method === LIST_METHOD && (this.#policies.length > 0 || this.pins);
    if (isJudged && isListTooLarge(answer)) return true;
    return isTakenApart && isOverlong(answer.bytes, answer.at('result', member));
  }

  /** The member's answer to a request for a list, as clients see it. */
  shown(answer: MessageView, { method, member }: ListKind): MessageView {
    let shown = answer;
    if (method === LIST_METHOD)
      for (const [depth, policy] of this.#policies.toReversed().entries()) {
        const isHeldBack = depth === 0 ? this.pins?.isHeldBack : undefined;
        shown = shown.edited(policy.listed(shown, isHeldBack));
      }
    const isNamed = member === 'tools' || member === 'prompts';
    return isNamed && this.prefix !== '' ? shown.edited(this.#prefixed(shown, member)) : shown;
  }

  #prefixed(list: MessageView, member: 'tools' | 'prompts'): Edit[] {
    const { bytes } = list;
    const span = list.at('result', member);
    const prefix = new TextEncoder().encode(JSON.stringify(this.prefix).slice(1, -1));
    const edits: Edit[] = [];
    for (const element of span ? elementsOf(bytes, span) : []) {
      for (const { key, value } of membersOf(bytes, element)) {
        // Behind the opening quote, so that the name keeps its own spelling.
        const at = value.start + 1;
        if (key === 'name' && bytes[value.start] === QUOTE)
          edits.push({ start: at, end: at, with: prefix });
      }
    }
    return edits;
  }
}
