// The block of a config file by which its runner finds an edge: put into the text as a person would, with all else as it was. Pure.
import { applyEdits, modify, parseTree, type Node, type ParseError } from 'jsonc-parser';

/** Members of `bridge` that name the edge, and this machine at it. */
export interface EdgeBlock {
  readonly edge: string;
  readonly runner: string;
  readonly tokenFile: string;
}

/** A server of a file that is new. */
export interface NewServer {
  readonly name: string;
  readonly command: readonly string[];
}

export type BlockOutcome =
  | { readonly kind: 'changed'; readonly text: string }
  /** It is there already. */
  | { readonly kind: 'same' }
  /** The file names another edge, which stays. */
  | { readonly kind: 'other'; readonly edge: string }
  /** It is no JSON object. */
  | { readonly kind: 'unreadable' };

const FORMAT = { insertSpaces: true, tabSize: 2, eol: '\n' };

/** `text`: a config as JSON, with comments or without. `before`: an address that the edge had, which gives way. */
export function withEdge(text: string, block: EdgeBlock, before?: string): BlockOutcome {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  if (root?.type !== 'object' || errors.length > 0) return { kind: 'unreadable' };
  const bridge = childOf(root, 'bridge');
  if (bridge !== undefined && bridge.type !== 'object') return { kind: 'unreadable' };
  const known = Object.entries(block).map(([key, value]) => [value, memberOf(root, key)]);
  const edge = memberOf(root, 'edge');
  if (typeof edge === 'string' && ![block.edge, before].includes(edge.replace(/\/$/u, '')))
    return { kind: 'other', edge };
  if (known.every(([value, there]) => value === there)) return { kind: 'same' };
  if (!bridge) return { kind: 'changed', text: withFirst(text, root, block) };
  let changed = text;
  for (const [key, value] of Object.entries(block))
    changed = applyEdits(
      changed,
      modify(changed, ['bridge', key], value, { formattingOptions: FORMAT }),
    );
  return { kind: 'changed', text: changed };
}

/** As the first member, in lines of its own: what follows is not touched. */
function withFirst(text: string, { offset, children = [] }: Node, block: EdgeBlock): string {
  const [eol] = /\r?\n/u.exec(text) ?? ['\n'];
  const member = `"bridge": ${JSON.stringify(block, undefined, 2).replaceAll('\n', `${eol}  `)}`;
  const rest = text.slice(offset + 1);
  const end = children.length === 0 ? '' : ',';
  const isOnOneLine = /^[^\S\r\n]*\S/u.test(rest);
  return `${text.slice(0, offset + 1)}${eol}  ${member}${end}${isOnOneLine ? `${eol} ` : ''}${rest}`;
}

/** A member of `bridge`, if it has a plain value. */
const memberOf = (root: Node, key: string): unknown => childOf(childOf(root, 'bridge'), key)?.value;

const childOf = (node: Node | undefined, key: string): Node | undefined =>
  node?.children?.find(({ children }) => children?.[0]?.value === key)?.children?.[1];

/** The text of a new config with one server. */
export function newConfig({ name, command: [command = '', ...args] }: NewServer): string {
  const config = { mcpServers: { [name]: { command, args } } };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Whether a config has exactly this server: then an earlier call made it. */
export function hasServer(text: string, { name, command: [command, ...args] }: NewServer): boolean {
  const entry = childOf(childOf(parseTree(text), 'mcpServers'), name);
  const given = childOf(entry, 'args')?.children?.map(({ value }) => value as unknown) ?? [];
  return (
    childOf(entry, 'command')?.value === command &&
    given.length === args.length &&
    args.every((arg, at) => given[at] === arg)
  );
}
