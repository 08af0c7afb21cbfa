import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { mend, type Said } from '../../shared/jsonrpc/mend.ts';
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import { excessOf } from '../fixtures/growth.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);

/** What a line says, messages as their text and broken answers as their id. */
function told(line: Uint8Array | string): unknown[] {
  return mend(typeof line === 'string' ? bytesOf(line) : line).map(inShort);
}

function inShort(said: Said): unknown {
  switch (said.kind) {
    case 'message': {
      const { start, end } = said.envelope;
      return decoder.decode(said.bytes.subarray(start, end));
    }
    case 'broken':
      return { broken: said.id, isSure: said.isSure };
    case 'open':
      return { open: said.broken?.id };
    case 'noise':
      return 'noise';
  }
}

const ANSWER = '{"jsonrpc":"2.0","id":7,"result":{"a":[1,{"b":"c"}]}}';

describe('what every direct client takes is one message', () => {
  test.each([
    ['a byte order mark', `\uFEFF${ANSWER}`],
    ['two of them', `\uFEFF\uFEFF${ANSWER}`],
    ['a title and a hidden cursor', `\u001b]0;my project\u0007\u001b[?25l${ANSWER}`],
    ['a title ended by ST', `\u001b]2;naïve Ü\u001b\\${ANSWER}`],
    ['a device control string', `\u001bP1$r0m\u001b\\${ANSWER}`],
    ['a C1 control sequence', `\u009b2J${ANSWER}`],
    ['a reset and a character set', `\u001bc\u001b(B${ANSWER}`],
    ['a sequence behind it', `${ANSWER}\u001b[0m\u001b[?25h`],
    ['controls on both sides', `\u0000\b\u007f\r  ${ANSWER}\r\u0000`],
    ['a record separator', `\u001e${ANSWER}`],
    ['a zero-width space', `\u200b${ANSWER}`],
    ['a spinner that was erased', `⠋ Connecting…\r\u001b[K${ANSWER}`],
    ['a line that was written over', `Loading 100%\r${ANSWER}`],
    ['text behind it', `${ANSWER}done`],
  ])('behind or before %s', (_what, line) => {
    expect(scanLine(bytesOf(line)).ok).toBe(false);
    expect(told(line)[0]).toBe(ANSWER);
  });

  test.each([
    ['{"jsonrpc":"2.0","id":7.0,"result":{}}', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    ['{"jsonrpc":"2.0","id":70e-1,"result":{}}', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    ['{"jsonrpc":"2.0","id":7,"result":{},"error":null}', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    [
      '{"error" : null , "jsonrpc":"2.0","id":7,"result":{}}',
      '{"jsonrpc":"2.0","id":7,"result":{}}',
    ],
    [
      '{"jsonrpc":"2.0","id":7, "result":null, "error":{"code":1,"message":"m"}}',
      '{"jsonrpc":"2.0","id":7, "error":{"code":1,"message":"m"}}',
    ],
    [
      '{"jsonrpc":"2.0","id":7,"method":null,"params":null,"result":{},"error":null}',
      '{"jsonrpc":"2.0","id":7,"result":{}}',
    ],
    [
      '{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":null}',
      '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
    ],
    [
      '{"jsonrpc":"2.0","id":null,"method":"notifications/message","params":{}}',
      '{"jsonrpc":"2.0","method":"notifications/message","params":{}}',
    ],
    [
      '{"jsonrpc":"2.0","id":"q","method":"roots/list","params":null,"result":null,"error":null}',
      '{"jsonrpc":"2.0","id":"q","method":"roots/list"}',
    ],
    ['{"jsonrpc":"2.0","id":1,"id":7,"result":{}}', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    [
      '{"jsonrpc":"2.0","Id":9,"id":7,"__proto__":{},"result":{}}',
      '{"jsonrpc":"2.0","id":7,"result":{}}',
    ],
  ])('%s', (line, mended) => {
    expect(scanLine(bytesOf(line)).ok).toBe(false);
    expect(told(line)).toEqual([mended]);
    expect(scanLine(bytesOf(mended)).ok).toBe(true);
  });

  test('bytes that are no UTF-8 become U+FFFD, as in every decoder', () => {
    const [head, tail] = ['{"jsonrpc":"2.0","id":7,"result":{"t":"', '"}}'];
    const line = new Uint8Array([...bytesOf(`${head}a`), 0xff, 0xc3, ...bytesOf(`b${tail}`)]);
    expect(told(line)).toEqual([`${head}a\uFFFD\uFFFDb${tail}`]);
  });

  test('messages without a line break between them are each taken', () => {
    const notice = '{"jsonrpc":"2.0","method":"notifications/message","params":{}}';
    expect(told(`${notice}${ANSWER}\u001b[0m ${notice}`)).toEqual([notice, ANSWER, notice]);
    expect(told(`[${ANSWER.replace('7', '7.0')},3,${notice}]`)).toEqual([ANSWER, 'noise', notice]);
  });

  test('a message over several lines is written on one', () => {
    expect(told('\u001b[0m{"jsonrpc":"2.0",\n"id":7,\r\n"result":{}}')).toEqual([
      '{"jsonrpc":"2.0","id":7,"result":{}}',
    ]);
  });

  test('whatever stands around and in the envelope, the payload keeps its bytes', () => {
    const junk = fc.constantFrom(
      '',
      ' ',
      '\uFEFF',
      '\u001b[2K',
      '\u001b]0;t\u0007',
      '\r',
      '\u0000',
    );
    const id = fc.constantFrom('7', '7.0', '0.7e1', '"7"');
    const more = fc.constantFrom('', ',"error":null', ',"method":null', ',"params":null');
    fc.assert(
      fc.property(junk, junk, id, more, fc.jsonValue(), (before, after, spelt, extra, value) => {
        const result = JSON.stringify({ value });
        const line = `${before}{"jsonrpc":"2.0","id":${spelt}${extra},"result":${result}}${after}`;
        const scan = scanLine(bytesOf(line));
        const written = spelt.startsWith('"') ? spelt : '7';
        const mended = `{"jsonrpc":"2.0","id":${written},"result":${result}}`;
        const taken = scan.ok ? [line.replace(spelt, written).trim()] : told(line);
        expect(taken).toEqual([mended]);
      }),
    );
  });
});

describe('an answer that cannot be read is told with its id', () => {
  test.each([
    ['NaN', '{"jsonrpc":"2.0","id":7,"result":{"x":NaN}}', '7', true],
    ['infinity', '{"result":{"x":-Infinity},"jsonrpc":"2.0","id":7}', '7', true],
    ['an undefined value', '{"jsonrpc":"2.0","id":"7","result":undefined}', '7', true],
    ['a trailing comma', '{"jsonrpc":"2.0","id":7,"result":{},}', '7', true],
    ['a raw tab in a string', '{"jsonrpc":"2.0","id":7,"result":{"t":"a\tb"}}', '7', true],
    ['a wrong escape', '{"jsonrpc":"2.0","id":7,"result":{"p":"C:\\path"}}', '7', true],
    ['an end within a string', '{"jsonrpc":"2.0","id":7,"result":{"t":"abc', '7', true],
    ['another version', '{"jsonrpc":"1.0","id":7,"result":{}}', '7', true],
    ['no version', '{"id":7,"result":{}}', '7', true],
    ['neither result nor error', '{"jsonrpc":"2.0","id":7}', '7', true],
    ['both', '{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":""}}', '7', true],
    ['a result for nobody', '{"jsonrpc":"2.0","id":null,"result":{"a":1}}', undefined, true],
    ['half an id', '{"jsonrpc":"2.0","id":7.5,"result":{}}', '7.5', true],
    ['a Python dict', "{'jsonrpc': '2.0', 'id': 7, 'result': {'ok': True, 'n': None}}", '7', false],
    [
      'an inspected object',
      "{ jsonrpc: '2.0', id: 7, result: { content: [ [Object] ] } }",
      '7',
      false,
    ],
    ['text before it', `Loading...${ANSWER}`, '7', false],
    ['a broken one behind text', 'x {"jsonrpc":"2.0","id":7,"result":NaN}', '7', false],
  ])('%s', (_what, line, id, isSure) => {
    expect(told(line)).toEqual([{ broken: id, isSure }]);
  });

  test('UTF-16', () => {
    const line = new Uint8Array(Buffer.from(`\uFEFF${ANSWER}`, 'utf16le'));
    expect(told(line)).toEqual([{ broken: '7', isSure: true }]);
    expect(told(new Uint8Array(Buffer.from('starting', 'utf16le')))).toEqual(['noise']);
  });

  test('JSON that goes on behind the line is open, with what is known of it', () => {
    expect(told('{')).toEqual([{ open: undefined }]);
    expect(told('{"jsonrpc":"2.0","id":7,')).toEqual([{ open: '7' }]);
    expect(told('{"result":{"t":"a')).toEqual([{ open: undefined }]);
  });
});

describe('noise is no answer', () => {
  test.each([
    'null',
    '42',
    '"text"',
    '[]',
    '{}',
    '   \t ',
    'GitHub MCP Server running on stdio\r',
    '\u001b[2m2026-01-29T21:04:35Z\u001b[0m \u001b[32m INFO\u001b[0m starting',
    '[dotenv@17.2.0] injecting env (3) from .env',
    '[INFO] {"jsonrpc":"2.0","id":7,"method":"tools/call"} received',
    '{"status":200,"message":"Success","results":[],"duration":1189}',
    '{"level":"info","msg":"request","id":7}',
    '{"level":"error","id":7,"error":"boom"}',
    '{"level":30,"time":1700000000,"method":"tools/call","id":7,"result":"ok"}',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"x":NaN}}',
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":NaN}}',
    "{'level': 'info', 'id': 7}",
    "Response headers: { 'access-control': 1 }",
    'Content-Length: 123',
    'DEBUG request {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}',
    '\u001b]0;never ended {"jsonrpc":"2.0","id":7,"method":"x"}',
  ])('%s', (line) => {
    expect(told(line).every((said) => said === 'noise')).toBe(true);
  });

  test('any text at all is read without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(Array.isArray(mend(bytes))).toBe(true);
      }),
    );
  });

  test('the work grows with the length of the text', () => {
    const pieces = [
      '{',
      '[',
      '"',
      "'",
      '\u001b[',
      '\u001b]',
      '\\',
      '{"id":',
      '{"jsonrpc":"2.0",',
      ',',
    ];
    for (const piece of pieces) {
      const lines = new Map<number, Uint8Array>();
      const lineOf = (times: number): Uint8Array => {
        const line = lines.get(times) ?? bytesOf(piece.repeat(times));
        lines.set(times, line);
        return line;
      };
      expect([piece, excessOf((times) => void mend(lineOf(times)), 10_000)]).toEqual([
        piece,
        undefined,
      ]);
    }
  });
});
