// Every regular expression of the product takes time in proportion to its input: of a quadratic one, a header of 100 KB stops
// everyone who shares the program for many seconds.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { bearerToken } from '../../edge/access/credentials.ts';
import { checkAccept, checkContentType, prefersStream } from '../../edge/http/guards/media.ts';
import { decodeHeaderValue, trimmed } from '../../shared/mcp/header-value.ts';
import { excessOf } from '../fixtures/growth.ts';
import { patternsIn, type Pattern } from '../fixtures/patterns.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FILES = globSync('{edge,runner,shared}/**/*.ts', { cwd: root })
  .filter((file) => !file.includes('node_modules'))
  .toSorted();

/** The smaller of the two inputs, in characters. */
const CHARACTERS = 1_000;

/** Characters for texts that should be slow, besides the pattern's own. */
const COMMON = [
  ' ',
  '\t',
  'a',
  'A',
  '0',
  '_',
  '-',
  '.',
  '/',
  '"',
  '\\',
  '{',
  '$',
  ';',
  ',',
  '=',
  '\n',
];

/** Texts that may have to come before the slow part, for patterns that begin with more than a class. */
const BEGINNINGS = ['', ';a="', '${', 'q', 'http://', '00-', 'sha256:', '@', 'a', '/'];

/** What few patterns match, so that they look again from the next place. */
const END = '\u0000';

/** So many of a pattern's own characters are tried in pairs. */
const PAIRED = 12;

/** The characters that a pattern names, its escapes and ranges by their letters. */
const namedBy = ({ source }: Pattern): string[] =>
  source
    .replaceAll(/\\[pPkux]\{?[^}]*\}?|\(\?[:=!<]*/gu, '')
    .split('')
    .filter((character) => /[ -~]/u.test(character));

/** Texts that are to be slow: a beginning, and what is repeated behind it. */
function* textsFor(pattern: Pattern): Generator<readonly [beginning: string, pump: string]> {
  const named = [...new Set(namedBy(pattern))];
  for (const pump of new Set([...COMMON, ...named]))
    for (const beginning of BEGINNINGS) yield [beginning, pump];
  const paired = named.slice(0, PAIRED);
  for (const first of paired) for (const second of paired) yield ['', first + second];
}

/** The first input on which a pattern's work grows too fast. */
function slowInputOf(pattern: Pattern): string | undefined {
  const regex = new RegExp(pattern.source, pattern.flags);
  for (const [beginning, pump] of textsFor(pattern)) {
    const excess = excessOf((n) => {
      const text = beginning + pump.repeat(Math.ceil(n / pump.length)) + END;
      regex.lastIndex = 0;
      if (pattern.flags.includes('g')) text.replaceAll(regex, '');
      else regex.exec(text);
    }, CHARACTERS);
    if (excess !== undefined)
      return `${JSON.stringify([beginning, pump])}: ${excess.toFixed(0)} times`;
  }
  return undefined;
}

describe('[F-191] every pattern is linear', () => {
  const patterns = FILES.flatMap((file) =>
    patternsIn(readFileSync(`${root}${file}`, 'utf8')).map((pattern) => ({ file, pattern })),
  );

  test('and every one of them is found', () => {
    expect(patterns.length).toBeGreaterThan(60);
    const built = FILES.filter((file) =>
      /new RegExp\(/u.test(readFileSync(`${root}${file}`, 'utf8')),
    );
    // A pattern that is put together here is not seen: this one is a copy of a literal.
    expect(built).toEqual(['edge/http/guards/media.ts']);
  });

  test('and a quadratic one is found out', () => {
    expect(slowInputOf({ source: '[\\t ]+$', flags: '' })).toBeDefined();
    expect(slowInputOf({ source: '\\$\\{([^}]*)\\}', flags: 'g' })).toBeDefined();
    expect(slowInputOf({ source: '=+$', flags: '' })).toBeDefined();
  });

  test.each(
    patterns.map(
      ({ file, pattern }) => [file, `/${pattern.source}/${pattern.flags}`, pattern] as const,
    ),
  )('%s: %s', (_file, _words, pattern) => {
    expect(slowInputOf(pattern)).toBeUndefined();
  });
});

describe('[F-191] what reads a header takes time in proportion to it', () => {
  const asked = (headers: Record<string, string>): Request =>
    new Request('https://edge.example/', { method: 'POST', headers });

  test.each<[string, (text: string) => void]>([
    ['trimmed', (text) => void trimmed(`e${text}u`)],
    ['decodeHeaderValue', (text) => void decodeHeaderValue(`e${text}u`)],
    ['decodeHeaderValue, coded', (text) => void decodeHeaderValue(`=?base64?${text}?=`)],
    [
      'checkContentType',
      (text) => void checkContentType(asked({ 'content-type': `application/json${text}x` })),
    ],
    ['checkAccept', (text) => void checkAccept(asked({ accept: `${text}x` }), 'post')],
    ['prefersStream', (text) => void prefersStream(asked({ accept: `${text}x` }))],
    [
      'bearerToken',
      (text) =>
        void bearerToken(new Headers({ authorization: `Basic a${text}x` }), new URL('https://e/')),
    ],
  ])('%s', (_, read) => {
    for (const pump of [' ', '\t', ',', ';', ';a=b', 'a,', ', ', '=', 'A', ';"', ';a="\\"', 'q=0,'])
      expect([pump, excessOf((n) => read(pump.repeat(Math.ceil(n / pump.length))), 2_000)]).toEqual(
        [pump, undefined],
      );
  });
});
