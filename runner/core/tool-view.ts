// What clients see of a server's tools, by the rules of its config: which of them, under which names, with which descriptions, and
// without the arguments that the config fixes. Lists are changed on the way up and calls on the way down, by splicing: what no rule
// names stays byte for byte. Rules name the server's own tools. Pure.
import { withoutFixed } from './fixed-schema.ts';
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import {
  dropEdits,
  isObjectAt,
  membersOf,
  textAt,
  type Member,
} from '../../shared/jsonrpc/members.ts';
import { isLookalike } from '../../shared/jsonrpc/scan.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { isLike, nameAmong, soleMember } from '../../shared/mcp/judged.ts';
import { judgeOf, type Judge, type NameRules } from '../../shared/mcp/name-rules.ts';

/** The rules of one server, or of one member of several. All names are the server's own. */
export interface ToolRules extends NameRules {
  /** The name that clients see. */
  readonly rename?: Readonly<Record<string, string>> | undefined;
  /** The description that clients see. */
  readonly describe?: Readonly<Record<string, string>> | undefined;
  /** Values of arguments, by tool and argument. Clients neither see nor send them. */
  readonly arguments?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

type IsHeldBack = (bytes: Uint8Array, tool: Span) => boolean;

/** What becomes of a call: the edits that make it what the server is to get, or why it gets nothing. */
type ViewedCall =
  | { readonly ok: true; readonly tool: string; readonly edits: readonly Edit[] }
  | { readonly ok: false; readonly refusal: string };

export const BY_CONFIG = 'The owner of the runner does not allow it ("bridge" in the config file).';

/** What is said about a key that readers of JSON would take differently. */
const UNCLEAR =
  'Whether this tool may be called cannot be told: params must have "name" exactly once, as text, and no key like it.';

const UNCLEAR_ARGUMENTS =
  'Some arguments of this tool are set by the owner of the runner, so params must have "arguments" at most once, as an object, and no key like it.';

const NOT_HERE = `This tool may not be called here. ${BY_CONFIG}`;

const encoder = new TextEncoder();
const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

export class ToolView {
  readonly #mayCall: Judge;
  readonly #isFree: Judge;
  /** False for other spellings of names that a rule changes something of: a careless process could take them for those. */
  readonly #isOther: Judge;
  /** By the server's own names. */
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #described: ReadonlyMap<string, string>;
  readonly #fixed: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  /** Own names by the names that they were given. */
  readonly #ownOf: ReadonlyMap<string, string>;

  constructor(rules: ToolRules) {
    const { allow, deny, rename = {}, describe = {}, arguments: fixed = {} } = rules;
    this.#mayCall = judgeOf({ allow, deny });
    this.#isFree = judgeOf({ deny });
    this.#isOther = judgeOf({ deny: [...Object.keys(rename), ...Object.keys(fixed)] });
    this.#renamed = new Map(Object.entries(rename));
    this.#described = new Map(Object.entries(describe));
    this.#ownOf = new Map(Object.entries(rename).map(([own, shown]) => [shown, own]));
    this.#fixed = new Map(
      Object.entries(fixed).flatMap(([tool, values]) => {
        const entries = Object.entries(values);
        return entries.length > 0 ? [[tool, new Map(entries)]] : [];
      }),
    );
  }

  /** The name under which clients know one of the server's tools; undefined if they do not know it. What is denied is so under either name. */
  shownName(own: string): string | undefined {
    const shown = this.#renamed.get(own) ?? own;
    // Another tool was given this name, so that nobody could call this one by it.
    if ((this.#ownOf.get(shown) ?? shown) !== own) return undefined;
    const isNamed = this.#renamed.has(own) || this.#fixed.has(own);
    if (!isNamed && !this.#isOther(own)) return undefined;
    return this.#mayCall(own) && this.#isFree(shown) ? shown : undefined;
  }

  /** The server's own name of what clients call so; undefined if there is nothing for them under this name. */
  ownName(shown: string): string | undefined {
    const own = this.#ownOf.get(shown) ?? shown;
    return this.shownName(own) === shown ? own : undefined;
  }

  /** The arguments that the config fixes for one of the server's tools. */
  fixedArguments(own: string): ReadonlySet<string> {
    return new Set(this.#fixed.get(own)?.keys());
  }

  /** A client's `tools/call`. */
  call(message: MessageView): ViewedCall {
    const { bytes } = message;
    const params = [...message.members('params')];
    const read = nameAmong(bytes, params);
    if (read.kind !== 'name') return { ok: false, refusal: UNCLEAR };
    const shown = read.name;
    const tool = this.ownName(shown);
    if (tool === undefined) return { ok: false, refusal: this.#whyNot(shown) };
    const edits: Edit[] = [];
    if (tool !== shown) {
      const name = params.find(({ key }) => key === 'name');
      if (name) edits.push({ ...name.value, with: json(tool) });
    }
    const fixed = this.#fixed.get(tool);
    if (!fixed) return { ok: true, tool, edits };
    const filled = fill(message, params, fixed);
    if (typeof filled === 'string') return { ok: false, refusal: filled };
    return { ok: true, tool, edits: [...edits, ...filled] };
  }

  /** The edits that make the result of a `tools/list` what clients see. `isHeldBack`: of the definition at a place, whether they may not see it at all. */
  listed(list: MessageView, isHeldBack: IsHeldBack = () => false): Edit[] {
    const { bytes } = list;
    const members = [...list.members('result')];
    // A client that looks at keys with less care would take it for the list.
    const edits = dropEdits(members, ({ key }) => isLookalike(key, 'tools'));
    for (const { key, value } of members) {
      if (key !== 'tools') continue;
      const tools = [...elementsOf(bytes, value)].map((span) => {
        const change = isHeldBack(bytes, span) ? 'hidden' : this.tool(bytes, span);
        return { ...span, change };
      });
      edits.push(...dropEdits(tools, ({ change }) => change === 'hidden'));
      for (const { change } of tools) if (change !== 'hidden') edits.push(...change);
    }
    return edits;
  }

  /** The edits that make the definition of one tool what clients see. What has no name is left as it is. */
  tool(bytes: Uint8Array, span: Span): Edit[] | 'hidden' {
    const members = [...membersOf(bytes, span)];
    const read = nameAmong(bytes, members);
    if (read.kind !== 'name') return read.kind === 'unclear' ? 'hidden' : [];
    const own = read.name;
    const shown = this.shownName(own);
    if (shown === undefined) return 'hidden';
    const edits: Edit[] = [];
    if (shown !== own) edits.push(...written(members, span, 'name', shown));
    const description = this.#described.get(own);
    if (description !== undefined)
      edits.push(...written(members, span, 'description', description));
    const fixed = this.#fixed.get(own);
    if (!fixed) return edits;
    for (const { key, value } of members)
      if (key === 'inputSchema') edits.push(...withoutFixed(bytes, value, fixed));
    return edits;
  }

  #whyNot(shown: string): string {
    const now = this.#renamed.has(shown) ? this.shownName(shown) : undefined;
    return now === undefined || now === shown
      ? NOT_HERE
      : `This tool is called "${now}" here, by the config of its runner.`;
  }
}

/** The edits that put the fixed arguments into a call, or why the call cannot be. */
function fill(
  message: MessageView,
  params: readonly Member[],
  fixed: ReadonlyMap<string, unknown>,
): Edit[] | string {
  const { bytes } = message;
  const given = soleMember(params, 'arguments');
  const values = Object.fromEntries(fixed);
  if (!given) {
    const and = { arguments: JSON.stringify(values) };
    return message.changes(['params'], { and });
  }
  if (given === 'unclear') return UNCLEAR_ARGUMENTS;
  const { value } = given;
  if (textAt(bytes, value) === 'null') return [{ ...value, with: json(values) }];
  if (!isObjectAt(bytes, value)) return UNCLEAR_ARGUMENTS;
  let hasOthers = false;
  for (const { key } of membersOf(bytes, value)) {
    hasOthers = true;
    const set = [...fixed.keys()].find((name) => isLike(key, name));
    if (set !== undefined)
      return `The argument "${set}" is set by the owner of the runner: call this tool without it.`;
  }
  const text = JSON.stringify(values).slice(1, -1);
  const at = value.end - 1;
  return [{ start: at, end: at, with: encoder.encode(hasOthers ? `,${text}` : text) }];
}

/** The edits that give an object a member; of several of its name the last is kept, since that is the one that counts. */
function written(members: readonly Member[], { end }: Span, key: string, text: string): Edit[] {
  const same = members.filter((member) => member.key === key);
  const last = same.at(-1);
  const value = json(text);
  if (last) {
    const drops = dropEdits(members, (member) => member.key === key && member !== last);
    return [...drops, { ...last.value, with: value }];
  }
  const head = encoder.encode(`${members.length > 0 ? ',' : ''}${JSON.stringify(key)}:`);
  const all = new Uint8Array(head.length + value.length);
  all.set(head);
  all.set(value, head.length);
  return [{ start: end - 1, end: end - 1, with: all }];
}
