// Takes arguments that a config fixes out of the schema of a tool: they are there always, so nothing is asked of clients. Looks into
// schemas for the same object, also those that a reference within the schema names (JSON Schema 2020-12, "$ref"). Pure.
import { isObject } from '../../shared/json-value.ts';
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import {
  dropEdits,
  isObjectAt,
  isParsable,
  membersOf,
  stringIn,
  textAt,
} from '../../shared/jsonrpc/members.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';

/** Schemas in these are for the same object as the schema that they are in. */
const SAME_OBJECT: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'then', 'else']);

/** So deep are schemas looked into for others of the same object. */
const MOST_LEVELS = 8;

/** So deep is looked for references: what lies deeper counts as one to anything. */
const MOST_DEPTH = 64;

/** Larger schemas are not looked through for references, and no more references than this are followed: others wait meanwhile. */
const MOST_BYTES = 256 * 1024;
const MOST_FOLLOWED = 32;

/** Nor are larger numbers of references told apart: each is compared with each that is followed. */
const MOST_REFERENCES = 1_000;

type Names = Pick<ReadonlySet<string>, 'has'>;

/**
 * The edits that take `fixed` out of `schema`, in order. A definition that something else refers to as well stays as it is: there the
 * same names may mean other things. So does a property that something refers to: without it clients could not read the schema. Its
 * argument is fixed all the same, and whoever sends it is told.
 */
export function withoutFixed(bytes: Uint8Array, schema: Span, fixed: Names): Edit[] {
  return apart(new FixedSchema(bytes, schema, fixed).edits());
}

/** In order, each once: a reference may lead to what is cut out anyway, or to a part of that. */
function apart(edits: readonly Edit[]): Edit[] {
  let end = 0;
  return edits
    .toSorted((one, other) => one.start - other.start || other.end - one.end)
    .filter((edit) => {
      const isApart = edit.start >= end;
      end = Math.max(end, edit.end);
      return isApart;
    });
}

class FixedSchema {
  readonly #bytes: Uint8Array;
  readonly #root: Span;
  readonly #fixed: Names;
  /** How often something in the schema refers to each pointer; made when the first reference is met. */
  #references: ReadonlyMap<string, number> | 'unknown' | undefined;
  /** What something refers to, and all that this is a part of. */
  #referredTo: ReadonlySet<string> | undefined;
  #followed = 0;

  constructor(bytes: Uint8Array, root: Span, fixed: Names) {
    this.#bytes = bytes;
    this.#root = root;
    this.#fixed = fixed;
  }

  edits(): Edit[] {
    return this.#without(this.#root, '', 0);
  }

  /** `pointer`: to the schema, as in {@link pointerOf}. */
  #without(schema: Span, pointer: string, level: number): Edit[] {
    if (level > MOST_LEVELS) return [];
    const edits: Edit[] = [];
    for (const { key, value } of membersOf(this.#bytes, schema)) {
      if (key === 'properties') {
        const properties = [...membersOf(this.#bytes, value)];
        const isDropped = (name: string): boolean =>
          this.#fixed.has(name) && !this.#isReferredTo(`${pointer}/properties/${tokenOf(name)}`);
        edits.push(...dropEdits(properties, ({ key: name }) => isDropped(name)));
      } else if (key === 'required') edits.push(...this.#withoutStrings(value));
      else if (key === 'dependentRequired')
        for (const { value: needed } of membersOf(this.#bytes, value))
          edits.push(...this.#withoutStrings(needed));
      else if (key === '$ref') {
        const named = this.#onlyNamedBy(value);
        if (named) edits.push(...this.#without(named.at, named.pointer, level + 1));
      } else if (SAME_OBJECT.has(key)) {
        const path = `${pointer}/${key}`;
        if (isObjectAt(this.#bytes, value)) edits.push(...this.#without(value, path, level + 1));
        else
          for (const [index, each] of [...elementsOf(this.#bytes, value)].entries())
            edits.push(...this.#without(each, `${path}/${String(index)}`, level + 1));
      }
    }
    return edits;
  }

  #withoutStrings(array: Span): Edit[] {
    const bytes = this.#bytes;
    return dropEdits([...elementsOf(bytes, array)], (each) => {
      const name = stringIn(bytes, each);
      return name !== undefined && this.#fixed.has(name);
    });
  }

  /** Whether a reference leads to this or to a part of it: then it must be there. True also where that cannot be told. */
  #isReferredTo(pointer: string): boolean {
    this.#references ??= this.#countReferences();
    if (this.#references === 'unknown') return true;
    this.#referredTo ??= new Set([...this.#references.keys()].flatMap(withParents));
    return this.#referredTo.has(pointer);
  }

  /** The definition that a reference names, if nothing else names it, or a part of it. */
  #onlyNamedBy(reference: Span): { readonly at: Span; readonly pointer: string } | undefined {
    const pointer = pointerOf(stringIn(this.#bytes, reference));
    if (pointer === undefined || pointer === '' || this.#followed >= MOST_FOLLOWED)
      return undefined;
    this.#followed += 1;
    this.#references ??= this.#countReferences();
    const references = this.#references;
    if (references === 'unknown') return undefined;
    const isAlone = [...references].every(([other, times]) =>
      other === pointer
        ? times === 1
        : !`${other}/`.startsWith(`${pointer}/`) && !`${pointer}/`.startsWith(`${other}/`),
    );
    const at = isAlone ? this.#at(pointer) : undefined;
    return at && { at, pointer };
  }

  #at(pointer: string): Span | undefined {
    let at: Span | undefined = this.#root;
    for (const token of pointer.split('/').slice(1)) {
      const name = unescaped(token);
      const same: Span[] = [...membersOf(this.#bytes, at)]
        .filter(({ key }) => key === name)
        .map(({ value }) => value);
      // Of two, readers may take either.
      at = same.length === 1 ? same[0] : undefined;
      if (!at) return undefined;
    }
    return at;
  }

  #countReferences(): ReadonlyMap<string, number> | 'unknown' {
    const { start, end } = this.#root;
    if (end - start > MOST_BYTES || !isParsable(this.#bytes, this.#root)) return 'unknown';
    const counts = new Map<string, number>();
    const isWithin = (value: unknown, depth: number): boolean => {
      if (typeof value !== 'object' || value === null) return true;
      if (depth > MOST_DEPTH) return false;
      for (const key of ['$ref', '$dynamicRef']) {
        const pointer = isObject(value) ? pointerOf(value[key]) : undefined;
        if (pointer !== undefined) counts.set(pointer, (counts.get(pointer) ?? 0) + 1);
      }
      if (counts.size > MOST_REFERENCES) return false;
      return Object.values(value).every((each) => isWithin(each, depth + 1));
    };
    // Parsed, since a walk over bytes looks at them once for each level.
    return isWithin(JSON.parse(textAt(this.#bytes, this.#root)), 0) ? counts : 'unknown';
  }
}

/**
 * The pointer in a reference into the schema itself, such as `#/$defs/args`; undefined for any other. Each token is written in one way
 * only, so that pointers to the same are equal.
 */
function pointerOf(reference: unknown): string | undefined {
  const isWithin =
    typeof reference === 'string' && (reference === '#' || reference.startsWith('#/'));
  if (!isWithin) return undefined;
  const tokens = reference.slice(1).split('/');
  return tokens.map((token) => tokenOf(nameOf(token) ?? token)).join('/');
}

/** A pointer and those to what it is in, as deep as schemas are looked through. */
function withParents(pointer: string): string[] {
  const pointers: string[] = [];
  for (let end = 0; end >= 0 && pointers.length <= MOST_DEPTH;) {
    end = pointer.indexOf('/', end + 1);
    pointers.push(end < 0 ? pointer : pointer.slice(0, end));
  }
  return pointers;
}

const tokenOf = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** A token of a pointer in a URI (RFC 6901 §3 and §6). */
function nameOf(token: string): string | undefined {
  try {
    return unescaped(decodeURIComponent(token));
  } catch {
    return undefined;
  }
}

const unescaped = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');
