// What a worker remembers of where the requests of modern clients go.
import { expect, test } from 'vitest';

import { ModernHomes } from '../../../edge/core/modern-homes.ts';

const MINUTE = 60_000;

test('[LP27] nothing is known before the fleet was asked, and nothing after a minute or a set-back clock', () => {
  const homes = new ModernHomes();
  expect(homes.known('own', 'files', 0)).toBeUndefined();
  homes.learned('own', 'files', { actor: 'spare', mayMove: true }, 1_000);
  expect(homes.known('own', 'files', 1_000 + MINUTE - 1)).toBe('spare');
  expect(homes.known('own', 'files', 1_000 + MINUTE)).toBeUndefined();
  expect(homes.known('own', 'files', 0)).toBeUndefined();
});

test('[LP27] of a server without spares one answer is enough for all its clients', () => {
  const homes = new ModernHomes();
  homes.learned('one', 'files', { actor: 'one', mayMove: false }, 0);
  expect(homes.known('two', 'files', 1)).toBe('two');
  expect(homes.known('two', 'mail', 1)).toBeUndefined();
});

test('[LP27] where no session was is forgotten, so that the next asks', () => {
  const homes = new ModernHomes();
  homes.learned('one', 'files', { actor: 'spare', mayMove: true }, 0);
  homes.learned('two', 'mail', { actor: 'two', mayMove: false }, 0);
  homes.forget('one', 'files');
  homes.forget('two', 'mail');
  expect([homes.known('one', 'files', 1), homes.known('two', 'mail', 1)]).toEqual([
    undefined,
    undefined,
  ]);
});

test('[LP27] if the fleet cannot be asked, a request goes where the last went', () => {
  const homes = new ModernHomes();
  expect(homes.last('own')).toBe('own');
  homes.learned('own', 'files', { actor: 'spare', mayMove: true }, 0);
  expect(homes.last('own')).toBe('spare');
});

test('[R-10] it remembers no more than a bound', () => {
  const homes = new ModernHomes();
  for (let name = 0; name < 2_001; name++)
    homes.learned(`own${name}`, `server${name}`, { actor: 'x', mayMove: name % 2 === 0 }, 0);
  expect(homes.known('own0', 'files', 1)).toBeUndefined();
  expect(homes.known('own2000', 'files', 1)).toBe('x');
});
