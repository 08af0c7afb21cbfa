// Values that come again are known by their bytes: the same object for the same text, whoever sent other values between.
import { expect, test } from 'vitest';

import { parsedAgain } from '../../shared/jsonrpc/repeated.ts';

const encoder = new TextEncoder();

/** The value, as it lies in the middle of a text. */
function parsed(text: string): unknown {
  const before = encoder.encode('{"a":').length;
  const bytes = encoder.encode(`{"a":${text}}`);
  return parsedAgain(bytes, { start: before, end: bytes.length - 1 });
}

test.each(['{}', '{"a":[1,{"b":"ü"}]}', '"text"', '12.50', 'null', 'true', '[1,2]'])(
  '%s reads as JSON does, the second time too',
  (text) => {
    expect([parsed(text), parsed(text)]).toEqual([JSON.parse(text), JSON.parse(text)]);
  },
);

test('[F-710] the same bytes are the same object, also with some others between', () => {
  const first = parsed('{"name":"client","version":"1"}');
  for (let other = 0; other < 10; other++) parsed(`{"name":"other ${other}"}`);
  expect(parsed('{"name":"client","version":"1"}')).toBe(first);
});

test('bytes that differ in one place are another value', () => {
  parsed('{"name":"client","version":"1"}');
  expect(parsed('{"name":"client","version":"2"}')).toEqual({ name: 'client', version: '2' });
  expect(parsed('{"name":"Client","version":"1"}')).toEqual({ name: 'Client', version: '1' });
});

test('nobody can change what others will get', () => {
  const value = parsed('{"sampling":{"tools":{}}}') as { sampling: { tools?: object } };
  expect(() => {
    delete value.sampling.tools;
  }).toThrow(TypeError);
});

test('a large value is parsed each time, and nothing of it is kept', () => {
  const text = JSON.stringify({ name: 'x'.repeat(1_000) });
  const first = parsed(text);
  expect(parsed(text)).toEqual(first);
  expect(parsed(text)).not.toBe(first);
});
