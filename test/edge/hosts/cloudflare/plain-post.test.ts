// What goes to a session actor and comes back as texts is what was meant.
import { describe, expect, test } from 'vitest';

import type { PostAnswer } from '../../../../edge/core/ports.ts';
import {
  answerOf,
  plainAnswer,
  plainPost,
  postOf,
} from '../../../../edge/hosts/cloudflare/plain-post.ts';
import { inPieces } from '../../../../shared/bytes.ts';

describe('a post', () => {
  test.each([
    ['with a request', ['1']],
    ['without one', []],
    ['with several whose ids are odd', ['"a,b"', '"+\\n"', '-1.5e3', 'null']],
  ])('%s comes through', (_what, requestIds) => {
    const post = {
      id: 'p',
      stream: 's',
      wants: 'answer',
      message: '{"a":"\\n"}',
      requestIds,
    } as const;
    expect(postOf(...plainPost(post))).toEqual(post);
  });
});

describe('an answer', () => {
  const answers: PostAnswer[] = [
    { kind: 'answered', message: '{"jsonrpc":"2.0","id":1,"result":{}}' },
    { kind: 'answered', message: '' },
    { kind: 'answered', message: inPieces(['{"jsonrpc":"2.0","id":1,', '"result":{}}']) },
    { kind: 'answered', message: undefined },
    { kind: 'answered', message: undefined, processMs: 12 },
    { kind: 'answered', message: '{"jsonrpc":"2.0","id":1,"result":{}}', processMs: 0 },
    { kind: 'answered', message: '1+1=2', processMs: 12 },
    { kind: 'answered', message: inPieces(['{"jsonrpc":"2.0",', '"id":1}']), processMs: 7 },
    { kind: 'accepted' },
    { kind: 'follow', isAccepted: true, isSent: false },
    { kind: 'follow', isAccepted: false, isSent: true, session: 'a~b' },
    { kind: 'refused', fault: { fault: 'overloaded', message: '+ "much"', phase: 'not_sent' } },
  ];
  test.each(answers)('of kind $kind comes through', (answer) => {
    expect(answerOf(plainAnswer(answer))).toEqual(answer);
  });
});
