import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { scanMessage, type Envelope } from '../../shared/jsonrpc/scan.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const scanText = (text: string) => scanMessage(bytesOf(text));

function single(text: string): Envelope {
  const result = scanText(text);
  if (!result.ok || result.kind !== 'single') throw new Error(JSON.stringify(result));
  return result.envelope;
}

function raw(text: string, span: Span | undefined): string | undefined {
  return span && decoder.decode(bytesOf(text).subarray(span.start, span.end));
}

const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}';
const withParams = (params: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;

describe('scanMessage finds kind and spans', () => {
  test('of a request', () => {
    const text = ` {"id" : "a\\"b" ,"params":{"_meta":{"progressToken": 7.5},"progressToken":1},"method":"tools\\/call","jsonrpc":"2.0"}\t`;
    const envelope = single(text);
    expect(envelope).toMatchObject({ kind: 'request', method: 'tools/call', start: 1 });
    expect(raw(text, envelope)).toBe(text.trim());
    expect(raw(text, envelope.id)).toBe('"a\\"b"');
    expect(raw(text, envelope.progressToken)).toBe('7.5');
    expect('requestId' in envelope).toBe(false);
  });

  test('of a progress notification, whatever the order of its keys', () => {
    const text =
      '{"params":{"progressToken":"tok","requestId":3,"_meta":{"progressToken":9}},"method":"notifications/progress","jsonrpc":"2.0"}';
    const envelope = single(text);
    expect(envelope.kind).toBe('notification');
    expect(raw(text, envelope.progressToken)).toBe('"tok"');
    expect(Object.keys(envelope).toSorted()).toEqual(
      ['end', 'kind', 'method', 'parts', 'progressToken', 'start'].toSorted(),
    );
  });

  test('of a cancelled notification', () => {
    const text =
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":-12,"progressToken":1}}';
    const envelope = single(text);
    expect(raw(text, envelope.requestId)).toBe('-12');
    expect('progressToken' in envelope).toBe(false);
  });

  test('of results and errors; an error may name no request', () => {
    expect(single('{"jsonrpc":"2.0","id":5,"result":{}}')).toMatchObject({
      kind: 'result',
      id: { start: 22, end: 23 },
    });
    expect(single('{"jsonrpc":"2.0","id":"x","error":{}}').kind).toBe('error');
    for (const id of ['"id":null,', '']) {
      const envelope = single(`{"jsonrpc":"2.0",${id}"error":{"code":1,"message":""}}`);
      expect(envelope.kind).toBe('error');
      expect('id' in envelope).toBe(false);
    }
  });

  test('with escaped key spellings read as the keys they are', () => {
    const text =
      '{"\\u006asonrpc":"\\u0032.0","i\\u0064":4,"method":"\\u0070ing","params":{"\\u005fmeta":{"progress\\u0054oken":"t"}}}';
    const envelope = single(text);
    expect(envelope.method).toBe('ping');
    expect(raw(text, envelope.id)).toBe('4');
    expect(raw(text, envelope.progressToken)).toBe('"t"');
  });

  test('with a token that is no string or number left out', () => {
    for (const token of ['null', '{}', '[1]', 'true']) {
      expect('progressToken' in single(withParams(`{"_meta":{"progressToken":${token}}}`))).toBe(
        false,
      );
    }
  });

  test('[F-17] of each message of a batch', () => {
    const parts = [CALL, '{"jsonrpc":"2.0","method":"a"}', '{"jsonrpc":"2.0","id":2,"result":1}'];
    const text = `[ ${parts.join(' ,\n')} ]`;
    const result = scanText(text);
    if (!result.ok || result.kind !== 'batch') throw new Error(JSON.stringify(result));
    expect(result.messages.map((message) => raw(text, message))).toEqual(parts);
    expect(result.messages.map(({ kind }) => kind)).toEqual(['request', 'notification', 'result']);
    expect(raw(text, result.messages[2]?.id)).toBe('2');
    expect(result.compact).toBe(false);
  });

  test('[F-17] an empty batch and a batch with a bad message are refused', () => {
    expect(scanText('[]')).toMatchObject({ ok: false, code: -32600, reason: 'the batch is empty' });
    expect(scanText(`[${CALL},7]`)).toMatchObject({
      ok: false,
      code: -32600,
      reason: expect.stringContaining('message 2 of the batch'),
    });
    expect(scanText(`[[${CALL}]]`)).toMatchObject({ ok: false, code: -32600 });
    for (const text of [`[${CALL},]`, `[,${CALL}]`, `[${CALL}`, `[${CALL}}`, `[${CALL} ${CALL}]`]) {
      expect(scanText(text)).toMatchObject({ ok: false, code: -32700 });
    }
  });
});

describe('scanMessage refuses', () => {
  test.each([
    ['', 'byte 0: the text ends too early'],
    ['  ', 'byte 2: the text ends too early'],
    [CALL.slice(0, -1), 'byte 57: the text ends too early'],
    [`${CALL}x`, 'byte 58: something follows the JSON value'],
    [`${CALL}${CALL}`, 'byte 58: something follows the JSON value'],
    [`\uFEFF${CALL}`, 'byte 0: a byte order mark stands before the value'],
    [withParams('[NaN]'), undefined],
    [withParams('[Infinity]'), undefined],
    [withParams('[01]'), undefined],
    [withParams('[1.]'), 'a decimal point without digits'],
    [withParams('[.5]'), undefined],
    [withParams('[+1]'), undefined],
    [withParams('[-]'), 'a minus sign without digits'],
    [withParams('[1e+]'), 'an exponent without digits'],
    [withParams('[tru]'), undefined],
    [withParams('[1,]'), undefined],
    [withParams('{"a":1,}'), undefined],
    [withParams('{"a" 1}'), 'a colon was expected'],
    [withParams('{a:1}'), 'a key in double quotes'],
    [withParams('{1:1}'), 'a key in double quotes'],
    [withParams('[1}'), 'a comma or ] was expected'],
    [withParams('{"a":1]'), 'a comma or } was expected'],
    [withParams("['a']"), undefined],
    [withParams('["\\x41"]'), 'an escape that JSON does not know'],
    [withParams('["\\u12g4"]'), 'four hexadecimal digits'],
    [withParams('["a\tb"]'), 'a string holds a raw control character'],
    [withParams('["a\u0000b"]'), 'a string holds a raw control character'],
    [withParams('[1\u00a0]'), undefined],
    [withParams('[1\u000b]'), undefined],
  ])('[F-11] what is not JSON: %j', (text, reason) => {
    expect(scanText(text)).toMatchObject({
      ok: false,
      code: -32700,
      reason: expect.stringContaining(reason ?? 'byte '),
    });
  });

  test.each([
    'null',
    '42',
    '"text"',
    'true',
    '-0',
    '{}',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":1}',
  ])('[F-11] JSON that is no message: %s', (text) => {
    expect(scanText(text)).toMatchObject({ ok: false, code: -32600 });
  });

  test('[F-12] bytes that are not UTF-8, in keys, in values and anywhere in between', () => {
    const bad = [
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xe2, 0x82],
      [0xf5, 0x80, 0x80, 0x80],
      [0x80],
    ];
    for (const bytes of bad) {
      for (const [before, after] of [
        ['{"jsonrpc":"2.0","method":"', '"}'],
        ['{"jsonrpc":"2.0","method":"m","params":{"é":"é","', '":"é"}}'],
        [`{"jsonrpc":"2.0","method":"m","params":{"x":"${'y'.repeat(50)}`, `${'z'.repeat(50)}"}}`],
        ['{"jsonrpc":"2.0","', '":1,"method":"m"}'],
      ] as const) {
        const text = Uint8Array.from([...bytesOf(before), ...bytes, ...bytesOf(after)]);
        expect(scanMessage(text)).toMatchObject({ ok: false, code: -32700 });
        expect(scanText(`${before}é漢😀\u2028${after}`)).toMatchObject({ ok: true });
      }
    }
  });

  test('[F-12] but lets escaped lone surrogates and every legal escape pass', () => {
    expect(
      scanText(withParams('["\\ud83d","\\uDE00\\ud83d","\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"]')),
    ).toMatchObject({ ok: true });
  });

  test('[F-13] nesting beyond 128 and more than 100,000 keys and values, and stops there', () => {
    const nested = (depth: number) => withParams('['.repeat(depth - 1) + ']'.repeat(depth - 1));
    expect(scanText(nested(128))).toMatchObject({ ok: true });
    expect(scanText(nested(129))).toMatchObject({
      ok: false,
      code: -32600,
      reason: 'byte 182: nested deeper than 128 levels',
    });
    expect(scanText('['.repeat(5000))).toMatchObject({ ok: false, code: -32600 });
    expect(scanText('{"a":'.repeat(5000))).toMatchObject({ ok: false, code: -32600 });
    expect(scanText(withParams(`{"_meta":${'{"a":'.repeat(5000)}`))).toMatchObject({
      code: -32600,
    });

    // The message is one value with four keys and four values.
    const empties = (count: number) => withParams(`[${Array(count).fill('{}').join(',')}]`);
    expect(scanText(empties(100_000 - 9))).toMatchObject({ ok: true });
    expect(scanText(empties(100_000 - 8))).toMatchObject({ ok: false, code: -32600 });
    // A fault that lies behind the limit is never reached.
    expect(scanText(`[${'{},'.repeat(1_400_000)}!`)).toMatchObject({
      ok: false,
      code: -32600,
      reason: expect.stringMatching(/^byte 29\d{4}: too many keys and values$/u),
    });
  });

  test.each([
    ['{"jsonrpc":"2.0","jsonrpc":"2.0","method":"a"}', 'duplicate key "jsonrpc"'],
    ['{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}', 'duplicate key "id"'],
    ['{"jsonrpc":"2.0","id":1,"\\u0069d":2,"method":"a"}', 'duplicate key "id"'],
    ['{"jsonrpc":"2.0","method":"a","method":"b"}', 'duplicate key "method"'],
    ['{"jsonrpc":"2.0","method":"a","params":{},"params":{}}', 'duplicate key "params"'],
    ['{"jsonrpc":"2.0","id":1,"result":1,"result":2}', 'duplicate key "result"'],
    ['{"jsonrpc":"2.0","method":"a","Method":"b"}', 'differs from "method" only in case'],
    ['{"jsonrpc":"2.0","method":"a","ID":1}', 'differs from "id" only in case'],
    ['{"jsonRPC":"2.0","method":"a"}', 'differs from "jsonrpc" only in case'],
    ['{"jsonrpc":"2.0","method":"a","paramſ":{}}', 'differs from "params" only in case'],
    ['{"jsonrpc":"2.0","method":"a","param\\u017f":{}}', 'differs from "params" only in case'],
    ['{"jsonrpc":"2.0","method":"a","ıd":{}}', 'differs from "id" only in case'],
    ['{"jsonrpc":"2.0","method":"a","__proto__":{}}', '"__proto__" is not allowed'],
    ['{"jsonrpc":"2.0","method":"a","\\u005f_proto__":{}}', '"__proto__" is not allowed'],
    ['{"jsonrpc":"1.0","method":"a"}', '"jsonrpc" must be "2.0"'],
    ['{"jsonrpc":2.0,"method":"a"}', '"jsonrpc" must be "2.0"'],
    ['{"method":"a"}', '"jsonrpc" must be "2.0"'],
    ['{"jsonrpc":"2.0","id":1,"method":"a","result":{}}', '"method" excludes'],
    ['{"jsonrpc":"2.0","id":1,"method":"a","error":{}}', '"method" excludes'],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', '"result" excludes "error"'],
    ['{"jsonrpc":"2.0","id":1,"method":7}', '"method" must be a string'],
    ['{"jsonrpc":"2.0","id":null,"method":"a"}', '"id" of a request'],
    ['{"jsonrpc":"2.0","id":1.0,"method":"a"}', '"id" must be'],
    ['{"jsonrpc":"2.0","id":1e3,"method":"a"}', '"id" must be'],
    ['{"jsonrpc":"2.0","id":{},"method":"a"}', '"id" must be'],
    ['{"jsonrpc":"2.0","id":true,"method":"a"}', '"id" must be'],
    ['{"jsonrpc":"2.0","id":[1],"error":{}}', '"id" must be'],
    ['{"jsonrpc":"2.0","result":{}}', '"id" of a result'],
    ['{"jsonrpc":"2.0","id":null,"result":{}}', '"id" of a result'],
    ['{"jsonrpc":"2.0","method":"a","params":null}', '"params" must be'],
    ['{"jsonrpc":"2.0","method":"a","params":"x"}', '"params" must be'],
    [withParams('{"_meta":{},"_meta":{}}'), 'duplicate key params._meta'],
    [withParams('{"_meta":1,"\\u005fmeta":2}'), 'duplicate key params._meta'],
    [
      withParams('{"_meta":{"progressToken":1,"progressToken":2}}'),
      'duplicate key params._meta.progressToken',
    ],
    [
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progressToken":1}}',
      'duplicate key params.progressToken',
    ],
    [
      '{"jsonrpc":"2.0","params":{"requestId":1,"requestId":1},"method":"notifications/cancelled"}',
      'duplicate key params.requestId',
    ],
  ])('[F-15] an ambiguous or unsound envelope: %s', (text, reason) => {
    expect(scanText(text)).toMatchObject({
      ok: false,
      code: -32600,
      reason: expect.stringContaining(reason),
    });
  });

  test.each([
    withParams(
      '{"a":1,"a":2,"__proto__":{"x":1},"Method":"x","method":"y","requestId":1,"requestId":2}',
    ),
    withParams('{"progressToken":1,"progressToken":2,"x":{"_meta":1,"_meta":2}}'),
    withParams('{"_meta":{"a":1,"a":2}}'),
    withParams('[1,2]'),
    '{"jsonrpc":"2.0","id":-3,"method":"a"}',
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"a"}',
    '{"jsonrpc":"2.0","id":"","method":"a"}',
    '{"jsonrpc":"2.0","id":1,"result":{"result":1,"error":2,"__proto__":3,"id":1,"id":2}}',
    '{"jsonrpc":"2.0","method":"a","unknown":{"x":1},"methods":1,"Unknown":2}',
  ])('[F-15] but lets pass what lies inside params or is no envelope key: %s', (text) => {
    expect(scanText(text)).toMatchObject({ ok: true });
  });

  test('ids and tokens of more than 1 KiB', () => {
    const id = (length: number) => `"${'i'.repeat(length - 2)}"`;
    expect(scanText(`{"jsonrpc":"2.0","id":${id(1024)},"method":"a"}`)).toMatchObject({ ok: true });
    expect(scanText(`{"jsonrpc":"2.0","id":${id(1025)},"method":"a"}`)).toMatchObject({
      code: -32600,
      reason: '"id" is longer than 1024 bytes',
    });
    expect(scanText(withParams(`{"_meta":{"progressToken":${id(1025)}}}`))).toMatchObject({
      code: -32600,
    });
    expect(scanMessage(bytesOf(CALL.replace('1,', '12345,')), { idBytes: 4 })).toMatchObject({
      code: -32600,
    });
  });

  test('the text before the envelope: what is not JSON is never reported as a bad envelope', () => {
    expect(scanText('{"jsonrpc":"1.0","id":1,"id":2')).toMatchObject({ code: -32700 });
  });
});

test('[F-19b] compact tells whether CR or LF stands between tokens', () => {
  const isCompact = (text: string) => {
    const result = scanText(text);
    return result.ok && result.compact;
  };
  expect(isCompact(withParams('{"a":"\\n\\r", "b" :\t1}'))).toBe(true);
  expect(isCompact(withParams('{"a":"\u2028\u0085"}'))).toBe(true);
  for (const text of [
    `${CALL}\n`,
    `\r${CALL}`,
    withParams('{\n}'),
    withParams('[1\r,2]'),
    withParams('{"a"\n:1}'),
  ]) {
    expect(isCompact(text)).toBe(false);
  }
  expect(
    scanText(withParams('{"x":\n{"jsonrpc":"2.0","id":99,"method":"tools/call"}\n}')),
  ).toMatchObject({
    ok: true,
    compact: false,
  });
});

describe('scanMessage agrees with JSON.parse', () => {
  const key = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('_meta', 'id', 'progressToken', 'a'),
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom(null, true, false, 0, -0, 1.5, -1e-7, 1e300),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'binary', maxLength: 90 }),
      fc.string({ maxLength: 60 }),
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(key, tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  const envelope = fc.record({
    jsonrpc: fc.constant('2.0'),
    id: fc.oneof(fc.integer(), fc.string({ unit: 'binary', maxLength: 100 })),
    method: fc.string({ unit: 'binary', maxLength: 90 }),
    params: fc.dictionary(key, value, { maxKeys: 4 }),
  });
  const indent = fc.constantFrom(undefined, 1, '\t');
  // The text lies at any offset of a larger buffer, with bytes before and after that must not matter.
  const place = (text: string, offset: number) => {
    const bytes = bytesOf(text);
    const buffer = new Uint8Array(bytes.length + offset + 5).fill(0x22);
    buffer.set(bytes, offset);
    return buffer.subarray(offset, offset + bytes.length);
  };

  test('on requests, and its spans hold what JSON.parse reads', () => {
    fc.assert(
      fc.property(envelope, indent, fc.nat({ max: 7 }), (request, space, offset) => {
        const bytes = place(JSON.stringify(request, null, space), offset);
        const result = scanMessage(bytes);
        if (!result.ok || result.kind !== 'single') throw new Error(JSON.stringify(result));
        const { envelope } = result;
        const read = (span: Span | undefined): unknown =>
          span && JSON.parse(decoder.decode(bytes.subarray(span.start, span.end)));
        const parsed = JSON.parse(decoder.decode(bytes)) as typeof request;
        expect(envelope.kind).toBe('request');
        expect(envelope.method).toBe(parsed.method);
        expect(read(envelope.id)).toBe(parsed.id);
        const meta: unknown = parsed.params['_meta'];
        const token: unknown =
          typeof meta === 'object' && meta !== null && !Array.isArray(meta)
            ? (meta as Record<string, unknown>)['progressToken']
            : undefined;
        const isToken = typeof token === 'string' || typeof token === 'number';
        expect(read(envelope.progressToken)).toBe(isToken ? token : undefined);
        expect(result.compact).toBe(space === undefined);
      }),
      { numRuns: 300 },
    );
  });

  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const snippet = fc.oneof(
    fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '-',
      '.',
      'e',
      'E',
      '+',
      '0',
      '1',
      '\n',
      '\r',
      '\t',
      ' ',
      'true',
      'nul',
      '\\u',
      '\\ud800',
      '\u0000',
      '\u001f',
      '\u007f',
      '\u2028',
      '\uFEFF',
      'é',
      '/',
      'NaN',
      '//',
      '"a":1,',
      '1,',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const mutation = fc.record({ at: fc.nat(), cut: fc.nat({ max: 3 }), put: snippet });

  test('on texts with one to three mutations, inside a value that may hold anything', () => {
    let good = 0;
    let bad = 0;
    fc.assert(
      fc.property(
        value,
        indent,
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.nat({ max: 3 }),
        (inner, space, mutations, offset) => {
          let text = JSON.stringify(inner, null, space);
          for (const { at, cut, put } of mutations) {
            const start = at % (text.length + 1);
            text = text.slice(0, start) + put + text.slice(start + cut);
          }
          // A cut may leave half a surrogate pair, which has no UTF-8.
          text = text.toWellFormed();
          // In an array nothing a mutation adds can close the value and go on in the envelope.
          const whole = `{"jsonrpc":"2.0","id":1,"result":[${text}]}`;
          const result = scanMessage(place(whole, offset));
          const expected = isJson(whole);
          if (result.ok) good++;
          else bad++;
          const isEnvelopeFault = !result.ok && result.code === -32600;
          expect(result.ok || isEnvelopeFault).toBe(expected);
        },
      ),
      { numRuns: 1500 },
    );
    expect(Math.min(good, bad)).toBeGreaterThan(100);
  });

  test('on any bytes at all: a message is accepted only if it is UTF-8 and JSON', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const isStrictJson = (bytes: Uint8Array): boolean => {
      try {
        JSON.parse(strict.decode(bytes));
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        (noise, before, after) => {
          const head = bytesOf(`{"jsonrpc":"2.0","method":${JSON.stringify(before)},"params":["`);
          const tail = bytesOf(`",${JSON.stringify(after)}]}`);
          const bytes = Uint8Array.from([...head, ...noise, ...tail]);
          expect(scanMessage(bytes).ok).toBe(isStrictJson(bytes));
        },
      ),
      { numRuns: 500 },
    );
  });
});
