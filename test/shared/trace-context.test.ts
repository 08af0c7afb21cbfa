// Trace context as it comes and goes: only what the standard allows counts, and a message changes by nothing else.
import { describe, expect, test } from 'vitest';

import { onlyMessageIn } from '../../shared/jsonrpc/view.ts';
import { contextIn, traceContext, traceparent, withContext } from '../../shared/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = `00-${TRACE}-${SPAN}-01`;

describe('a traceparent', () => {
  test.each([
    [PARENT, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    [`cc-${TRACE}-${SPAN}-01-what the future brings`, true],
  ])('%s is read', (text, isSampled) => {
    expect(traceContext(text)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  });

  test.each([
    '',
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    ` ${PARENT}`,
    `${PARENT}\n`,
  ])('[F-634] %j is none', (text) => {
    expect(traceContext(text)).toBeUndefined();
  });

  test('is written as it was read', () => {
    const context = traceContext(PARENT);
    expect(context && traceparent(context)).toBe(PARENT);
  });
});

test.each([
  ['a=1,b=2', 'a=1,b=2'],
  ['x'.repeat(512), 'x'.repeat(512)],
  ['x'.repeat(513), undefined],
  ['a=1\u0000', undefined],
  ['ä', undefined],
  ['', undefined],
  [null, undefined],
])('[F-634] of a tracestate %j there is %j', (text, state) => {
  expect(traceContext(PARENT, text)?.state).toBe(state);
});

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const view = (text: string) => {
  const message = onlyMessageIn(encoder.encode(text));
  if (!message) throw new Error('no message');
  return message;
};
const context = { traceId: TRACE, spanId: SPAN, isSampled: true };
const given = (text: string, ...more: [string?]): string =>
  decoder.decode(withContext(view(text), context, ...more).bytes);

describe('a message', () => {
  test.each([
    [
      '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"traceparent":"${PARENT}"}}}`,
    ],
    [
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"n":1.0e2}}',
      `{"jsonrpc":"2.0","id":1,"method":"m","params":{"n":1.0e2,"_meta":{"traceparent":"${PARENT}"}}}`,
    ],
    [
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":9007199254740993}}}',
      `{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":9007199254740993,"traceparent":"${PARENT}"}}}`,
    ],
    [
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"traceparent":"x","tracestate":"y","z":0}}}',
      `{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"z":0,"traceparent":"${PARENT}"}}}`,
    ],
  ])('%s gets a context, and stays as it is but for that', (text, wanted) => {
    expect(given(text)).toBe(wanted);
    expect(contextIn(view(wanted))).toEqual(context);
  });

  test.each(['[1]', '{"_meta":[]}', '{"_meta":"x"}'])('with params %s stays as it is', (params) => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"m","params":${params}}`;
    expect(given(text)).toBe(text);
  });

  test('keeps its own baggage', () => {
    const bare = '{"jsonrpc":"2.0","id":1,"method":"m"}';
    expect(given(bare, 'a=1')).toContain('"baggage":"a=1"');
    const own = '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"baggage":"b=2"}}}';
    expect(given(own, 'a=1')).not.toContain('a=1');
  });
});
