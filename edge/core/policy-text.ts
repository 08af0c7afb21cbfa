// The operator's policy as it is written: a JSON object. edge/policy-variable.ts reads it, core/policy.ts judges by it.
import type { PrincipalLimits } from './limits.ts';

/** Names of tools and of methods, or patterns in which `*` stands for any text. */
export interface Abilities {
  readonly tools?: readonly string[] | undefined;
  readonly methods?: readonly string[] | undefined;
}

/** What a scope lets an app do. */
export interface ScopeText extends Abilities {
  /** Scopes that it holds in itself. */
  readonly implies?: readonly string[] | undefined;
  /** What the person who grants it reads. */
  readonly words?: string | undefined;
}

/** What somebody may do, and may not. With `scopes`, `tools` or `methods` it lets in; all rules that meet somebody count together. */
export interface RuleText extends Abilities {
  /** `*`, `person:<id>`, `group:<name>`, `app:<client id>` or `key:<name>`, with `*` for any text. */
  readonly who: readonly string[];
  /** Names of scopes, whose abilities it gives. */
  readonly scopes?: readonly string[] | undefined;
  /** Forbidden whatever other rules give; `all`: nothing may be done. */
  readonly deny?: Abilities | 'all' | undefined;
  /** How much of it. Of several rules that meet somebody, the first with limits. */
  readonly limits?: PrincipalLimits | undefined;
}

/** The policy of one server. */
export interface ServerPolicyText {
  readonly scopes?: Readonly<Record<string, ScopeText>> | undefined;
  /** Scopes that an app is told to ask for at first; absent: all. */
  readonly ask?: readonly string[] | undefined;
  /** Absent: everybody who was let in has all scopes, which the grant of an app narrows. */
  readonly rules?: readonly RuleText[] | undefined;
}

/** Policies by the names of servers; `*`: of all that have none of their own. */
export type PolicyText = Readonly<Record<string, ServerPolicyText>>;
