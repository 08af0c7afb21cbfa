// Finds the member that a client's request is for: by the name it uses, by who listed the URI, or by the template that the URI matches.
import { literalMatch } from './uri-template.ts';
import { PROMPTS, RESOURCES, TEMPLATES, type ListKind } from './list-kinds.ts';
import type { VirtualMember } from './member.ts';

/** Whose it is; `own` is its name there. */
export interface Route {
  readonly member: VirtualMember;
  readonly own: string;
}

export class Routes {
  readonly #members: readonly VirtualMember[];
  /** Members whose names say nothing of whose they are. */
  readonly unprefixed: readonly VirtualMember[];

  constructor(members: readonly VirtualMember[]) {
    this.#members = members;
    this.unprefixed = members.filter(({ rules }) => rules.prefix === '');
  }

  /** The member of a tool or a prompt; of equal names the first has it, as in the list. Undefined if only lists could tell, or nobody. */
  ofName(kind: ListKind, name: string): Route | undefined {
    const listed = this.#members.find((member) => keysOf(member, kind)?.has(name));
    if (listed) return { member: listed, own: listed.rules.withoutPrefix(name) ?? name };
    const [best] = this.#members
      .filter(({ rules }) => rules.prefix !== '' && name.startsWith(rules.prefix))
      .toSorted((one, other) => other.rules.prefix.length - one.rules.prefix.length);
    if (best) return { member: best, own: best.rules.withoutPrefix(name) ?? name };
    const [only, second] = this.unprefixed;
    return only && !second ? { member: only, own: name } : undefined;
  }

  /** Members that come first with a name that one without a prefix lists: of equal names the first has it. */
  before(member: VirtualMember): readonly VirtualMember[] {
    const at = this.unprefixed.indexOf(member);
    return at < 0 ? [] : this.unprefixed.slice(0, at);
  }

  /** Members that may serve resources. */
  get ofResources(): readonly VirtualMember[] {
    return this.#members.filter((member) => member.has(RESOURCES));
  }

  /** The members that may serve a URI, or a template itself, the likeliest first: one that lists it, those with a template for it, the others. */
  ofUri(uri: string): readonly VirtualMember[] {
    const rated = this.ofResources.map((member) => ({ member, rate: rateOf(member, uri) }));
    return rated.toSorted((one, other) => other.rate - one.rate).map(({ member }) => member);
  }

  /** Whether lists have told whose a URI is. */
  knowsUri(uri: string): boolean {
    const members = this.ofResources;
    return members.length < 2 || members.some((member) => rateOf(member, uri) > 0);
  }

  /** As for prompts of `completion/complete`. */
  ofPrompt(name: string): Route | undefined {
    return this.ofName(PROMPTS, name);
  }
}

const keysOf = (
  member: VirtualMember,
  { member: list }: ListKind,
): ReadonlySet<string> | undefined =>
  member.isDown ? undefined : member.known.lists.get(list)?.keys;

/** How sure it is that a URI is a member's: 0 if nothing says so. */
function rateOf(member: VirtualMember, uri: string): number {
  if (keysOf(member, RESOURCES)?.has(uri) === true) return Infinity;
  const templates = keysOf(member, TEMPLATES);
  if (!templates) return 0;
  if (templates.has(uri)) return Infinity;
  let best = 0;
  for (const template of templates) {
    const literal = literalMatch(template, uri);
    // A template that is nothing but a variable matches everything, which is little, but not nothing.
    if (literal !== undefined) best = Math.max(best, literal + 1);
  }
  return best;
}
