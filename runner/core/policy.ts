// What the owner of a runner lets clients do with a server, whoever they are: which tools and which methods. Judged here, where every
// message of a client enters, so that neither a leaked key nor an edge in the wrong hands reaches more. Pure.
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import {
  CALL_METHOD,
  isLikeCall,
  LIST_METHOD,
  SESSION_METHODS,
  SUBSCRIBE_METHOD,
  subscribesToResources,
} from '../../shared/mcp/judged.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { judgeOf, type Judge, type NameRules } from '../../shared/mcp/name-rules.ts';
import { BY_CONFIG, ToolView, type ToolRules } from './tool-view.ts';

/** The rules of one server; absent: anything goes. */
export interface PolicyRules {
  /** Which tools clients see, and as what. */
  readonly tools?: ToolRules | undefined;
  /** Methods of JSON-RPC. */
  readonly methods?: NameRules | undefined;
}

/** What becomes of a client's message: the edits that make it what the process is to get, or why it gets nothing. */
type Judged =
  | { readonly ok: true; readonly edits: readonly Edit[] }
  | { readonly ok: false; readonly refusal: string };

const AS_IT_IS: Judged = { ok: true, edits: [] };

export class Policy {
  readonly #tools: ToolView | undefined;
  readonly #methods: Judge;

  private constructor({ tools, methods }: PolicyRules) {
    // Without rules of tools, a list may have to be empty all the same.
    this.#tools = tools && new ToolView(tools);
    this.#methods = judgeOf(methods);
  }

  /** Undefined if there is nothing to judge. */
  static of(rules: PolicyRules): Policy | undefined {
    return rules.tools || rules.methods ? new Policy(rules) : undefined;
  }

  /**
   * Judges a client's message. Answers to the process's own questions always pass. `isOwnTool`: it calls one of the bridge's own, which
   * shows what a list would.
   */
  judge(message: MessageView, isOwnTool = false): Judged {
    if (message.isAnswer) return AS_IT_IS;
    const { method } = message;
    if (!SESSION_METHODS.has(method) && !this.#methods(method))
      return refused(`This method may not be used here. ${BY_CONFIG}`);
    if (method === LISTEN_METHOD && !this.#mayListen(message))
      return refused(`Resources may not be subscribed to here. ${BY_CONFIG}`);
    if (isOwnTool) return this.mayList ? AS_IT_IS : refused(NO_LISTS);
    if (!this.#tools) return AS_IT_IS;
    if (method === CALL_METHOD) return this.#tools.call(message);
    return isLikeCall(method)
      ? refused(`This method is like "${CALL_METHOD}", but not it.`)
      : AS_IT_IS;
  }

  /** Whether clients may learn which tools there are. */
  get mayList(): boolean {
    return this.#methods(LIST_METHOD);
  }

  /** The edits that make a list of tools what clients see: without those that nobody may call. Everything else stays as it is. */
  listed(list: MessageView, isHeldBack?: Parameters<ToolView['listed']>[1]): Edit[] {
    const view = this.#methods(CALL_METHOD) ? this.#tools : NO_TOOLS;
    return view?.listed(list, isHeldBack) ?? [];
  }

  #mayListen(message: MessageView): boolean {
    return this.#methods(SUBSCRIBE_METHOD) || !subscribesToResources(message);
  }
}

/** Of a server whose tools may not be called. */
const NO_TOOLS = new ToolView({ allow: [] });

const NO_LISTS = `Tools may not be listed here, and so not be searched. ${BY_CONFIG}`;

const refused = (refusal: string): Judged => ({ ok: false, refusal });
