// What the owner of a runner lets clients do with a server, whoever they are: which tools and which methods. Judged here, where every
// message of a client enters, so that neither a leaked key nor an edge in the wrong hands reaches more. Pure.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { dropEdits, membersOf } from '../../shared/jsonrpc/members.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import {
  CALL_METHOD,
  isLikeCall,
  nameAmong,
  SESSION_METHODS,
  SUBSCRIBE_METHOD,
  subscribesToResources,
} from '../../shared/mcp/judged.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { judgeOf, type Judge, type NameRules } from '../../shared/mcp/name-rules.ts';

/** The rules of one server; absent: anything goes. */
export interface PolicyRules {
  /** Names of tools. */
  readonly tools?: NameRules | undefined;
  /** Methods of JSON-RPC. */
  readonly methods?: NameRules | undefined;
}

/** The method whose result names the tools. */
export const LIST_METHOD = 'tools/list';

const BY_CONFIG = 'The owner of the runner does not allow it ("bridge" in the config file).';

/** What is said about a key that readers of JSON would take differently. */
const UNCLEAR =
  'Whether this tool may be called cannot be told: params must have "name" exactly once, as text, and no key like it.';

export class Policy {
  readonly #tools: Judge;
  readonly #methods: Judge;
  readonly #judgesTools: boolean;

  private constructor({ tools, methods }: PolicyRules) {
    this.#tools = judgeOf(tools);
    this.#methods = judgeOf(methods);
    this.#judgesTools = tools !== undefined;
  }

  /** Undefined if there is nothing to judge. */
  static of(rules: PolicyRules): Policy | undefined {
    return rules.tools || rules.methods ? new Policy(rules) : undefined;
  }

  /** Why a client's message must not reach the process; undefined if it may. Answers to the process's own questions always may. */
  refusal(message: MessageView): string | undefined {
    if (message.isAnswer) return undefined;
    const { method } = message;
    if (!SESSION_METHODS.has(method) && !this.#methods(method))
      return `This method may not be used here. ${BY_CONFIG}`;
    if (method === LISTEN_METHOD) return this.#whyNotListen(message);
    if (!this.#judgesTools) return undefined;
    if (method === CALL_METHOD) return this.#whyNotCall(message);
    return isLikeCall(method) ? `This method is like "${CALL_METHOD}", but not it.` : undefined;
  }

  /** The edits that take the tools out of a list that nobody may call. Everything else stays as it is. */
  hiding(list: MessageView): Edit[] {
    const { bytes } = list;
    const edits: Edit[] = [];
    for (const { key, value } of list.members('result')) {
      if (key !== 'tools') continue;
      const tools = [...elementsOf(bytes, value)];
      edits.push(...dropEdits(tools, (tool) => this.#isHidden(bytes, tool)));
    }
    return edits;
  }

  #whyNotCall(message: MessageView): string | undefined {
    const read = nameAmong(message.bytes, message.members('params'));
    if (read.kind !== 'name') return UNCLEAR;
    return this.#tools(read.name) ? undefined : `This tool may not be called here. ${BY_CONFIG}`;
  }

  #whyNotListen(message: MessageView): string | undefined {
    if (this.#methods(SUBSCRIBE_METHOD) || !subscribesToResources(message)) return undefined;
    return `Resources may not be subscribed to here. ${BY_CONFIG}`;
  }

  #isHidden(bytes: Uint8Array, tool: Span): boolean {
    const read = nameAmong(bytes, membersOf(bytes, tool));
    if (read.kind !== 'name') return read.kind === 'unclear';
    return !this.#methods(CALL_METHOD) || !this.#tools(read.name);
  }
}
