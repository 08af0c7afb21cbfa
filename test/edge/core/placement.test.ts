// Which runner takes a new session.
import { describe, expect, test } from 'vitest';

import { grantedServers, place, type Candidate } from '../../../edge/core/placement.ts';

const runner = (name: string, changes: Partial<Candidate> = {}): Candidate => ({
  runner: name,
  boot: 'b',
  servers: ['files'],
  capacity: 10,
  isDraining: false,
  sessions: 0,
  ...changes,
});

const chosen = (...linked: Candidate[]): string => {
  const placement = place('files', linked);
  return placement.ok ? placement.runner.runner : placement.fault.fault;
};

describe('placing', () => {
  test('takes the runner that is least full for its size', () => {
    expect(
      chosen(
        runner('a', { sessions: 3, capacity: 10 }),
        runner('b', { sessions: 5, capacity: 100 }),
        runner('c', { sessions: 1, capacity: 2 }),
      ),
    ).toBe('b');
  });

  test('takes the first by name of equal ones, in whatever order they linked', () => {
    expect(chosen(runner('b'), runner('a'))).toBe('a');
    expect(chosen(runner('a'), runner('b'))).toBe('a');
  });

  test('leaves out runners of other servers', () => {
    expect(chosen(runner('a', { servers: ['mail'] }), runner('b', { sessions: 9 }))).toBe('b');
  });

  test('[R-12] leaves out runners that drain or are full', () => {
    expect(
      chosen(
        runner('a', { isDraining: true }),
        runner('b', { sessions: 10 }),
        runner('c', { sessions: 9 }),
      ),
    ).toBe('c');
  });

  test('tells a server nobody offers from one whose runners are all busy', () => {
    expect(chosen()).toBe('runner_offline');
    expect(chosen(runner('a', { servers: [] }))).toBe('runner_offline');
    expect(chosen(runner('a', { isDraining: true }))).toBe('overloaded');
    expect(chosen(runner('a', { capacity: 0 }))).toBe('overloaded');
  });
});

describe('the servers of a runner', () => {
  test('are those it offers, cut to what its credential is granted', () => {
    expect(grantedServers(['a', 'b'], '*', [])).toEqual(['a', 'b']);
    expect(grantedServers(['a', 'b'], ['b', 'c'], [])).toEqual(['b']);
    expect(grantedServers(['a'], [], [])).toEqual([]);
  });

  test('of all (`*`), those that are not bound to other runners', () => {
    expect(grantedServers(['a', 'b'], '*', ['b', 'c'])).toEqual(['a']);
  });
});
