import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LineSplitter, type LineItem } from '../../shared/jsonrpc/lines.ts';
import { onlyMessageIn } from '../../shared/jsonrpc/view.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const shown = (items: readonly LineItem[]) =>
  items.map((item) => (item.type === 'line' ? decoder.decode(item.bytes) : item));

const feed = (splitter: LineSplitter, chunk: Uint8Array): LineItem[] => {
  const items: LineItem[] = [];
  splitter.push(chunk);
  for (let item = splitter.next(); item; item = splitter.next()) items.push(item);
  return items;
};
const flush = (splitter: LineSplitter): LineItem[] => {
  const item = splitter.flush();
  return item ? [item] : [];
};

/** Memory that somebody has used before. */
const used = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0x2a);

/** Cuts `bytes` at `cuts`, in copies, as pipes deliver them. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((at) => at % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.slice(from, places[i] ?? bytes.length));
}

describe('LineSplitter', () => {
  test('gives the same lines however the bytes are cut, code points included, and nothing of the memory they lie in', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom('', '\r', '\r\r', 'x\ry', '😀', '\u2028\u0000'),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 2, max: 50 }),
        (parts, cuts, maxLineBytes, longBytes) => {
          const text = parts.join('\n');
          const splitter = new LineSplitter(maxLineBytes, longBytes, used);
          const items = cut(bytesOf(text), cuts).flatMap((chunk) => feed(splitter, chunk));
          items.push(...flush(splitter));
          const expected = text
            .toWellFormed()
            .split('\n')
            .map((part) => (part.endsWith('\r') ? part.slice(0, -1) : part))
            .filter((part) => part !== '')
            .map((part) => (bytesOf(part).length > maxLineBytes ? 'overlong' : part));
          const found = items.map((item) => {
            if (item.type === 'overlong') return item.type;
            return decoder.decode(item.type === 'line' ? item.bytes : item.join.whole());
          });
          expect(found).toEqual(expected);
          expect(splitter.heldBytes).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('joins pieces of every size and number in order', () => {
    const sizes = fc.array(fc.constantFrom(1, 7, 100, 9000, 16_383, 16_384, 20_000), {
      minLength: 1,
      maxLength: 40,
      size: 'max',
    });
    fc.assert(
      fc.property(sizes, (pieces) => {
        const splitter = new LineSplitter(1_000_000);
        const total = pieces.reduce((sum, size) => sum + size, 0);
        const bytes = new Uint8Array(total).map((_, i) => 32 + (i % 89));
        let from = 0;
        for (const size of pieces) {
          expect(feed(splitter, bytes.slice(from, from + size))).toEqual([]);
          from += size;
        }
        expect(splitter.heldBytes).toBe(total);
        const items = feed(splitter, bytesOf('\nnext\n'));
        // Compared as text: far faster than an array matcher on this many bytes.
        expect(shown(items).map((line) => line === decoder.decode(bytes))).toEqual([true, false]);
        expect(shown(items)[1]).toBe('next');
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ['that is as large as the one before', 2, 0],
    ['that outgrows its place', 16, 40],
  ])(
    '[F-370] a long line %s is put together as it comes, and moved in steps of bounded size',
    (_, times, least) => {
      const mib = 1024 * 1024;
      for (const end of ['\n', '\r\n', 'x\n']) {
        const splitter = new LineSplitter(32 * mib, mib / 4);
        const text = `${'0123456789abcdef'.repeat((mib / 16) * times)}${end}`;
        const before = 'x'.repeat(2 * mib);
        const bytes = bytesOf(`${before}\n${text}next\n`);
        let steps = 0;
        const items: LineItem[] = [];
        for (let at = 0; at < bytes.length; at += 65_536) {
          items.push(...feed(splitter, bytes.slice(at, at + 65_536)));
          if (!splitter.long || items.length === 0) continue;
          while (splitter.long.step()) steps += 1;
          expect(splitter.long.joined.length).toBe(splitter.heldBytes);
        }
        const [first, long, next] = items;
        expect(next).toEqual({ type: 'line', bytes: bytesOf('next') });
        if (first?.type !== 'long' || long?.type !== 'long') throw new Error('not long');
        expect(decoder.decode(first.join.whole()) === before).toBe(true);
        expect(decoder.decode(long.join.whole()) === text.replace(/\r?\n$/u, '')).toBe(true);
        expect(steps).toBeGreaterThanOrEqual(least);
      }
    },
  );

  test.each([
    ['a larger line', 40],
    ['a smaller line', 1],
  ])('[F-1130] a long line behind %s keeps no more than twice its bytes in memory', (_, kib) => {
    const splitter = new LineSplitter(64 * 1024, 1_024);
    const chunks = [kib * 1_024, 6_000].flatMap((size) => {
      const line = JSON.stringify({ jsonrpc: '2.0', method: 'x'.repeat(size) });
      return [line.slice(0, 1_500), line.slice(1_500), '\r\n'];
    });
    const items = chunks.flatMap((chunk) => feed(splitter, bytesOf(chunk)));
    const last = items.at(-1);
    if (last?.type !== 'long') throw new Error('not long');
    const line = last.join.whole();
    expect(JSON.parse(decoder.decode(line))).toHaveProperty('method', 'x'.repeat(6_000));
    expect(line.buffer.byteLength).toBeLessThanOrEqual(2 * line.length);
    // Whoever keeps the message does not copy it.
    expect(onlyMessageIn(line)?.kept().bytes.buffer === line.buffer).toBe(true);
  });

  test('[F-43] the limit counts a long line without its line break too', () => {
    const long = 'x'.repeat(1_000);
    for (const lineBreak of ['\n', '\r\n']) {
      for (const limit of [999, 1_000]) {
        const splitter = new LineSplitter(limit, 500);
        const items = [long.slice(0, 900), long.slice(900), lineBreak]
          .flatMap((part) => feed(splitter, bytesOf(part)))
          .map(({ type }) => type);
        expect(items).toEqual([limit === 999 ? 'overlong' : 'long']);
      }
    }
  });

  test('[F-373] empty lines are counted and skipped, wherever a chunk begins and ends', () => {
    for (const skipped of [0, 1, 2, 3, 5]) {
      for (const count of [0, 1, 3, 4, 7, 8, 1_001]) {
        const chunk = bytesOf(`${'x'.repeat(skipped)}${'\n'.repeat(count)}a\n\nb`).subarray(
          skipped,
        );
        const splitter = new LineSplitter(100);
        expect(shown([...feed(splitter, chunk), ...flush(splitter)])).toEqual(['a', 'b']);
        expect(splitter.lineBreaks).toBe(count + 2);
      }
    }
  });

  test('a line within one chunk is a view of it', () => {
    const chunk = bytesOf('first\nsecond\r\nrest');
    const items = feed(new LineSplitter(100), chunk);
    expect(shown(items)).toEqual(['first', 'second']);
    for (const item of items) {
      expect(item.type === 'line' && item.bytes.buffer === chunk.buffer).toBe(true);
    }
  });

  test('[F-43] a line without end is reported once, not held, and the next line is read', () => {
    const splitter = new LineSplitter(1000);
    const chunk = new Uint8Array(300).fill(0x61);
    expect([1, 2, 3].flatMap(() => feed(splitter, chunk))).toEqual([]);
    expect(splitter.heldBytes).toBe(900);
    expect(feed(splitter, chunk)).toEqual([{ type: 'overlong', bytes: 1200 }]);
    for (let i = 0; i < 1000; i++) expect(feed(splitter, chunk)).toEqual([]);
    expect(splitter.heldBytes).toBe(0);
    expect(shown(feed(splitter, bytesOf('tail\nnext\n')))).toEqual(['next']);
  });

  test('[F-43] a line never has a larger place than the longest line, however it grows', () => {
    const places: number[] = [];
    const splitter = new LineSplitter(1000, 100, (bytes) => {
      places.push(bytes);
      return used(bytes);
    });
    // Grows by little at the beginning, and by much in the end.
    for (const size of [60, 60, 300, 400, 180]) feed(splitter, new Uint8Array(size).fill(0x61));
    const [line] = feed(splitter, bytesOf('\r\n'));
    expect(line?.type === 'long' && line.join.whole()).toEqual(new Uint8Array(1000).fill(0x61));
    expect(Math.max(...places)).toBe(1002);
  });

  test('[F-43] the limit is exact and does not count the line break', () => {
    for (const lineBreak of ['\n', '\r\n']) {
      for (const size of [1, 3, 100]) {
        const feedAll = (length: number) => {
          const splitter = new LineSplitter(10);
          const bytes = bytesOf(`${'x'.repeat(length)}${lineBreak}y\n`);
          const items: LineItem[] = [];
          for (let at = 0; at < bytes.length; at += size) {
            items.push(...feed(splitter, bytes.slice(at, at + size)));
          }
          return items.map((item) =>
            item.type === 'line' ? decoder.decode(item.bytes) : item.type,
          );
        };
        expect(feedAll(10)).toEqual(['xxxxxxxxxx', 'y']);
        expect(feedAll(11)).toEqual(['overlong', 'y']);
      }
    }
  });

  test('flush gives an unfinished last line, and nothing of an overlong one', () => {
    const splitter = new LineSplitter(10);
    feed(splitter, bytesOf('half'));
    expect(shown(flush(splitter))).toEqual(['half']);
    expect(flush(splitter)).toEqual([]);
    feed(splitter, bytesOf('much too long a line'));
    expect(flush(splitter)).toEqual([]);
    expect(shown(feed(splitter, bytesOf('again\n')))).toEqual(['again']);
  });

  test('lines are taken one by one, and what is left of a chunk waits', () => {
    const splitter = new LineSplitter(10);
    splitter.push(bytesOf('\n\na\n\nb\nc'));
    const first = splitter.next();
    expect(first && shown([first])).toEqual(['a']);
    expect(splitter.lineBreaks).toBe(3);
    const second = splitter.next();
    expect(second && shown([second])).toEqual(['b']);
    expect(splitter.next()).toBeUndefined();
    expect(splitter.lineBreaks).toBe(5);
    expect(shown(feed(splitter, bytesOf('d\n')))).toEqual(['cd']);
  });
});
