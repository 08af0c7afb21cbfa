// The operator's policy: who may do what with a server. A server that it names is closed to all that no rule lets in, and whoever is
// let in may do what a rule names. Judged in one place, where a client's message enters. Pure: it is given principals and messages.
import type { PrincipalLimits } from './limits.ts';
import { Able, Denied, type Asked } from './policy-asked.ts';
import type { PolicyText, RuleText, ScopeText, ServerPolicyText } from './policy-text.ts';
import { matcher } from '../../shared/mcp/name-rules.ts';

/** Whom a policy judges. */
export interface Judged {
  /** The name of a key, or the id of a person. */
  readonly name: string;
  /** The app that acts for a person. */
  readonly client?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Granted to the app; undefined: a client without sign-in, which has none and needs none. */
  readonly scopes?: readonly string[] | undefined;
}

/** `by`: what in the policy decided. */
export type PolicyVerdict =
  | { readonly kind: 'allowed'; readonly by: string }
  | { readonly kind: 'forbidden'; readonly by: string }
  | { readonly kind: 'unclear' }
  /** With these scopes it would be allowed; those that the app has are among them. */
  | { readonly kind: 'scope'; readonly by: string; readonly scopes: readonly string[] };

/** The scope of a server whose policy names none: all of it. */
export const ALL_OF_SERVER = 'mcp';

/** Names the policy of all servers that have none of their own. */
const ALL_OTHERS = '*';

/** A rule, compiled. */
interface Rule {
  /** Its name in verdicts. */
  readonly by: string;
  readonly isFor: (tags: readonly string[]) => boolean;
  readonly letsIn: boolean;
  readonly able: Able;
  readonly scopes: ReadonlySet<string>;
  readonly denied: Denied | 'all' | undefined;
  readonly limits: PrincipalLimits | undefined;
}

/** The policy of one server, compiled. */
export class ServerPolicy {
  /** Scopes by name, in order; each with all that it implies. */
  readonly #scopes: ReadonlyMap<
    string,
    { readonly able: Able; readonly holds: ReadonlySet<string> }
  >;
  readonly #words: ReadonlyMap<string, string>;
  readonly #ask: readonly string[];
  readonly #rules: readonly Rule[];
  readonly #apps: readonly string[];
  /** Principals that are asked about again with every message. */
  readonly #known = new WeakMap<Judged, Rights>();

  constructor({ scopes = {}, ask, rules }: ServerPolicyText) {
    const names = Object.keys(scopes);
    this.#scopes = new Map(
      names.map((name) => [
        name,
        { able: new Able(scopes[name] ?? {}), holds: impliedBy(name, scopes) },
      ]),
    );
    this.#words = new Map(
      Object.entries(scopes).flatMap(([name, { words }]) =>
        words === undefined ? [] : [[name, words] as const],
      ),
    );
    this.#ask = names.length === 0 ? [ALL_OF_SERVER] : (ask ?? names);
    this.#apps = (rules ?? []).flatMap(({ who }) =>
      who.filter((name) => name.startsWith(APP)).map((name) => name.slice(APP.length)),
    );
    this.#rules = (rules ?? everybody(names)).map((rule, at) => this.#compile(rule, at));
  }

  /** The scopes that an app is told to ask for at first. */
  get ask(): readonly string[] {
    return this.#ask;
  }

  /** The scopes that it can be granted. */
  get scopes(): readonly string[] {
    return this.#scopes.size === 0 ? [ALL_OF_SERVER] : [...this.#scopes.keys()];
  }

  /** What a scope means, for the person who grants it, where the policy says so. */
  wordsOf(scope: string): string | undefined {
    return this.#words.get(scope);
  }

  /** What somebody may do here; undefined: nothing at all, and not even that there is such a server is told. */
  rightsOf(who: Judged): Rights | undefined {
    const known = this.#known.get(who);
    if (known) return known;
    const rules = this.#meeting(who);
    if (!areIn(rules)) return undefined;
    const rights = new Rights(this, rules, who.scopes);
    this.#known.set(who, rights);
    return rights;
  }

  /** Whether somebody is let in at all. */
  letsIn(who: Judged): boolean {
    return areIn(this.#meeting(who));
  }

  /** The apps that rules name, or patterns of them. */
  get apps(): readonly string[] {
    return this.#apps;
  }

  /** Why somebody is not let in. */
  whyNot(who: Judged): string {
    const rules = this.#meeting(who);
    return rules.find(({ denied }) => denied === 'all')?.by ?? NO_RULE;
  }

  /** All scopes that these hold. What a person granted before the policy named scopes counts as what is asked for at first. */
  held(granted: readonly string[]): ReadonlySet<string> {
    const isWhole = granted.includes(ALL_OF_SERVER) && !this.#scopes.has(ALL_OF_SERVER);
    const all = isWhole ? [...granted, ...this.#ask] : granted;
    return new Set(all.flatMap((name) => [...(this.#scopes.get(name)?.holds ?? [])]));
  }

  /** Whether there are scopes, so that apps need them. */
  get hasScopes(): boolean {
    return this.#scopes.size > 0;
  }

  /** The first of these scopes with which something may be done. */
  scopeFor(asked: Asked, among: ReadonlySet<string>): string | undefined {
    for (const [name, { able }] of this.#scopes)
      if (among.has(name) && able.has(asked)) return name;
    return undefined;
  }

  /** The scope that gives the least of those with which something may be done. */
  leastFor(asked: Asked): string | undefined {
    let least: string | undefined;
    for (const [name, { holds }] of this.#scopes) {
      const isLess = holds.size < (this.#scopes.get(least ?? '')?.holds.size ?? Infinity);
      if (isLess && this.scopeFor(asked, holds) !== undefined) least = name;
    }
    return least;
  }

  #meeting(who: Judged): Rule[] {
    const tags = tagsOf(who);
    return this.#rules.filter(({ isFor }) => isFor(tags));
  }

  #compile({ who, deny, limits, scopes, tools, methods }: RuleText, at: number): Rule {
    const meets = matcher(who);
    return {
      by: `rules[${at}]`,
      isFor: (tags) => tags.some(meets),
      letsIn: scopes !== undefined || tools !== undefined || methods !== undefined,
      able: new Able({ tools, methods }),
      scopes: this.held(scopes ?? []),
      denied: deny === undefined || deny === 'all' ? deny : new Denied(deny),
      limits,
    };
  }
}

const everybody = (scopes: readonly string[]): readonly RuleText[] =>
  scopes.length === 0 ? [] : [{ who: ['*'], scopes }];

const NO_RULE = 'no rule';

const APP = 'app:';

/** Whether those are let in whom these rules meet. */
const areIn = (rules: readonly Rule[]): boolean =>
  rules.some(({ letsIn }) => letsIn) && !rules.some(({ denied }) => denied === 'all');

/** Scopes that a scope holds: itself, and what those imply that it implies. */
function impliedBy(name: string, scopes: Readonly<Record<string, ScopeText>>): ReadonlySet<string> {
  const held = new Set([name]);
  // What is added while the set is gone through is gone through too.
  for (const each of held)
    for (const implied of scopes[each]?.implies ?? [])
      if (Object.hasOwn(scopes, implied)) held.add(implied);
  return held;
}

/** As what somebody can be named in a rule. */
function tagsOf({ name, client, groups = [], scopes }: Judged): string[] {
  if (scopes === undefined) return ['', `key:${name}`];
  return [
    `person:${name}`,
    ...groups.map((group) => `group:${group}`),
    ...(client === undefined ? [] : [`${APP}${client}`]),
  ];
}

/** What one principal may do with one server. */
export class Rights {
  readonly #policy: ServerPolicy;
  readonly #rules: readonly Rule[];
  /** Of the app; undefined for clients without sign-in. */
  readonly #granted: readonly string[] | undefined;
  readonly #held: ReadonlySet<string>;
  readonly limits: PrincipalLimits | undefined;

  constructor(
    policy: ServerPolicy,
    rules: readonly Rule[],
    granted: readonly string[] | undefined,
  ) {
    this.#policy = policy;
    this.#rules = rules;
    this.#granted = granted;
    this.#held = policy.held(granted ?? []);
    this.limits = rules.find(({ limits }) => limits !== undefined)?.limits;
  }

  /**
   * Whether something may be done; if not, why. A tool that calls another is judged by both names: whether the server takes it so, the edge
   * does not know, and need not.
   */
  judge(asked: Asked): PolicyVerdict {
    if (asked.kind !== 'tool' || asked.inner === undefined) return this.#judge(asked);
    const outer = this.#judge({ kind: 'tool', name: asked.name });
    return outer.kind === 'allowed' ? this.#judge({ kind: 'tool', name: asked.inner }) : outer;
  }

  #judge(asked: Asked): PolicyVerdict {
    if (asked.kind === 'unclear') return { kind: 'unclear' };
    const denying = this.#rules.find(
      ({ denied }) => denied !== undefined && denied !== 'all' && denied.has(asked),
    );
    if (denying) return { kind: 'forbidden', by: `${denying.by}.deny` };
    if (asked.kind === 'free') return { kind: 'allowed', by: 'every rule that lets in' };
    const giving = this.#giving(asked);
    if (giving === undefined) return { kind: 'forbidden', by: NO_RULE };
    return this.#granted === undefined
      ? { kind: 'allowed', by: giving }
      : this.#byScope(asked, this.#granted, giving);
  }

  /** What gives it, of all rules that meet the principal. */
  #giving(asked: Asked): string | undefined {
    for (const { by, able, scopes } of this.#rules) {
      if (able.has(asked)) return by;
      const scope = this.#policy.scopeFor(asked, scopes);
      if (scope !== undefined) return `${by}, scope "${scope}"`;
    }
    return undefined;
  }

  /** What an app may do is limited by what its person granted, too. */
  #byScope(asked: Asked, granted: readonly string[], giving: string): PolicyVerdict {
    const policy = this.#policy;
    if (!policy.hasScopes)
      return granted.includes(ALL_OF_SERVER)
        ? { kind: 'allowed', by: giving }
        : { kind: 'scope', by: giving, scopes: [ALL_OF_SERVER] };
    if (policy.scopeFor(asked, this.#held) !== undefined) return { kind: 'allowed', by: giving };
    const least = policy.leastFor(asked);
    if (least === undefined) return { kind: 'forbidden', by: 'no scope' };
    const had = policy.scopes.filter((scope) => this.#held.has(scope));
    return { kind: 'scope', by: giving, scopes: [...new Set([...had, least])] };
  }
}

/** The policies of all servers. */
export class OperatorPolicy {
  readonly #text: PolicyText;
  readonly #servers: ReadonlyMap<string, ServerPolicy>;

  constructor(text: PolicyText) {
    this.#text = text;
    this.#servers = new Map(
      Object.entries(text).map(([server, policy]) => [server, new ServerPolicy(policy)]),
    );
  }

  /** The policy of a text that {@link text} gave, perhaps in an earlier version of the edge; undefined if it cannot be read. */
  static kept(text: string): OperatorPolicy | undefined {
    try {
      return new OperatorPolicy(JSON.parse(text) as PolicyText);
    } catch {
      return undefined;
    }
  }

  /** As JSON. */
  get text(): string {
    return JSON.stringify(this.#text);
  }

  /** Undefined: none says anything of the server, and anything goes. */
  of(server: string): ServerPolicy | undefined {
    return this.#servers.get(server) ?? this.#servers.get(ALL_OTHERS);
  }

  /** The servers that it names. */
  get servers(): readonly string[] {
    return [...this.#servers.keys()];
  }

  /** All scopes there are, of all servers. */
  get scopes(): readonly string[] {
    return [...new Set([...this.#servers.values()].flatMap(({ scopes }) => scopes))];
  }
}
