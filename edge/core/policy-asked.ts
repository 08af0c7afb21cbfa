// What a client's message asks for, in the words of a policy, and whether abilities hold it. Pure.
import type { Abilities } from './policy-text.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import {
  CALL_METHOD,
  isLikeCall,
  LIST_METHOD,
  nameAmong,
  SESSION_METHODS,
  SUBSCRIBE_METHOD,
  subscribesToResources,
} from '../../shared/mcp/judged.ts';
import { innerCallOf, TELLING_TOOLS } from '../../shared/mcp/discovery.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { judgeOf, matcher, type Judge } from '../../shared/mcp/name-rules.ts';

/** What a message is about. `free`: whoever is let in may send it. `unclear`: readers of JSON would differ. */
export type Asked =
  /** `inner`: the tool that it calls in turn, if it may be one of those that serve for a list; see `shared/mcp/discovery.ts`. */
  | { readonly kind: 'tool'; readonly name: string; readonly inner?: string }
  | { readonly kind: 'method'; readonly method: string }
  | { readonly kind: 'free'; readonly method?: string }
  | { readonly kind: 'unclear' };

/** What needs no rule of its own: it shows what there is, and changes nothing. */
const FREE_METHODS: ReadonlySet<string> = new Set([
  LIST_METHOD,
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'completion/complete',
  'logging/setLevel',
  LISTEN_METHOD,
]);

const NOTIFICATIONS = 'notifications/';

/** What a client's message asks for. Answers to the server's own questions are free. */
export function askedBy(message: MessageView): Asked {
  if (message.isAnswer) return { kind: 'free' };
  const { method } = message;
  if (method === CALL_METHOD) {
    const read = nameAmong(message.bytes, message.members('params'));
    if (read.kind !== 'name') return { kind: 'unclear' };
    const inner = innerCallOf(message);
    if (inner.kind === 'unclear') return { kind: 'unclear' };
    const { name } = read;
    return inner.kind === 'call'
      ? { kind: 'tool', name, inner: inner.name }
      : { kind: 'tool', name };
  }
  if (method === LISTEN_METHOD && subscribesToResources(message))
    return { kind: 'method', method: SUBSCRIBE_METHOD };
  return askedByMethod(method);
}

/** What a method asks for that names no tool. */
export function askedByMethod(method: string): Asked {
  if (isLikeCall(method)) return { kind: 'unclear' };
  const isFree =
    SESSION_METHODS.has(method) || FREE_METHODS.has(method) || method.startsWith(NOTIFICATIONS);
  return isFree ? { kind: 'free', method } : { kind: 'method', method };
}

/** Whether abilities hold what is asked for. */
export class Able {
  readonly #tools: Judge;
  readonly #methods: Judge;

  constructor({ tools = [], methods = [] }: Abilities) {
    this.#tools = matcher(tools);
    this.#methods = matcher(methods);
  }

  has(asked: Asked): boolean {
    if (asked.kind === 'tool') return this.#tools(asked.name);
    return asked.kind === 'method' && this.#methods(asked.method);
  }
}

/** What is denied, compiled: also in spellings that a careless process could take for it. */
export class Denied {
  readonly #tools: Judge;
  readonly #methods: Judge;

  constructor({ tools = [], methods = [] }: Abilities) {
    this.#tools = judgeOf({ deny: tools });
    this.#methods = judgeOf({ deny: methods });
  }

  has(asked: Asked): boolean {
    switch (asked.kind) {
      case 'tool':
        return (
          !this.#tools(asked.name) ||
          !this.#methods(CALL_METHOD) ||
          // Whether the server has these instead of its list, the edge does not know.
          (TELLING_TOOLS.has(asked.name) && !this.#methods(LIST_METHOD))
        );
      case 'method':
        return !this.#methods(asked.method);
      case 'free':
        return (
          asked.method !== undefined &&
          !SESSION_METHODS.has(asked.method) &&
          !this.#methods(asked.method)
        );
      case 'unclear':
        return false;
    }
  }
}
