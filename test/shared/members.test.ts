import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import {
  changeAt,
  membersOf,
  parsedAt,
  textAt,
  valueAt,
  withMembers,
} from '../../shared/jsonrpc/members.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => textAt(bytes, { start: 0, end: bytes.length });

const space = fc.constantFrom('', ' ', '\t', '\n', ' \r\n ');

/** A text that spells a string in one of the ways JSON has for it. */
const spelling = (value: string): fc.Arbitrary<string> =>
  fc
    .boolean()
    .map((isEscaped) =>
      isEscaped
        ? `"${[...Array(value.length).keys()].map((at) => `\\u${value.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
        : JSON.stringify(value),
    );

/** None ends with a backslash: behind such a key V8 13.6 reads another one wrongly (`{"\"":1}` after `{"\\":1}`). */
const key = fc
  .oneof(
    fc.constantFrom('id', 'params', '_meta', 'x', '', '"', '\\x', '1', '__proto__', 'ключ', '💡'),
    fc.string({ maxLength: 8 }),
  )
  .filter((name) => !name.endsWith('\\'));

/** An object, and its members as its text has them. */
interface WrittenObject {
  readonly text: string;
  readonly members: readonly Written[];
}

interface Written {
  readonly key: string;
  /** From the key's quote to the value's end. */
  readonly text: string;
  readonly value: string;
}

const listed = (parts: readonly (readonly string[])[], gap: string): string =>
  parts.length === 0 ? gap : parts.map((part) => part.join('')).join(',');

const objectOf = (
  parts: fc.Arbitrary<(readonly [string, Written, string])[]>,
): fc.Arbitrary<WrittenObject> =>
  fc.tuple(parts, space).map(([members, gap]) => {
    const texts = members.map(([before, { text }, after]) => [before, text, after]);
    return { text: `{${listed(texts, gap)}}`, members: members.map(([, member]) => member) };
  });

/** JSON text of every kind, spaced and spelt as a peer may, with numbers that a parser would write otherwise. */
const { json, member, object } = fc.letrec<{
  json: string;
  member: Written;
  object: WrittenObject;
}>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('1.0', '1e2', '-0', '12345678901234567890', 'true', 'false', 'null'),
    fc.string({ maxLength: 20 }).chain(spelling),
    fc
      .tuple(fc.array(fc.tuple(space, tie('json'), space), { maxLength: 4 }), space)
      .map(([elements, gap]) => `[${listed(elements, gap)}]`),
    tie('object').map(({ text }) => text),
  ),
  member: key.chain((name) =>
    fc.tuple(spelling(name), space, space, tie('json')).map(([spelt, before, after, value]) => ({
      key: name,
      text: `${spelt}${before}:${after}${value}`,
      value,
    })),
  ),
  object: objectOf(
    fc.uniqueArray(fc.tuple(space, tie('member'), space), {
      maxLength: 6,
      selector: ([, member]) => member.key,
    }),
  ),
}));

/** An object in which keys may come twice. */
const twinned: fc.Arbitrary<WrittenObject> = objectOf(
  fc.array(fc.tuple(space, member, space), { maxLength: 6 }),
);

/** As `JSON.parse` reads an object of these members; as text, for `__proto__` is a member like any other there. */
const parsed = (members: readonly Pick<Written, 'key' | 'value'>[]): string =>
  JSON.stringify(
    Object.fromEntries(members.map(({ key, value }) => [key, JSON.parse(value) as unknown])),
  );

const foundAt = (bytes: Uint8Array, ...path: string[]): string | undefined => {
  const span = valueAt(bytes, ...path);
  return span && textAt(bytes, span);
};

describe('membersOf', () => {
  test('gives each member in order, where it lies, whatever lies around the object', () => {
    fc.assert(
      fc.property(twinned, space, space, ({ text, members }, before, after) => {
        const bytes = bytesOf(`[${before}${text}${after}]`);
        const span = { start: 1, end: bytes.length - 1 };
        const found = [...membersOf(bytes, span)];
        expect(
          found.map((member) => ({
            key: member.key,
            text: textAt(bytes, member),
            value: textAt(bytes, member.value),
          })),
        ).toEqual(members);
      }),
    );
  });

  test('gives none of what is no object', () => {
    for (const text of ['[]', '[{"a":1}]', '"{}"', '1', 'null', '', '{}', ' { } ']) {
      expect([...membersOf(bytesOf(text))]).toEqual([]);
    }
  });
});

test('elementsOf gives each element in order, where it lies', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(space, json, space)), (values) => {
      const bytes = bytesOf(`{"a":[${values.map((parts) => parts.join('')).join(',')}]}`);
      const span = valueAt(bytes, 'a') ?? { start: 0, end: 0 };
      const found = [...elementsOf(bytes, span)].map((element) => textAt(bytes, element));
      expect(found).toEqual(values.map(([, value]) => value));
    }),
  );
  expect([...elementsOf(bytesOf('{"a":[1]}'), { start: 0, end: 9 })]).toEqual([]);
});

describe('valueAt', () => {
  test('finds a value by its path, of equal keys the last', () => {
    fc.assert(
      fc.property(twinned, twinned, key, ({ members }, inner, name) => {
        const outer = [...members, { key: name, value: inner.text }];
        const texts = outer.map((one) => `${JSON.stringify(one.key)}:${one.value}`);
        const bytes = bytesOf(`{${texts.join(',')}}`);
        expect(foundAt(bytes, name)).toBe(inner.text);
        for (const { key: at } of inner.members) {
          const last = inner.members.findLast((one) => one.key === at);
          expect(foundAt(bytes, name, at)).toBe(last?.value);
        }
      }),
    );
  });

  test('finds what JSON.parse finds', () => {
    fc.assert(
      fc.property(object, ({ text, members }) => {
        const read = JSON.parse(text) as Record<string, unknown>;
        for (const { key: at } of members) {
          const value = Object.getOwnPropertyDescriptor(read, at)?.value as unknown;
          expect(JSON.stringify(parsedAt(bytesOf(text), at))).toBe(JSON.stringify(value));
        }
      }),
    );
  });

  test('finds nothing below what is no object, nor where nothing is', () => {
    const bytes = bytesOf('{"a":[{"b":1}],"c":null}');
    expect(valueAt(bytes, 'a', 'b')).toBeUndefined();
    expect(valueAt(bytes, 'c', 'b')).toBeUndefined();
    expect(parsedAt(bytes, 'd')).toBeUndefined();
    expect(parsedAt(bytes, 'c')).toBeNull();
    expect(parsedAt(bytes)).toEqual({ a: [{ b: 1 }], c: null });
  });
});

describe('withMembers', () => {
  const added = fc.dictionary(key, json, { maxKeys: 3 });

  test('keeps what is kept byte for byte and in order, and puts what is new behind it', () => {
    fc.assert(
      fc.property(
        object,
        fc.array(key, { maxLength: 3 }),
        added,
        ({ text, members }, without, and) => {
          const kept = members.filter(
            (member) => !without.includes(member.key) && !Object.hasOwn(and, member.key),
          );
          const changed = withMembers(bytesOf(text), { without, and });
          const news = Object.entries(and).map(([name, value]) => ({ key: name, value }));
          const expected = [
            ...kept.map((member) => member.text),
            ...news.map((member) => `${JSON.stringify(member.key)}:${member.value}`),
          ];
          const found = [...membersOf(changed)].map((member) => textAt(changed, member));
          expect(found).toEqual(expected);
          expect(JSON.stringify(JSON.parse(textOf(changed)))).toBe(parsed([...kept, ...news]));
        },
      ),
    );
  });

  test('takes values as bytes as well, and an object in the midst of a text', () => {
    const bytes = bytesOf('[1, { "a" : 1.0 ,"b":2 }, 3]');
    const changed = withMembers(
      bytes,
      { without: ['b'], and: { c: bytesOf('[1e1]') } },
      { start: 3, end: 24 },
    );
    expect(textOf(changed)).toBe('{"a" : 1.0,"c":[1e1]}');
  });

  test('makes an object of what is none', () => {
    expect(textOf(withMembers(bytesOf('[1]'), { and: { a: '1' } }))).toBe('{"a":1}');
  });
});

describe('changeAt', () => {
  test('changes the object at a path, makes what is missing on the way, and keeps the rest', () => {
    fc.assert(
      fc.property(
        object,
        fc.array(key, { minLength: 1, maxLength: 3 }),
        json,
        ({ text, members }, path, value) => {
          const changed = changeAt(bytesOf(text), path, { and: { new: value } });
          expect(foundAt(changed, ...path, 'new')).toBe(value);
          const [first] = path;
          const others = members.filter((member) => member.key !== first);
          expect(
            [...membersOf(changed)].slice(0, -1).map((member) => textAt(changed, member)),
          ).toEqual(others.map((member) => member.text));
        },
      ),
    );
  });

  test('without a path changes the outermost object', () => {
    expect(textOf(changeAt(bytesOf(' {"a":1} '), [], { without: ['a'] }))).toBe('{}');
  });

  test('puts an object where the path meets something else', () => {
    const bytes = bytesOf('{"params":[1],"x":1.0}');
    expect(textOf(changeAt(bytes, ['params', '_meta'], { and: { a: '1' } }))).toBe(
      '{"x":1.0,"params":{"_meta":{"a":1}}}',
    );
  });
});
