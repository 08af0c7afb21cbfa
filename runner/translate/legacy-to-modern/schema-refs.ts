// Adjusts the references within a JSON Schema (2020-12) that moves from the root of its document to a place below it.
import { elementsOf } from '../../../shared/jsonrpc/elements.ts';
import { membersOf, textAt } from '../../../shared/jsonrpc/members.ts';
import type { Span } from '../../../shared/jsonrpc/span.ts';
import type { Edit } from '../../../shared/jsonrpc/splice.ts';

const REFERENCES: ReadonlySet<string> = new Set(['$ref', '$dynamicRef']);

/** Values under these keys are data, whatever they look like. */
const DATA: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples']);

const encoder = new TextEncoder();

/**
 * The edits that make pointers into the schema at `span` right once it is at `pointer`, such as `/properties/result`. The schema must
 * be small enough to be parsed: the work grows with its depth as well.
 */
export function movedReferences(schema: Uint8Array, span: Span, pointer: string): Edit[] {
  const members = [...membersOf(schema, span)];
  // A schema with an id of its own is where the pointers within it start, wherever it is.
  if (members.some(({ key, value }) => key === '$id' && isText(schema, value))) return [];
  const inElements = [...elementsOf(schema, span)].flatMap((element) =>
    movedReferences(schema, element, pointer),
  );
  const inMembers = members.flatMap(({ key, value }) => {
    if (DATA.has(key)) return [];
    if (!REFERENCES.has(key) || !isText(schema, value)) {
      return movedReferences(schema, value, pointer);
    }
    const moved = movedPointer(JSON.parse(textAt(schema, value)) as string, pointer);
    return moved === undefined ? [] : [{ ...value, with: encoder.encode(JSON.stringify(moved)) }];
  });
  return [...inElements, ...inMembers];
}

/** Names such as `#item` are found wherever they are, so they stay. */
function movedPointer(reference: string, pointer: string): string | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  return `#${pointer}${reference.slice(1)}`;
}

const isText = (bytes: Uint8Array, { start }: Span): boolean => bytes[start] === 0x22;
