// What a virtual server says of itself: the capabilities of its members together, and their instructions under their names.
import { isObject, type JsonObject } from '../../shared/json-value.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { isLegacyRevision, NEWEST_LEGACY_REVISION } from '../../shared/mcp/revisions.ts';

/** A member's answer to `initialize` or `server/discover`. */
export interface MemberGreeting {
  readonly name: string;
  readonly answer: MessageView;
}

/** Longer instructions of one member are left out: clients put them before every conversation. */
const MAX_INSTRUCTIONS = 100_000;

/** The version that a virtual server has, as the bridge's own. */
const VERSION = '1';

/** The result of `initialize`, as JSON text. `wanted`: the revision that the client asked for. */
export function joinedInitialize(
  server: string,
  wanted: string | undefined,
  greetings: readonly MemberGreeting[],
): string {
  const instructions = instructionsOf(greetings);
  return JSON.stringify({
    protocolVersion: revisionOf(wanted, greetings),
    capabilities: capabilitiesOf(greetings),
    serverInfo: { name: server, version: VERSION },
    ...(instructions !== '' && { instructions }),
  });
}

/** The result of `server/discover`, as JSON text. */
export function joinedDiscovery(server: string, greetings: readonly MemberGreeting[]): string {
  const instructions = instructionsOf(greetings);
  return JSON.stringify({
    resultType: 'complete',
    supportedVersions: [MODERN_REVISION],
    capabilities: capabilitiesOf(greetings),
    ...(instructions !== '' && { instructions }),
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { [META.serverInfo]: { name: server, version: VERSION } },
  });
}

/** What all chose; if they differ, what the client asked for, since each member is spoken to in its own. */
function revisionOf(wanted: string | undefined, greetings: readonly MemberGreeting[]): string {
  const chosen = new Set(
    greetings.flatMap(({ answer }) => answer.string('result', 'protocolVersion') ?? []),
  );
  const [only, second] = chosen;
  if (only !== undefined && second === undefined) return only;
  if (wanted !== undefined && (isLegacyRevision(wanted) || chosen.has(wanted))) return wanted;
  return [...chosen].toSorted().at(-1) ?? NEWEST_LEGACY_REVISION;
}

/** Lists may change when a member comes or goes, so that is always declared. */
function capabilitiesOf(greetings: readonly MemberGreeting[]): JsonObject {
  let joined: JsonObject = {};
  for (const { answer } of greetings) {
    const declared = answer.parsed('result', 'capabilities');
    if (isObject(declared)) joined = union(joined, declared);
  }
  const changing = ['tools', 'prompts', 'resources'].flatMap((key) => {
    const declared = joined[key];
    return isObject(declared) ? [[key, { ...declared, listChanged: true }] as const] : [];
  });
  return { ...joined, ...Object.fromEntries(changing) };
}

/** What either declares; of two plain values, the one that lets do more. */
function union(one: JsonObject, other: JsonObject): JsonObject {
  const joined: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = Object.hasOwn(one, key) ? one[key] : undefined;
    if (isObject(before) && isObject(value)) define(joined, key, union(before, value));
    else if (before === undefined || before === false || before === null)
      define(joined, key, value);
  }
  return joined;
}

/** As an own member, whatever the key. */
const define = (object: Record<string, unknown>, key: string, value: unknown): void => {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
};

const instructionsOf = (greetings: readonly MemberGreeting[]): string =>
  greetings
    .flatMap(({ name, answer }) => {
      const words = answer.string('result', 'instructions') ?? '';
      return words === '' || words.length > MAX_INSTRUCTIONS ? [] : [`# ${name}\n\n${words}`];
    })
    .join('\n\n');
