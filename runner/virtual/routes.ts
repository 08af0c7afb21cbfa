// Finds the member that a client's request is for: by the name it uses, as it was shown to the client, by who listed the URI, or by the
// template that the URI matches.
import { literalMatch } from './uri-template.ts';
import { PROMPTS, RESOURCES, TEMPLATES, type ListKind } from './list-kinds.ts';
import type { VirtualMember } from './member.ts';

/** Names that are remembered as the client saw them; further ones are looked up. */
const MAX_SHOWN = 100_000;

/** Whose it is; `own` is its name there. */
export interface Route {
  readonly member: VirtualMember;
  readonly own: string;
}

export class Routes {
  readonly #members: readonly VirtualMember[];
  /** Members whose names say nothing of whose they are. */
  readonly unprefixed: readonly VirtualMember[];
  /** Whose each name was in the last list that the client saw, by kind. */
  readonly #shown = new Map<ListKind, Map<string, VirtualMember>>();

  constructor(members: readonly VirtualMember[]) {
    this.#members = members;
    this.unprefixed = members.filter(({ rules }) => rules.prefix === '');
  }

  /** The client sees the beginning of a list: what it saw before does not count any more. */
  begin(kind: ListKind): void {
    this.#shown.delete(kind);
  }

  /** The client sees these names of a member. */
  show(kind: ListKind, member: VirtualMember, names: Iterable<string>): void {
    // A prefix says whose a name is.
    if (this.unprefixed.length === 0) return;
    const shown = this.#shown.get(kind) ?? new Map<string, VirtualMember>();
    this.#shown.set(kind, shown);
    for (const name of names) if (shown.size < MAX_SHOWN) shown.set(name, member);
  }

  /**
   * The member whose tool or prompt the client saw under this name, as long as it lists it. One that comes before it, and was away when the
   * client asked, may have the same name.
   */
  ofShown(kind: ListKind, name: string): Route | undefined {
    const member = this.#shown.get(kind)?.get(name);
    const isListed = member?.known.lists.get(kind.member)?.keys.has(name) === true;
    return member && isListed ? routeTo(member, name) : undefined;
  }

  /** The member of a tool or a prompt; of equal names the first has it, as in the list. Undefined if only lists could tell, or nobody. */
  ofName(kind: ListKind, name: string): Route | undefined {
    const listed = this.#members.find((member) => keysOf(member, kind)?.has(name));
    if (listed) return routeTo(listed, name);
    const [best] = this.#members
      .filter(({ rules }) => rules.prefix !== '' && name.startsWith(rules.prefix))
      .toSorted((one, other) => other.rules.prefix.length - one.rules.prefix.length);
    if (best) return routeTo(best, name);
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
    return this.ofShown(PROMPTS, name) ?? this.ofName(PROMPTS, name);
  }
}

const routeTo = (member: VirtualMember, name: string): Route => ({
  member,
  own: member.rules.withoutPrefix(name) ?? name,
});

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
