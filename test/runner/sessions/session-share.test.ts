// What a session takes out of the output of its processes: what they got of its person of late, however often that changes.
import { expect, test } from 'vitest';

import type { Taken } from '../../../runner/sessions/process-pool.ts';
import { SessionShare } from '../../../runner/sessions/session-share.ts';

const encoder = new TextEncoder();

/** A session whose processes get what `next` says. */
function share(next: () => Record<string, string>) {
  const taken = (): Taken =>
    ({ ok: true, process: undefined, personal: next() }) as unknown as Taken;
  return new SessionShare(
    {
      take: taken,
      secrets: ['of the config'],
      eras: { legacy: undefined, modern: undefined },
      served: () => undefined,
      learned: () => undefined,
      quote: () => '',
    },
    { session: 's', principal: 'ann' },
  );
}

test('[F-607] a token that is renewed for each of a thousand processes is remembered sixteen times, and no other is forgotten for it', () => {
  let count = 0;
  const session = share(() => ({
    TOKEN: `token-${String(++count).padStart(4, '0')}`,
    PIN: 'the one pin',
  }));
  for (let start = 0; start < 1_000; start++) session.take();
  const shown = (text: string): string => session.quote(encoder.encode(text), false);
  for (let number = 985; number <= 1_000; number++)
    expect(shown(`token-${String(number).padStart(4, '0')}`)).toBe('[redacted]');
  expect(shown('the one pin of the config')).toBe('[redacted] [redacted]');
  expect(shown('token-0984')).toBe('token-0984');
});

test('[F-607] one that came back counts as new', () => {
  const tokens = ['back and forth', ...Array.from({ length: 15 }, (_, n) => `token-${n}-token`)];
  let at = 0;
  const session = share(() => ({ TOKEN: tokens[at++ % tokens.length] ?? '' }));
  for (let start = 0; start < tokens.length + 1; start++) session.take();
  tokens.splice(0, tokens.length, 'another token');
  session.take();
  expect(session.quote(encoder.encode('back and forth'), false)).toBe('[redacted]');
});
