// Tools that are other than when somebody looked before (F-644).
import { expect, test } from 'vitest';

import { SeenTools, toolChanges, type ToldTool } from '../../../edge/core/seen-tools.ts';

const tool = (name: string, description = 'does it', inputSchema: object = {}): ToldTool => ({
  name,
  description,
  descriptionDigest: `digest of ${description}`,
  schemaDigest: JSON.stringify(inputSchema),
});

test('[F-644] each change is told, and what stayed is not', () => {
  const before = [tool('stays'), tool('goes'), tool('turns'), tool('grows')];
  const now = [
    tool('grows', 'does it', { type: 'object' }),
    tool('turns', 'and sends it on'),
    tool('comes'),
    tool('stays'),
  ];
  expect(toolChanges(before, now)).toEqual([
    { tool: 'comes', kind: 'new', after: 'does it' },
    { tool: 'goes', kind: 'gone', before: 'does it' },
    { tool: 'grows', kind: 'schema' },
    { tool: 'turns', kind: 'description', before: 'does it', after: 'and sends it on' },
  ]);
  expect(toolChanges(now, now.toReversed())).toEqual([]);
});

test('[F-644] the first look compares with nothing, and a change is told for a day', () => {
  const seen = new SeenTools();
  expect(seen.shown('files', [tool('read')], 0)).toBeUndefined();
  expect(seen.changed(0)).toEqual([]);
  const change = seen.shown('files', [tool('read', 'and more')], 1_000);
  expect(change).toMatchObject({ at: 1_000, changes: [{ tool: 'read', kind: 'description' }] });
  expect(seen.shown('files', [tool('read', 'and more')], 2_000)).toEqual(change);
  expect(seen.changed(2_000)).toEqual([{ server: 'files', tools: ['read'] }]);
  expect(seen.changed(25 * 3_600_000)).toEqual([]);
});

test('[F-644] servers are bounded, those that were looked at last stay', () => {
  const seen = new SeenTools();
  for (let n = 0; n < 500; n++) seen.shown(`s${n}`, [tool('read')], n);
  expect(seen.shown('s0', [tool('other')], 1_000)).toBeUndefined();
  expect(seen.shown('s499', [tool('other')], 1_000)).toMatchObject({ at: 1_000 });
});

test('[F-653] what is remembered is bounded by its size, whatever one server lists', () => {
  const seen = new SeenTools();
  const long = 'x'.repeat(1_000);
  const many = (n: number) => Array.from({ length: 1_000 }, (_, at) => tool(`t${n}-${at}`, long));
  for (let n = 0; n < 20; n++) seen.shown(`s${n}`, many(n), n);
  expect(seen.shown('s0', [tool('other')], 1_000)).toBeUndefined();
  expect(seen.shown('s19', [tool('other')], 1_000)).toMatchObject({ at: 1_000 });
  // The room of all that was forgotten is free again.
  for (let n = 30; n < 130; n++) seen.shown(`s${n}`, [tool('read')], n);
  for (let n = 30; n < 130; n++)
    expect(seen.shown(`s${n}`, [tool('read', 'and more')], 2_000)).toMatchObject({ at: 2_000 });
});
