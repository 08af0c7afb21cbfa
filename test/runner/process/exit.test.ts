import { expect, test } from 'vitest';
import {
  type ExitFacts,
  describeEnd,
  describeExit,
  isFailure,
} from '../../../runner/process/exit.ts';

const ended = { stderrTail: [], ranMs: 1 };
const notFound = "command 'foo' not found: install it or give its full path";
const spawnError = { code: 'ENOENT', message: notFound, words: 'its command was not found' };

const table: [ExitFacts, string, boolean, boolean][] = [
  [{ reason: 'exited', code: 3, ...ended }, 'exited with code 3', true, true],
  [{ reason: 'exited', code: 0, ...ended }, 'exited with code 0', true, false],
  [{ reason: 'signalled', signal: 'SIGSEGV', ...ended }, 'was killed by SIGSEGV', true, true],
  [{ reason: 'spawn_failed', spawnError, ...ended }, notFound, true, true],
  ...['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'].map((code): [ExitFacts, string, boolean, boolean] => [
    { reason: 'spawn_failed', spawnError: { code, message: 'no more', words: 'none' }, ...ended },
    'no more',
    false,
    false,
  ]),
  [
    { reason: 'terminated', because: 'session idle', signal: 'SIGKILL', ...ended },
    'was ended by the runner (session idle)',
    false,
    false,
  ],
  [
    { reason: 'broken', because: 'closed its stdout', ...ended },
    'closed its stdout, and was ended by the runner',
    true,
    true,
  ],
];

test.each(table)('[R-6] %j: %s', (facts, sentence, failsUnserved, failsServed) => {
  expect(describeExit(facts)).toBe(sentence);
  expect(isFailure(facts, false)).toBe(failsUnserved);
  expect(isFailure(facts, true)).toBe(failsServed);
});

test('clients do not learn the paths of the runner', () => {
  expect(describeEnd({ reason: 'spawn_failed', spawnError, ...ended })).toBe(
    'could not be started: its command was not found',
  );
});
