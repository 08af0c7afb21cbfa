// What a policy has to know of a client's message: which tool it calls, and whether it subscribes to resources. Read from the bytes as
// they will be written, and unclear wherever readers of JSON would differ. Pure.
import { QUOTE } from '../jsonrpc/json-cursor.ts';
import { membersOf, textAt, type Member } from '../jsonrpc/members.ts';
import { isLookalike } from '../jsonrpc/scan.ts';
import type { MessageView } from '../jsonrpc/view.ts';
import { folded } from './name-rules.ts';

export const CALL_METHOD = 'tools/call';
/** The method whose result names the tools. */
export const LIST_METHOD = 'tools/list';
export const SUBSCRIBE_METHOD = 'resources/subscribe';

/** What a session consists of: without these there is none, so no policy forbids them. */
export const SESSION_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]);

/** What names a tool: `unclear` if readers of JSON would differ about it. */
export type ReadName =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'none' | 'unclear' };

/** Whether a reader, however careless, would take a key for `name`. */
export const isLike = (key: string, name: string): boolean =>
  key === name || isLookalike(key, name);

/** The member of this name: `unclear` if there are two, or one that only a careless reader would take for it. */
export function soleMember(
  members: Iterable<Member>,
  name: string,
): Member | 'unclear' | undefined {
  let sole: Member | undefined;
  for (const member of members) {
    if (!isLike(member.key, name)) continue;
    if (sole || member.key !== name) return 'unclear';
    sole = member;
  }
  return sole;
}

/** The `name` among the members of a call's `params` or of a listed tool. */
export function nameAmong(bytes: Uint8Array, members: Iterable<Member>): ReadName {
  const member = soleMember(members, 'name');
  if (member === undefined) return { kind: 'none' };
  if (member === 'unclear' || bytes[member.value.start] !== QUOTE) return { kind: 'unclear' };
  return { kind: 'name', name: JSON.parse(textAt(bytes, member.value)) as string };
}

/** Whether a process that looks at methods with less care would take this one for a call. */
export const isLikeCall = (method: string): boolean =>
  method !== CALL_METHOD && folded(method) === CALL_METHOD;

/** In 2026-07-28 a listener subscribes to resources; a process of another era is then asked by the method of its own. */
export function subscribesToResources(listen: MessageView): boolean {
  for (const wanted of listen.members('params')) {
    if (!isLike(wanted.key, 'notifications')) continue;
    for (const { key } of membersOf(listen.bytes, wanted.value))
      if (isLike(key, 'resourceSubscriptions')) return true;
  }
  return false;
}
