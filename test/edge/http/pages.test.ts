// The page at `/`: what it shows to whom, that nothing in it can run, and that its style is allowed.
import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { homePage, homeText, wantsHtml } from '../../../edge/http/pages/home.ts';
import { problemText } from '../../../shared/problem.ts';
import { htmlResponse, PAGE_STYLE, textResponse } from '../../../edge/http/pages/html.ts';

const HOME = { url: 'https://bridge.example/?x=1', clientAuth: 'keys', problems: [] } as const;

/** A text as an element of HTML has it. */
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

describe.each([
  ['HTML', homePage],
  ['text', homeText],
])('the page as %s', (format, page) => {
  const written = (text: string): string => (format === 'HTML' ? escaped(text) : text);

  test('shows URL patterns and no server while none is told', () => {
    const shown = page(HOME);
    expect(shown).toContain(written('https://bridge.example/<server>/mcp'));
    expect(shown).toContain(written('https://bridge.example/<server>/sse'));
    expect(shown).not.toContain('x=1');
  });

  test('says which revisions are served where', () => {
    const shown = page(HOME);
    expect(shown).toContain('Streamable HTTP (2025-03-26 to 2026-07-28)');
    expect(shown).toContain('HTTP+SSE (2024-11-05)');
  });

  test('shows the URLs of each server that it is given', () => {
    const shown = page({ ...HOME, servers: ['files', 'memory'] });
    for (const url of ['/files/mcp', '/files/sse', '/memory/mcp', '/memory/sse'])
      expect(shown).toContain(`https://bridge.example${url}`);
  });

  test('has an example for Claude Code, VS Code and the SDK, with a key', () => {
    const shown = page({ ...HOME, servers: ['files'] });
    expect(shown).toContain(
      written('claude mcp add --transport http files "https://bridge.example/files/mcp"'),
    );
    expect(shown).toContain(written('"Authorization": "Bearer ${input:bridge-key}"'));
    expect(shown).toContain(
      written("new StreamableHTTPClientTransport(new URL('https://bridge.example/files/mcp'), {"),
    );
  });

  test('speaks of no key where none is needed', () => {
    const shown = page({ ...HOME, clientAuth: 'none' });
    expect(shown).not.toMatch(/Bearer|bridge-key/u);
    expect(shown).toContain('No key is needed.');
  });

  test('lists every problem', () => {
    const problems = [
      { what: 'BRIDGE_SECRET is not set', fix: 'Set it.' },
      { what: 'BRIDGE_RUNNERS <&> "x"', fix: 'Correct it.' },
    ];
    for (const problem of problems)
      expect(page({ ...HOME, problems })).toContain(written(problemText(problem)));
    expect(page(HOME)).not.toContain('Settings to correct');
  });
});

test('nothing but the problems stands in their list', () => {
  const problems = [
    { what: 'One', fix: 'Do it.' },
    { what: 'Two', fix: 'Do that.' },
  ];
  const [, list = ''] = /<ul>([^]*)<\/ul>/u.exec(homePage({ ...HOME, problems })) ?? [];
  expect(list.replaceAll(/\s+(?=<)|(?<=>)\s+/gu, '')).toBe(
    problems.map((problem) => `<li>${problemText(problem)}</li>`).join(''),
  );
});

test('whatever is shown is escaped', () => {
  const attack = `"'><script>alert(1)</script>&`;
  const shown = homePage({ ...HOME, servers: [attack], problems: [{ what: attack, fix: attack }] });
  expect(shown).not.toContain('<script');
  expect(shown).not.toMatch(/="[^"]*"'>/u);
  expect(shown).toContain('&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;');
});

describe('the HTML response', () => {
  const { headers } = htmlResponse(homePage(HOME));

  test('allows the one style sheet and nothing else', () => {
    const hash = createHash('sha256').update(PAGE_STYLE).digest('base64');
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(homePage(HOME)).toContain(`<style>${PAGE_STYLE}</style>`);
  });

  test('needs no inline style that the policy would refuse', () => {
    expect(homePage({ ...HOME, problems: [{ what: 'x', fix: 'y.' }] })).not.toMatch(
      /\sstyle=|\son\w+=/u,
    );
  });

  test('is neither cached nor sniffed', () => {
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
  });
});

test('browsers get HTML, terminals text', () => {
  const asking = (accept?: string): boolean =>
    wantsHtml(new Request(HOME.url, { headers: accept === undefined ? {} : { accept } }));
  expect([asking('text/html,*/*;q=0.8'), asking('*/*'), asking()]).toEqual([true, false, false]);
  expect(textResponse('x').headers.get('content-type')).toBe('text/plain; charset=utf-8');
});
