// Structured results of tools. In the modern era they can be any JSON, in the legacy era only objects, so other values are put
// into an object as its member `result`.
import { elementsOf } from '../../../shared/jsonrpc/elements.ts';
import {
  isObjectAt,
  isParsable,
  stringAt,
  textAt,
  valueAt,
  withMembers,
} from '../../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { splice, type Edit } from '../../../shared/jsonrpc/splice.ts';
import { movedReferences } from './schema-refs.ts';

const encoder = new TextEncoder();

export class Tools {
  /** Names of tools that a list showed with a schema made here. */
  readonly #enclosed = new Set<string>();

  /** An answer to `tools/list`, each schema of structured results with an object at its root. */
  list(answer: MessageView): MessageView {
    const line = answer.bytes;
    const tools = answer.at('result', 'tools');
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
    return answer.edited(edits);
  }

  /** An answer to a `tools/call` of `name`. */
  called(name: string | undefined, answer: MessageView): MessageView {
    const span = answer.at('result', 'structuredContent');
    if (!span) return answer;
    const isObjectOwn = isObjectAt(answer.bytes, span);
    const isEnclosed = name !== undefined && this.#enclosed.has(name);
    if (isObjectOwn && !isEnclosed) return answer;
    const text = textAt(answer.bytes, span);
    const and: Record<string, string | Uint8Array> = { structuredContent: `{"result":${text}}` };
    if (!isObjectOwn && !hasText(answer)) and['content'] = withText(answer, text);
    return answer.edited(answer.changes(['result'], { and }));
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

function hasText(answer: MessageView): boolean {
  const { bytes } = answer;
  const content = answer.at('result', 'content');
  for (const { start, end } of content ? elementsOf(bytes, content) : []) {
    if (stringAt(bytes.subarray(start, end), 'type') === 'text') return true;
  }
  return false;
}

/** The blocks of content, and one more with `text`. */
function withText(answer: MessageView, text: string): string {
  const { bytes } = answer;
  const content = answer.at('result', 'content');
  const blocks = [...(content ? elementsOf(bytes, content) : [])].map((span) =>
    textAt(bytes, span),
  );
  return `[${[...blocks, JSON.stringify({ type: 'text', text })].join(',')}]`;
}

const whole = (bytes: Uint8Array) => ({ start: 0, end: bytes.length });
