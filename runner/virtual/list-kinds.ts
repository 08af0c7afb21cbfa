// The lists of a server, and where their elements' identities stand (MCP 2025-11-25, Server Features; 2026-07-28 alike).
import type { PartName } from '../../shared/jsonrpc/noted.ts';

export interface ListKind {
  readonly method: string;
  /** The member of the result that holds the elements. */
  readonly member: 'tools' | 'prompts' | 'resources' | 'resourceTemplates' | 'tasks';
  /** The member of an element that tells it from others. */
  readonly key: 'name' | 'uri' | 'uriTemplate' | 'taskId';
  /** The capability of servers that have such a list. */
  readonly capability: 'tools' | 'prompts' | 'resources' | 'tasks';
  /** It stays the same until {@link changed} is said, as far as its server says so. */
  readonly isKept: boolean;
  readonly changed?: string;
  /** The member of a modern client's subscription filter that lets {@link changed} through. */
  readonly filter?: 'toolsListChanged' | 'promptsListChanged' | 'resourcesListChanged';
}

/** One whose changes its server tells. */
export type ChangingKind = ListKind & Required<Pick<ListKind, 'changed' | 'filter'>>;

export const TOOLS: ChangingKind = {
  isKept: true,
  method: 'tools/list',
  member: 'tools',
  key: 'name',
  capability: 'tools',
  changed: 'notifications/tools/list_changed',
  filter: 'toolsListChanged',
};

export const PROMPTS: ChangingKind = {
  isKept: true,
  method: 'prompts/list',
  member: 'prompts',
  key: 'name',
  capability: 'prompts',
  changed: 'notifications/prompts/list_changed',
  filter: 'promptsListChanged',
};

export const RESOURCES: ChangingKind = {
  isKept: true,
  method: 'resources/list',
  member: 'resources',
  key: 'uri',
  capability: 'resources',
  changed: 'notifications/resources/list_changed',
  filter: 'resourcesListChanged',
};

export const TEMPLATES: ChangingKind = {
  ...RESOURCES,
  method: 'resources/templates/list',
  member: 'resourceTemplates',
  key: 'uriTemplate',
};

/** Of 2025-11-25; the tasks of 2026-07-28 have no list. */
export const TASKS: ListKind = {
  method: 'tasks/list',
  member: 'tasks',
  key: 'taskId',
  capability: 'tasks',
  isKept: false,
};

/** Those that are remembered. */
export const KEPT_KINDS: readonly ChangingKind[] = [TOOLS, PROMPTS, RESOURCES, TEMPLATES];

/** Those whose changes a client is told of, each notification once. */
export const CHANGING_KINDS: readonly ChangingKind[] = [TOOLS, PROMPTS, RESOURCES];

export const kindOfMethod = (method: string): ListKind | undefined =>
  [...KEPT_KINDS, TASKS].find((kind) => kind.method === method);

export const kindsOfChange = (method: string): readonly ListKind[] =>
  KEPT_KINDS.filter((kind) => kind.changed === method);

/** Requests that name what they want, and where: the first two by name, the others by URI. */
export const NAMING: ReadonlyMap<
  string,
  { readonly kind: ListKind; readonly path: readonly [PartName, string] }
> = new Map([
  ['tools/call', { kind: TOOLS, path: ['params', 'name'] }],
  ['prompts/get', { kind: PROMPTS, path: ['params', 'name'] }],
  ['resources/read', { kind: RESOURCES, path: ['params', 'uri'] }],
  ['resources/subscribe', { kind: RESOURCES, path: ['params', 'uri'] }],
  ['resources/unsubscribe', { kind: RESOURCES, path: ['params', 'uri'] }],
]);
