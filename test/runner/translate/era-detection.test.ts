// What each answer of a process to the two openers leads to, whoever asks them, and in whichever order.
import { describe, expect, test } from 'vitest';
import {
  EraDetection,
  eraAnswerIn,
  eraAnswerOf,
  type EraAnswer,
  type EraStep,
  type Opener,
} from '../../../runner/translate/era-detection.ts';
import { onlyMessageIn, type MessageView } from '../../../shared/jsonrpc/view.ts';

const INITIALIZE = 'initialize';
const DISCOVER = 'server/discover';

const RESULT: EraAnswer = { isResult: true, revisions: undefined, code: undefined };
const MODERN: EraAnswer = { isResult: true, revisions: ['2026-07-28'], code: undefined };
const NEWER: EraAnswer = { isResult: true, revisions: ['2099-01-01'], code: undefined };
const UNKNOWN: EraAnswer = { isResult: false, revisions: undefined, code: -32601 };
const MODERN_ONLY: EraAnswer = { isResult: false, revisions: ['2026-07-28'], code: -32022 };

type Heard = readonly [opener: Opener, answer: EraAnswer] | 'silence';

/** Each step, the first one included: an opener that is asked, `wait`, or the era and whether the process is of no use for it. */
function steps(order: readonly Opener[], heard: readonly Heard[]): string[] {
  const detection = new EraDetection(order);
  const first = detection.next();
  const next = (each: Heard): EraStep =>
    each === 'silence' ? detection.next() : detection.answered(...each);
  return [first, ...heard.map(next)].map((step) => {
    if (step.do === 'ask') return step.opener;
    return step.do === 'wait' ? 'wait' : `${step.era}${step.isSpoiled ? ', spoiled' : ''}`;
  });
}

describe('where initialize comes first', () => {
  const first = [INITIALIZE, DISCOVER] as const;

  test.for<[name: string, heard: Heard[], expected: string[]]>([
    ['a result is legacy', [[INITIALIZE, RESULT]], ['legacy']],
    [
      'an error, then the modern revision',
      [
        [INITIALIZE, UNKNOWN],
        [DISCOVER, MODERN],
      ],
      [DISCOVER, 'modern'],
    ],
    [
      'a process that names the modern revision in its refusal is asked all the same',
      [
        [INITIALIZE, MODERN_ONLY],
        [DISCOVER, MODERN],
      ],
      [DISCOVER, 'modern'],
    ],
    [
      'another revision is neither',
      [
        [INITIALIZE, UNKNOWN],
        [DISCOVER, NEWER],
      ],
      [DISCOVER, 'none, spoiled'],
    ],
    [
      'an error twice is neither',
      [
        [INITIALIZE, UNKNOWN],
        [DISCOVER, UNKNOWN],
      ],
      [DISCOVER, 'none, spoiled'],
    ],
    ['silence at the second', [[INITIALIZE, UNKNOWN], 'silence'], [DISCOVER, 'none, spoiled']],
  ])('%s', ([, heard, expected]) => {
    expect(steps(first, heard)).toEqual([INITIALIZE, ...expected]);
  });
});

describe('where server/discover comes first', () => {
  const first = [DISCOVER, INITIALIZE] as const;

  test.for<[name: string, heard: Heard[], expected: string[]]>([
    ['the modern revision', [[DISCOVER, MODERN]], ['modern']],
    [
      'an error, then a result',
      [
        [DISCOVER, UNKNOWN],
        [INITIALIZE, RESULT],
      ],
      [INITIALIZE, 'legacy'],
    ],
    [
      'a late refusal decides nothing',
      ['silence', [DISCOVER, UNKNOWN], [INITIALIZE, RESULT]],
      [INITIALIZE, 'wait', 'legacy'],
    ],
    [
      'a process of both eras that was initialized is spoiled for the modern one',
      ['silence', [DISCOVER, MODERN], [INITIALIZE, RESULT]],
      [INITIALIZE, 'wait', 'modern, spoiled'],
    ],
    [
      'one that then says nothing to initialize, too',
      ['silence', [DISCOVER, MODERN], 'silence'],
      [INITIALIZE, 'wait', 'modern, spoiled'],
    ],
    [
      'one that refuses to be initialized is not',
      ['silence', [DISCOVER, MODERN], [INITIALIZE, UNKNOWN]],
      [INITIALIZE, 'wait', 'modern'],
    ],
    [
      'a refusal that names the modern revision',
      ['silence', [INITIALIZE, MODERN_ONLY]],
      [INITIALIZE, 'modern, spoiled'],
    ],
    ['silence twice', ['silence', 'silence'], [INITIALIZE, 'none, spoiled']],
    [
      'an error twice',
      [
        [DISCOVER, UNKNOWN],
        [INITIALIZE, UNKNOWN],
      ],
      [INITIALIZE, 'none, spoiled'],
    ],
  ])('%s', ([, heard, expected]) => {
    expect(steps(first, heard)).toEqual([DISCOVER, ...expected]);
  });
});

describe('an opener that is left out is never asked', () => {
  test.for<[order: Opener[], heard: Heard[], expected: string[]]>([
    [[DISCOVER], [[DISCOVER, UNKNOWN]], [DISCOVER, 'none, spoiled']],
    [[INITIALIZE], [[INITIALIZE, UNKNOWN]], [INITIALIZE, 'none, spoiled']],
    [[INITIALIZE], [[INITIALIZE, MODERN_ONLY]], [INITIALIZE, 'modern, spoiled']],
  ])('%j', ([order, heard, expected]) => {
    expect(steps(order, heard)).toEqual(expected);
  });
});

test('an answer says the same, read from its bytes and from what is left of it', () => {
  const error = { code: -32022, message: 'no', data: { supported: ['2026-07-28'] } };
  const result = { supportedVersions: ['2026-07-28'] };
  const viewOf = (message: object): MessageView | undefined => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message });
    return onlyMessageIn(new TextEncoder().encode(text));
  };
  const read = (message: object): EraAnswer | undefined => {
    const whole = viewOf(message);
    return whole && eraAnswerIn(whole);
  };
  expect(read({ error })).toEqual(MODERN_ONLY);
  expect(read({ result })).toEqual(MODERN);
  expect(eraAnswerOf({ ok: false, error })).toEqual(MODERN_ONLY);
  const message = viewOf({ result });
  expect(message && eraAnswerOf({ ok: true, result, message })).toEqual(MODERN);
});
