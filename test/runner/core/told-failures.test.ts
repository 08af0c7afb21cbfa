// What the edge's owner is told of a process that failed (LP32, F-733).
import { describe, expect, test } from 'vitest';

import { ToldFailures } from '../../../runner/core/told-failures.ts';
import { controlUp } from '../../../shared/link/control-frames.ts';
import { decodeText, encodeText } from '../../../shared/link/codec.ts';

const failure = {
  server: 'mail',
  what: 'exited with code 1',
  stderr: ['one', '', 'two'],
  isPersonal: false,
  memberOf: [],
};

describe('[LP32] [F-733] of a process that failed', () => {
  test('its end and its last lines are told, at most once in 10 s for each server', () => {
    const told = new ToldFailures();
    expect(told.told(failure, 0)).toEqual({
      type: 'failed',
      server: 'mail',
      what: 'exited with code 1',
      stderr: ['one', 'two'],
    });
    expect(told.told(failure, 9_999)).toBeUndefined();
    expect(told.told({ ...failure, server: 'files' }, 9_999)).toBeDefined();
    expect(told.told(failure, 10_000)).toBeDefined();
    told.forget('mail');
    expect(told.told(failure, 10_001)).toBeDefined();
  });

  test('[F-1190] the message of a crash is among the few lines, not only the calls below it', () => {
    const calls = Array.from({ length: 10 }, (_, at) => `    at call${at} (main.js:${at}:1)`);
    const stderr = ['main.js:1', 'Error: TOKEN is required', ...calls, 'Node.js v24'];
    expect(new ToldFailures().told({ ...failure, stderr }, 0)?.stderr).toEqual([
      'main.js:1',
      'Error: TOKEN is required',
      ...calls.slice(0, 2),
      'Node.js v24',
    ]);
  });

  test('what it wrote is not, where it had something of a person', () => {
    expect(new ToldFailures().told({ ...failure, isPersonal: true }, 0)).toMatchObject({
      stderr: [],
    });
  });

  test('of which virtual servers it is a member is told, of no more than eight', () => {
    const memberOf = Array.from({ length: 9 }, (_, at) => `virtual-${at}`);
    expect(new ToldFailures().told({ ...failure, memberOf }, 0)).toMatchObject({
      memberOf: memberOf.slice(0, 8),
    });
  });

  test.each([
    ['x'.repeat(100_000), Array.from({ length: 200 }, (_, at) => `${at}`.repeat(5_000))],
    ['a\u2028b\u0000c\r\nd', ['e\u0085f', '\ud800', '\u2029', '\u001b[2J']],
  ])('is a frame that the edge takes, whatever it says', (what, stderr) => {
    const frame = new ToldFailures().told({ ...failure, what, stderr }, 0);
    expect(frame && encodeText(frame).length).toBeLessThan(16 * 1024);
    const read = frame && decodeText(controlUp, encodeText(frame));
    expect(read).toMatchObject({ ok: true, frame: { header: frame } });
  });
});
