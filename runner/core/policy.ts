// What the owner of a runner lets clients do with a server, whoever they are: which tools and which methods. Judged here, where every
// message of a client enters, so that neither a leaked key nor an edge in the wrong hands reaches more. Pure.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { QUOTE } from '../../shared/jsonrpc/json-cursor.ts';
import { dropEdits, membersOf, textAt, type Member } from '../../shared/jsonrpc/members.ts';
import { isLookalike } from '../../shared/jsonrpc/scan.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';

/** Names and patterns, in which `*` stands for any text. With `allow`, what it does not name is forbidden; `deny` always is. */
export interface NameRules {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** The rules of one server; absent: anything goes. */
export interface PolicyRules {
  /** Names of tools. */
  readonly tools?: NameRules | undefined;
  /** Methods of JSON-RPC. */
  readonly methods?: NameRules | undefined;
}

const CALL_METHOD = 'tools/call';
const SUBSCRIBE_METHOD = 'resources/subscribe';

/** The method whose result names the tools. */
export const LIST_METHOD = 'tools/list';

/** What a session consists of: without them there is none. */
const SESSION_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]);

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
    // A process that looks at methods with less care would take it for a call.
    return folded(method) === CALL_METHOD
      ? `This method is like "${CALL_METHOD}", but not it.`
      : undefined;
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

  /** In 2026-07-28 a listener subscribes to resources; a process of another era is then asked by the method of its own. */
  #whyNotListen(message: MessageView): string | undefined {
    if (this.#methods(SUBSCRIBE_METHOD)) return undefined;
    for (const wanted of message.members('params')) {
      if (!isLike(wanted.key, 'notifications')) continue;
      for (const { key } of membersOf(message.bytes, wanted.value))
        if (isLike(key, 'resourceSubscriptions'))
          return `Resources may not be subscribed to here. ${BY_CONFIG}`;
    }
    return undefined;
  }

  #isHidden(bytes: Uint8Array, tool: Span): boolean {
    const read = nameAmong(bytes, membersOf(bytes, tool));
    if (read.kind !== 'name') return read.kind === 'unclear';
    return !this.#methods(CALL_METHOD) || !this.#tools(read.name);
  }
}

const isLike = (key: string, name: string): boolean => key === name || isLookalike(key, name);

/** What names a tool: `unclear` if readers of JSON would differ about it. */
type ReadName =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'none' | 'unclear' };

function nameAmong(bytes: Uint8Array, members: Iterable<Member>): ReadName {
  let read: ReadName = { kind: 'none' };
  for (const { key, value } of members) {
    if (!isLike(key, 'name')) continue;
    const isOnly = read.kind === 'none' && key === 'name' && bytes[value.start] === QUOTE;
    if (!isOnly) return { kind: 'unclear' };
    read = { kind: 'name', name: JSON.parse(textAt(bytes, value)) as string };
  }
  return read;
}

type Judge = (name: string) => boolean;

/**
 * What is allowed must be named exactly. What is denied is also found in other spellings that a careless process could take for it:
 * other case, other forms of the same letters, blanks and characters that nobody sees.
 */
function judgeOf({ allow, deny = [] }: NameRules = {}): Judge {
  const allowed = allow && matcher(allow, (text) => text);
  const denied = matcher(deny, folded);
  return (name) =>
    (allowed?.(name) ?? true) &&
    (deny.length === 0 || (!CONTROL.test(name) && !denied(folded(name))));
}

/** A process in C may read a name up to a NUL only. */
const CONTROL = /\p{Cc}/u;

const UNSEEN = /[\p{Z}\p{C}\p{DI}]/gu;

const folded = (text: string): string =>
  text.normalize('NFKC').replaceAll(UNSEEN, '').toUpperCase().toLowerCase();

function matcher(patterns: readonly string[], form: (text: string) => string): Judge {
  const split = patterns.map((pattern) => pattern.split('*').map(form));
  const exact = new Set(split.flatMap(([only = '', ...rest]) => (rest.length === 0 ? [only] : [])));
  const globs = split.filter(({ length }) => length > 1);
  return (name) => exact.has(name) || globs.some((parts) => matches(parts, name));
}

/** Takes the first place for each part between stars, which is as good as any later one, so it never goes back. */
function matches(parts: readonly string[], name: string): boolean {
  const [head = '', ...others] = parts;
  const tail = others.pop() ?? '';
  if (!name.startsWith(head) || name.length < head.length + tail.length) return false;
  let at = head.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + tail.length <= name.length && name.endsWith(tail);
}
