// What the edge keeps of its record, and who finds what in it.
import { expect, test } from 'vitest';

import { runnerPresenceLine, type LogLine, type RefusalLine } from '../../../edge/core/log.ts';
import { recordingLog, RecordRing } from '../../../edge/core/record.ts';

const refusal = (principal: string, fault: RefusalLine['fault'] = 'not_found'): LogLine => ({
  level: 'info',
  message: 'request refused',
  fault,
  status: 404,
  principal,
  server: 'files',
});

const CALL: LogLine = {
  level: 'info',
  message: 'call',
  callId: 'p1',
  session: 's',
  principal: 'ann',
  server: 'files',
  clientKind: 'modern',
  method: 'tools/call',
  outcome: 'answered',
  ms: 1,
  bytesUp: 1,
  bytesDown: 1,
  edgeMs: 1,
};

test('[F-458] the newest lines are kept, and who looks again gets what is new', () => {
  const ring = new RecordRing(1_000);
  for (let n = 0; n < 300; n++) ring.push(refusal(`p${n}`), 1_000 + n);
  const first = ring.read({});
  expect(first.lines.map(({ time }) => time)).toEqual(
    Array.from({ length: 300 }, (_, n) => 1_000 + n),
  );
  expect(ring.read({ after: first.next })).toEqual({ lines: [], next: first.next, isGap: false });
  ring.push(refusal('new'), 2_000);
  expect(ring.read({ after: first.next }).lines).toMatchObject([{ time: 2_000 }]);
});

test('[F-458] old lines are let go, and who comes late is told of the gap', () => {
  const ring = new RecordRing(0);
  ring.push(refusal('first'), 0);
  const { next } = ring.read({});
  for (let n = 0; n < 5_000; n++) ring.push(refusal('x'), n);
  let late = ring.read({ after: next });
  expect(late).toMatchObject({ isGap: true });
  let seen = late.lines.length;
  while (late.lines.length > 0) {
    late = ring.read({ after: late.next });
    expect(late.isGap).toBe(false);
    seen += late.lines.length;
  }
  expect(seen).toBe(2_000);
  expect(ring.read({ principal: 'first' }).lines).toEqual([]);
});

test('[F-458] an edge that was restarted goes on behind what it had', () => {
  const before = new RecordRing(1_000_000);
  before.push(CALL, 0);
  const after = new RecordRing(1_000_500);
  after.push(CALL, 1);
  expect(after.read({ after: before.read({}).next }).lines).toHaveLength(1);
});

test('lines are found by server, by person and by outcome', () => {
  const ring = new RecordRing(0);
  for (const line of [
    CALL,
    refusal('bob'),
    refusal('ann', 'overloaded'),
    runnerPresenceLine('runner left', 'vm'),
  ])
    ring.push(line, 0);
  const found = (query: object): unknown[] => ring.read(query).lines.map(({ line }) => line);
  expect(found({ server: 'files' })).toHaveLength(3);
  expect(found({ principal: 'ann' })).toEqual([CALL, refusal('ann', 'overloaded')]);
  expect(found({ outcome: 'answered' })).toEqual([CALL]);
  expect(found({ outcome: 'overloaded', principal: 'ann' })).toHaveLength(1);
  expect(found({ server: 'other' })).toEqual([]);
});

test.each([
  ['all', ['call', 'request refused', 'a setting is wrong']],
  ['events', ['request refused', 'a setting is wrong']],
  ['off', ['a setting is wrong']],
] as const)(
  'with %s the log gets %j, and all but what is for operators is kept',
  (level, expected) => {
    const [logged, kept]: [LogLine[], LogLine[]] = [[], []];
    const log = recordingLog(
      level,
      (line) => logged.push(line),
      (line) => kept.push(line),
    );
    const setting: LogLine = { level: 'warn', message: 'a setting is wrong', what: 'x', fix: 'y' };
    for (const line of [CALL, refusal('ann'), setting]) log(line);
    expect(logged.map(({ message }) => message)).toEqual(expected);
    expect(kept).toEqual(logged.filter((line) => line !== setting));
  },
);

test('[F-640] who opens a page gets the newest lines, and who goes on those that came since', () => {
  const ring = new RecordRing(0);
  for (let n = 0; n < 300; n++) ring.push(n % 3 === 0 ? CALL : refusal(`p${n}`), n);
  const page = ring.read({ last: 4 });
  expect(page.lines.map(({ time }) => time)).toEqual([296, 297, 298, 299]);
  expect(ring.read({ last: 4, after: page.next })).toEqual({ ...page, lines: [], isGap: false });
  expect(ring.read({ last: 2, outcome: 'refused' }).lines.map(({ time }) => time)).toEqual([
    298, 299,
  ]);
  for (let n = 0; n < 9; n++) ring.push(CALL, 1_000 + n);
  const later = ring.read({ last: 4, after: page.next });
  expect(later).toMatchObject({ isGap: true, next: page.next + 9 });
  expect(later.lines.map(({ time }) => time)).toEqual([1_005, 1_006, 1_007, 1_008]);
});
