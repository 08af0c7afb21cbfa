// What the edge's owner is told of tools that are held back (LP33, F-735).
import { describe, expect, test } from 'vitest';

import { ToldHeld, type HeldTools } from '../../../runner/core/told-held.ts';
import { controlUp } from '../../../shared/link/control-frames.ts';
import { decodeText, encodeText } from '../../../shared/link/codec.ts';

const held = (...names: string[]): HeldTools => ({ mode: 'hold', names });
const frame = (server: string, ...tools: string[]) => ({
  type: 'held',
  server,
  mode: 'hold',
  count: tools.length,
  tools,
});

describe('[LP33] [F-735] of tools that are held back', () => {
  test('each change is told once, and all again to who may know nothing', () => {
    const told = new ToldHeld();
    const both = new Map([
      ['files', held('read')],
      ['mail', held()],
    ]);
    expect(told.news(both)).toEqual([frame('files', 'read')]);
    expect(told.news(both)).toEqual([]);
    told.forget();
    expect(told.news(both)).toEqual([frame('files', 'read')]);
    expect(told.news(new Map([['files', held('read', 'write')]]))).toEqual([
      frame('files', 'read', 'write'),
    ]);
    // Accepted, or without pins from now on.
    expect(told.news(new Map([['files', held()]]))).toEqual([frame('files')]);
    expect(told.news(both)).toHaveLength(1);
    expect(told.news(new Map())).toEqual([frame('files')]);
    expect(told.news(new Map())).toEqual([]);
  });

  test('so is that they are served all the same, or that the pins cannot be read', () => {
    const told = new ToldHeld();
    const as = (mode: HeldTools['mode'], ...names: string[]) =>
      told.news(new Map([['files', { mode, names }]])).map(({ mode, count }) => [mode, count]);
    expect(as('warn', 'a')).toEqual([['warn', 1]]);
    expect(as('hold', 'a')).toEqual([['hold', 1]]);
    expect(as('all')).toEqual([['all', 0]]);
    expect(as('all')).toEqual([]);
    expect(as('hold')).toEqual([['hold', 0]]);
  });

  test.each([
    [['x'.repeat(1_000_000)]],
    [Array.from({ length: 1_000 }, (_, at) => `tool ${at}`)],
    [['a\u2028b\u0000c\r\nd', '\u001b[2J', '', '\u202Egnp.exe', '\ud800', '\u{1F600}'.repeat(50)]],
    [['\u200b'.repeat(50), '\u{E0041}'.repeat(50)]],
  ])('is a frame that the edge takes, whatever their names are', (names) => {
    const [frame] = new ToldHeld().news(new Map([['files', held(...names)]]));
    expect(frame?.count).toBe(names.length);
    expect(frame?.tools).toHaveLength(Math.min(8, names.length));
    expect(frame?.tools.join('')).not.toMatch(/[\p{Cc}\p{Cs}\u200b\u202a-\u202e]/u);
    const read = frame && decodeText(controlUp, encodeText(frame));
    expect(read).toMatchObject({ ok: true, frame: { header: frame } });
  });
});
