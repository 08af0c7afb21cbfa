// Lines as long as a line may be, of shapes that cost much to read: what is done at once with each, from the pipe to the meaning of
// the line, is so little that nobody else on the runner notices.
import { describe, expect, test } from 'vitest';
import { ProcessText } from '../../../runner/core/process-text.ts';
import { newOutputShare, StdoutLines } from '../../../runner/process/stdout-lines.ts';
import { scanLine } from '../../../shared/jsonrpc/scan.ts';
import { leastCpuMs } from '../../fixtures/growth.ts';
import { spliceApart } from '../../../shared/jsonrpc/splice.ts';
import { onlyMessageIn, readMessages, type MessageView } from '../../../shared/jsonrpc/view.ts';

const MIB = 1024 * 1024;
const MAX_LINE_BYTES = 16 * MIB;
const LARGE = 15 * MIB;
const CHUNK_BYTES = 64 * 1024;

/** A neighbour may have to wait for 50 ms. */
const BOUND_MS = 50;
/** The least counts: what a collector or a cold compiler adds to one of them is not the line's. */
const ROUNDS = 4;

const encoder = new TextEncoder();
const times = (text: string, bytes = LARGE): string =>
  text.repeat(Math.floor(bytes / encoder.encode(text).length));
const answer = (value: string): string => `{"jsonrpc":"2.0","id":7,"result":{"x":${value}}}`;

/** What came of a line: `ok`, or what mend.ts makes of it. */
interface Read {
  readonly told: readonly string[];
  readonly ids: readonly (string | undefined)[];
  readonly messages: readonly MessageView[];
  readonly overlong: number | undefined;
  /** The most work that was done without a look at the clock, of this thread. */
  readonly worstMs: number;
}

/** As a pipe gives it, and as a session passes on an answer. */
function readLine(line: Uint8Array): Read {
  const text = new ProcessText();
  const told: string[] = [];
  const ids: (string | undefined)[] = [];
  const messages: MessageView[] = [];
  let overlong: number | undefined;
  const lines = new StdoutLines({
    maxLineBytes: MAX_LINE_BYTES,
    share: newOutputShare(),
    onNoise: () => told.push('too much noise'),
    onOverlong: (bytes) => (overlong = bytes),
    onLine: (bytes) => {
      const read = readMessages(bytes, scanLine);
      if (!read.ok) {
        for (const heard of text.line(bytes, 0)) {
          told.push(heard.kind);
          if (heard.kind === 'broken') ids.push(heard.id);
        }
        return;
      }
      for (const message of read.messages) {
        told.push('ok');
        messages.push(message);
        ids.push(message.id);
        const { idAt } = message;
        if (idAt) spliceApart(message.bytes, [{ ...idAt, with: encoder.encode('"another"') }]);
      }
    },
  });
  let worstMs = 0;
  const step = (): boolean => {
    const before = process.threadCpuUsage();
    const isMore = lines.step();
    const { user, system } = process.threadCpuUsage(before);
    worstMs = Math.max(worstMs, (user + system) / 1_000);
    return isMore;
  };
  for (let at = 0; at <= line.length; at += CHUNK_BYTES) {
    const isLast = at + CHUNK_BYTES > line.length;
    const chunk = line.slice(at, at + CHUNK_BYTES);
    lines.push(isLast ? Buffer.concat([chunk, Buffer.from('\n')]) : chunk);
    while (step());
  }
  return { told, ids, messages, overlong, worstMs };
}

/** Of several readings the one that cost least. */
function leastOf(make: () => string | Uint8Array): Read {
  let least: Read | undefined;
  for (let round = 0; round < ROUNDS && !(least && least.worstMs < BOUND_MS); round += 1) {
    const line = make();
    const read = readLine(typeof line === 'string' ? encoder.encode(line) : line);
    if (!least || read.worstMs < least.worstMs) least = read;
  }
  if (!least) throw new Error('nothing was read');
  return least;
}

describe('[F-1200] a line of 15 MiB that is no message is judged a step at a time, and still ends the call it was meant for', () => {
  test.each<[string, () => string | Uint8Array, string | undefined]>([
    ['ends too early', () => answer(`[${times('{},')}`).slice(0, LARGE), '7'],
    ['ends in a number', () => `{"jsonrpc":"2.0","id":7,"result":{"x":${times('1')}`, '7'],
    ['ends in brackets', () => `{"jsonrpc":"2.0","id":7,"result":${times('[')}`, '7'],
    ['has colours in it', () => answer(`[${times('{},')}\u001b[0m{}]`), '7'],
    ['has raw control characters', () => answer(`"${times('\u001b[31mred\u001b[0m ')}"`), '7'],
    ['stands behind a word', () => `log: ${answer(`[${times('{},')}`)}`.slice(0, LARGE), '7'],
    ['is UTF-16', () => Buffer.from(answer(`[${times('{},', LARGE / 2)}{}]`), 'utf16le'), '7'],
    [
      'has a text as its result',
      () => `{"jsonrpc":"2.0","id":7,"result":"${times('\\u0041')}"}`,
      '7',
    ],
    [
      'has millions of members',
      () => `{"jsonrpc":"2.0","id":7,"result":{}${times(',"a":1')}}`,
      '7',
    ],
    ['is a text in quotes', () => `"${times('\\"a\\":1,')}"`, undefined],
    ['is zeros', () => new Uint8Array(LARGE), undefined],
    ['is blank', () => times('\u200b'), undefined],
  ])('%s', (_name, make, id) => {
    const { told, ids, worstMs } = leastOf(make);
    expect({ told, ids }).toEqual(
      id === undefined ? { told: ['noise'], ids: [] } : { told: ['broken'], ids: [id] },
    );
    expect(worstMs).toBeLessThan(BOUND_MS);
  });

  test('an answer behind many blanks is one', () => {
    const { told, ids, worstMs } = leastOf(
      () => times(' ', 2 * MIB) + answer(`[${times('{},', 13 * MIB)}{}]`),
    );
    expect({ told, ids }).toEqual({ told: ['ok'], ids: ['7'] });
    expect(worstMs).toBeLessThan(BOUND_MS);
  });
});

describe('[F-1201] a line of 15 MiB that is no UTF-8 is rewritten a step at a time', () => {
  const withByte = (text: string, byte = 0xff): Uint8Array => {
    const bytes = encoder.encode(text);
    bytes[bytes.indexOf(0x3f)] = byte;
    return bytes;
  };

  test.each<[string, () => Uint8Array]>([
    ['in one place', () => withByte(answer(`"${times('é')}?"`))],
    ['among millions of values', () => withByte(answer(`["?",${times('{},')}{}]`))],
    ['with line breaks of an old kind', () => withByte(answer(`["?",${times('{},\r')}{}]`))],
  ])('%s', (_name, make) => {
    const { told, ids, messages, worstMs } = leastOf(make);
    expect({ told, ids }).toEqual({ told: ['ok'], ids: ['7'] });
    const shown = new TextDecoder().decode(make()).replaceAll('\r', '');
    expect(new TextDecoder().decode(messages[0]?.bytes) === shown).toBe(true);
    expect(worstMs).toBeLessThan(BOUND_MS);
  });

  test('what would be more than a line may be is dropped as if the process had printed it', () => {
    const { told, overlong, worstMs } = leastOf(() =>
      Buffer.concat([Buffer.from('{"x":"'), Buffer.alloc(LARGE, 0xff), Buffer.from('"}')]),
    );
    expect(told).toEqual([]);
    expect(overlong).toBeGreaterThan(MAX_LINE_BYTES);
    expect(overlong).toBeLessThan(MAX_LINE_BYTES + MIB);
    expect(worstMs).toBeLessThan(BOUND_MS);
  });
});

describe('[F-1203] an error of 15 MiB that has to be completed costs no more than another', () => {
  test.each<[string, string, string]>([
    ['a long text and no code', `{"message":"${times('\\u0031')}"}`, 'message'],
    ['a number of millions of digits as its code', `{"code":${times('1')}}`, 'message'],
    ['a text alone', `"${times('\\u0031')}"`, 'message'],
    ['millions of members', `{${times('"a":1,')}"code":-1,"message":"b"}`, 'broken'],
    [
      'millions of members in its _meta',
      `{"_meta":{${times('"a":1,')}"b":1},"message":"b"}`,
      'broken',
    ],
  ])('%s', (_name, error, told) => {
    const read = leastOf(() => `{"jsonrpc":"2.0","id":7,"error":${error}}`);
    expect(read.told).toEqual([told]);
    expect(read.worstMs).toBeLessThan(BOUND_MS);
  });

  test('nor does an id', () => {
    const read = leastOf(() => `{"jsonrpc":"2.0","id":${times('1')},"result":{}}`);
    expect(read.told).toEqual(['broken']);
    expect(read.worstMs).toBeLessThan(BOUND_MS);
  });
});

describe('[F-1204] a line of 15 MiB in values of middling size costs no more than one in a large value', () => {
  const tiny = `[${'{},'.repeat(20_000)}{}]`;
  const each = Math.floor(LARGE / tiny.length);
  const members = `,"d":${tiny}`.repeat(each);
  const note = `{"jsonrpc":"2.0","method":"n","params":{"d":${tiny}}}`;
  const strings = `"k":{"s":"${'a'.repeat(2_100)}"},`.repeat(7);
  const smaller = `{"jsonrpc":"2.0","method":"n","params":{${strings}"e":1}}`;

  test.each<[string, string, string, number]>([
    [
      'in an error',
      `{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"x"${members}}}`,
      'ok',
      1,
    ],
    ['beside a result', `{"jsonrpc":"2.0","id":7,"result":{}${members}}`, 'ok', 1],
    ['in a batch', `[${`${note},`.repeat(each - 1)}${note}]`, 'ok', each],
    ['in a batch of many', `[${`${smaller},`.repeat(998)}${smaller}]`, 'ok', 999],
    ['in messages on one line', note.repeat(250), 'message', 250],
    ['as a key', `{"${times('\\u0041')}":1,"jsonrpc":"2.0","id":7,"result":{}}`, 'ok', 1],
  ])('%s', (_name, line, told, count) => {
    const read = leastOf(() => line);
    expect(read.told).toEqual(Array.from({ length: count }, () => told));
    expect(read.worstMs).toBeLessThan(BOUND_MS);
  });
});

test('[F-1205] a result of millions of members is passed on, and whoever reads it goes through a thousand of them', () => {
  const { messages } = leastOf(
    () => `{"jsonrpc":"2.0","id":7,"result":{"x":1,${times('"a":1,')}"b":1}}`,
  );
  const [message] = messages;
  if (!message) throw new Error('no message');
  const ms = leastCpuMs(() => {
    const { bytes } = message;
    const read = onlyMessageIn(bytes);
    expect(read?.string('result', 'b')).toBeUndefined();
    expect([...Iterator.from(read?.members('result') ?? []).take(1_001)]).toHaveLength(1_001);
  });
  expect(ms).toBeLessThan(BOUND_MS);
});
