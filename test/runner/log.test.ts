// The log: one safe line a fact.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog, type Log, type LogLevel } from '../../runner/log.ts';

function logTo(level: LogLevel = 'debug', pretty = false): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return {
    lines,
    log: createLog({ level, pretty, write, now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }),
  };
}

describe('JSON lines', () => {
  it('hold time, level, message and the fields', () => {
    const { log, lines } = logTo();
    log.info('session opened', { server: 's', count: 2, absent: undefined });
    expect(lines).toEqual([
      '{"time":"2026-01-02T03:04:05.000Z","level":"info","message":"session opened","server":"s","count":2}',
    ]);
  });

  it('below the level are dropped', () => {
    const { log, lines } = logTo('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd']);
  });

  it('carry the fields of their child log', () => {
    const { log, lines } = logTo();
    log.child({ server: 's' }).child({ pid: 1 }).warn('process exited', { code: 2 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ server: 's', pid: 1, code: 2 });
  });

  it('keep their own names: a field cannot pose as the message', () => {
    const { log, lines } = logTo();
    log.error('real', { message: 'forged', level: 'debug', time: 0 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      message: 'real',
      message_: 'forged',
      level_: 'debug',
    });
  });

  it('cap strings at 500 characters, at any depth', () => {
    const { log, lines } = logTo();
    log.info('x', { long: 'a'.repeat(501), inner: { list: ['b'.repeat(9999)] } });
    const { long, inner } = JSON.parse(lines[0] ?? '');
    expect(long).toBe(`${'a'.repeat(500)}…`);
    expect(inner.list[0]).toHaveLength(501);
  });

  it('take errors, cycles and other odd values', () => {
    const { log, lines } = logTo();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.info('x', {
      error: new TypeError('no'),
      big: 1n,
      cycle,
      list: Array.from({ length: 99 }, () => 0),
      call: () => 0,
    });
    const line = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({ error: 'TypeError: no', big: '1', call: '[function]' });
    expect(line.list).toHaveLength(50);
  });
});

// Everything but the controls' own letters; a line feed would forge a line, a bidi mark its reading.
const STEERING = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u;
const hostile = fc.string({
  unit: fc.constantFrom(
    'a',
    '"',
    '\\',
    '\n',
    '\r',
    '\u001B',
    '\u0007',
    '\u007F',
    '\u009B',
    '\u202E',
    '\u2066',
    '\u2028',
    '\uD800',
    '\uFEFF',
    '😀',
  ),
  maxLength: 30,
});

describe.each([false, true])('no character steers the terminal (pretty: %s)', (pretty) => {
  it('whatever words, names and values hold', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (words, name, value) => {
        const { log, lines } = logTo('debug', pretty);
        log.info(words, { [name]: value, list: [value], deep: { [name]: value } });
        expect(lines).toHaveLength(1);
        expect(lines[0]).not.toMatch(STEERING);
        expect(lines[0]?.isWellFormed()).toBe(true);
      }),
    );
  });
});

it('loses nothing of what it escapes in JSON', () => {
  const { log, lines } = logTo();
  log.info('x', { text: '\u202Eabc\u009B\n😀' });
  expect(JSON.parse(lines[0] ?? '').text).toBe('\u202Eabc\u009B\n😀');
});

it('is text for a person when pretty', () => {
  const { log, lines } = logTo('debug', true);
  log.warn('process exited', { server: 's', words: 'two words', code: 1 });
  expect(lines).toEqual(['03:04:05 warn  process exited server=s words="two words" code=1']);
});
