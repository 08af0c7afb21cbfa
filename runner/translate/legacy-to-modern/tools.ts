// Structured results of tools. In the modern era they can be any JSON, in the legacy era only objects, so other values are put
// into an object as its member `result`.
import { elementsOf } from '../../../shared/jsonrpc/elements.ts';
import {
  changeAt,
  isObjectAt,
  isParsable,
  stringAt,
  textAt,
  valueAt,
  withMembers,
} from '../../../shared/jsonrpc/members.ts';
import { splice, type Edit } from '../../../shared/jsonrpc/splice.ts';
import { movedReferences } from './schema-refs.ts';

const encoder = new TextEncoder();

export class Tools {
  /** Names of tools that a list showed with a schema made here. */
  readonly #enclosed = new Set<string>();

  /** An answer to `tools/list`, each schema of structured results with an object at its root. */
  list(line: Uint8Array): Uint8Array {
    const tools = valueAt(line, 'result', 'tools');
    const edits: Edit[] = [];
    for (const span of tools ? elementsOf(line, tools) : []) {
      const tool = line.subarray(span.start, span.end);
      const name = stringAt(tool, 'name');
      const schema = valueAt(tool, 'outputSchema');
      const isOpen = schema !== undefined && stringAt(tool, 'outputSchema', 'type') !== 'object';
      if (name !== undefined) this.#remember(name, isOpen);
      if (!isOpen || !isParsable(tool, schema)) continue;
      const enclosed = enclosedSchema(tool.subarray(schema.start, schema.end));
      edits.push({ ...span, with: withMembers(tool, { and: { outputSchema: enclosed } }) });
    }
    return splice(line, edits);
  }

  /** An answer to a `tools/call` of `name`. */
  called(name: string | undefined, line: Uint8Array): Uint8Array {
    const span = valueAt(line, 'result', 'structuredContent');
    if (!span) return line;
    const isObjectOwn = isObjectAt(line, span);
    const isEnclosed = name !== undefined && this.#enclosed.has(name);
    if (isObjectOwn && !isEnclosed) return line;
    const text = textAt(line, span);
    const and: Record<string, string | Uint8Array> = { structuredContent: `{"result":${text}}` };
    if (!isObjectOwn && !hasText(line)) and['content'] = withText(line, text);
    return changeAt(line, ['result'], { and });
  }

  #remember(name: string, isEnclosed: boolean): void {
    if (isEnclosed) this.#enclosed.add(name);
    else this.#enclosed.delete(name);
  }
}

/** The schema of an object whose member `result` is what `schema` describes. */
function enclosedSchema(schema: Uint8Array): Uint8Array {
  const dialect = valueAt(schema, '$schema');
  const moved = splice(schema, movedReferences(schema, whole(schema), '/properties/result'));
  // The dialect belongs to the root of a document.
  const inner = dialect ? withMembers(moved, { without: ['$schema'] }) : moved;
  return withMembers(encoder.encode('{}'), {
    and: {
      ...(dialect && { $schema: textAt(schema, dialect) }),
      type: '"object"',
      properties: withMembers(encoder.encode('{}'), { and: { result: inner } }),
      required: '["result"]',
    },
  });
}

function hasText(line: Uint8Array): boolean {
  const content = valueAt(line, 'result', 'content');
  for (const { start, end } of content ? elementsOf(line, content) : []) {
    if (stringAt(line.subarray(start, end), 'type') === 'text') return true;
  }
  return false;
}

/** The blocks of content, and one more with `text`. */
function withText(line: Uint8Array, text: string): string {
  const content = valueAt(line, 'result', 'content');
  const blocks = [...(content ? elementsOf(line, content) : [])].map((span) => textAt(line, span));
  return `[${[...blocks, JSON.stringify({ type: 'text', text })].join(',')}]`;
}

const whole = (bytes: Uint8Array) => ({ start: 0, end: bytes.length });
