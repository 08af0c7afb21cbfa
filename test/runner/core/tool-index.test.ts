// What is found among some 300 tools, in what order, and that no list and no query costs more than it may.
import { describe, expect, test } from 'vitest';

import { SharedToolIndex, ToolIndex, type ShownTool } from '../../../runner/core/tool-index.ts';
import { wordsOf, wordsOfName, wordsToFind } from '../../../runner/core/search-words.ts';
import { MANY_TOOLS } from '../../fixtures/many-tools.ts';

const shown = (tools: readonly { readonly name: string }[]): ShownTool[] =>
  tools.map((tool) => ({ name: tool.name, text: JSON.stringify(tool) }));
const index = new ToolIndex(shown(MANY_TOOLS));
const found = (query: string, of = index, now = 0): string[] =>
  of.find(query, now).tools.map(({ name }) => name);

test('[F-785] there are some 300 tools', () => {
  expect(MANY_TOOLS.length).toBeGreaterThan(290);
});

describe('[F-785] of some 300 tools the first that is found', () => {
  test.each([
    ['create an issue', 'create_issue'],
    ['I want to create a new issue, please', 'create_issue'],
    ['delete branches', 'delete_branch'],
    ['list all repositories', 'list_repository'],
    ['send money back to a customer: create refund', 'create_refund'],
    ['merge a pull request', 'mergePullRequest'],
    ['merge', 'mergePullRequest'],
    ['mergepullrequest', 'mergePullRequest'],
    ['MergePullRequest', 'mergePullRequest'],
    ['fork', 'fork-repo'],
    ['update lamp brightness', 'update_lamp'],
    ['change invoice', 'update_invoice'],
    ['get_issue', 'get_issue'],
    ['GET ISSUE', 'get_issue'],
    ['天気予報', 'get_weather'],
    ['天気', 'get_weather'],
    ['CAFÉ', 'cafe_menu'],
    ['ｆｏｒｋ', 'fork-repo'],
  ])('for %s is %s', (query, name) => {
    expect(found(query)[0]).toBe(name);
  });

  test.each([
    ['attendees', 'event'],
    ['squeaky threshold', 'alert'],
    ['ingredients', 'recipe'],
  ])('for %s, which only an argument is called, is one for a %s', (query, thing) => {
    expect(found(query)[0]).toContain(thing);
  });

  test('for a misspelt word is what it most likely was', () => {
    expect(found('calender')[0]).toMatch(/event/u);
    expect(found('invoyce')[0]).toMatch(/invoice/u);
  });

  test.each(['', '   ', '?!', 'qqqqqqzzzz', '\u0000', '\u202e', '🦄🦄🦄'])(
    'for %j is none',
    (query) => {
      expect(found(query)).toEqual([]);
    },
  );
});

test('[F-785] equals keep the order of the list, each time', () => {
  const same = (name: string) => ({ name, description: 'Paints a picture.' });
  const of = new ToolIndex(shown(['zeta', 'beta', 'alpha', 'omega'].map(same)));
  for (let turn = 0; turn < 3; turn++)
    expect(found('paint picture', of)).toEqual(['zeta', 'beta', 'alpha', 'omega']);
});

test('[F-785] one index for sessions that are shown the same, and another after a change', () => {
  const shared = new SharedToolIndex();
  const first = shared.of(shown(MANY_TOOLS));
  expect(shared.of(shown(MANY_TOOLS))).toBe(first);
  const other = shared.of(shown(MANY_TOOLS.slice(1)));
  expect(other).not.toBe(first);
  expect(shared.of(shown(MANY_TOOLS))).toBe(first);
  for (let at = 2; at < 6; at++) shared.of(shown(MANY_TOOLS.slice(at)));
  expect(shared.of(shown(MANY_TOOLS))).not.toBe(first);
});

describe('[F-981] a server that says all the time that its tools have changed', () => {
  /** Some 100,000 characters, which are others each time. */
  const list = (turn: number): ShownTool[] =>
    shown(
      Array.from({ length: 100 }, (_, at) => ({
        name: at === 7 ? `paint_${turn}` : `tool_${turn}_${at}`,
        description: at === 8 ? `brush ${turn}` : `all else ${'x y '.repeat(250)}`,
      })),
    );

  test('has its tools found by names alone, where more would stop everybody; a quiet while later by all again', () => {
    const shared = new SharedToolIndex();
    const search = (turn: number, now: number) => {
      const of = shared.of(list(turn));
      return { brush: of.find('brush', now), paint: found('paint', of, now) };
    };
    const turns = Array.from({ length: 200 }, (_, turn) => search(turn, turn));
    expect(turns.map(({ paint }) => paint)).toEqual(turns.map((_, turn) => [`paint_${turn}`]));
    const whole = turns.filter(({ brush }) => brush.tools.length > 0);
    expect(whole.length).toBeGreaterThan(9);
    expect(whole.length).toBeLessThan(40);
    expect(turns.map(({ brush }) => brush.isByNames)).toEqual(
      turns.map(({ brush }) => brush.tools.length === 0),
    );
    expect(search(200, 20_000).brush).toMatchObject({ isByNames: false, tools: [{}] });
  });

  test('leaves its clients what was made before, as long as it lists that', () => {
    const shared = new SharedToolIndex();
    const first = shared.of(list(0));
    expect(found('brush', first)).toHaveLength(1);
    for (let turn = 1; turn < 100; turn++) found('brush', shared.of(list(turn)));
    expect(found('brush', first)).toHaveLength(1);
  });
});

describe('[F-786] hostile tools', () => {
  test.each([
    ['no object', 'null'],
    ['schemas that are none', '{"name":"x","inputSchema":[{"properties":7}]}'],
    ['properties that are none', '{"name":"x","inputSchema":{"properties":[1,null,"a"]}}'],
    ['texts that are none', '{"name":"x","title":{},"description":7,"annotations":null}'],
    ['names of the language’s own', '{"name":"constructor","description":"__proto__ toString"}'],
    ['lone surrogates', '{"name":"\\ud800","description":"\\udfff\\udfff"}'],
  ])('with %s are found by what can be read', (_, text) => {
    const { name = 'x' } = (JSON.parse(text) ?? {}) as { name?: string };
    const of = new ToolIndex([{ name, text }, ...shown([{ name: 'paint' }])]);
    expect(found('paint', of)).toEqual(['paint']);
    expect(found('constructor toString __proto__', of).every((each) => each === name)).toBe(true);
  });

  test('of any size and number are indexed within bounds: names always, of the rest what fits', () => {
    const words = (at: number): string =>
      Array.from({ length: 2_000 }, (_, n) => `w${(at * 7919 + n * 104_729) % 1_000_003}`).join(
        ' ',
      );
    const many = Array.from({ length: 3_000 }, (_, at) => ({
      name: `tool_${at}`,
      description: at < 40 ? words(at) : words(0),
    }));
    const of = new ToolIndex(shown([...many, { name: 'needle' }]));
    const began = performance.now();
    expect(found('needle', of)).toEqual(['needle']);
    // Some 0.1 s on its own; on a machine with other work, some more. Without bounds it is minutes.
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('with names of any length and number are found by their words within bounds, and by the whole name always', () => {
    const long = Array.from({ length: 5_000 }, (_, at) => ({
      name: Array.from({ length: 40 }, (_, n) => `n${((at * 40 + n) * 7_919) % 1_000_003}`).join(
        '_',
      ),
    }));
    const of = new ToolIndex(shown(long));
    const last = long.at(-1)?.name ?? '';
    const began = performance.now();
    expect(found(last, of)[0]).toBe(last);
    expect(found(long[0]?.name ?? '', of)[0]).toBe(long[0]?.name);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('a query of any length counts by its beginning', () => {
    const long = `create issue ${'x'.repeat(2_000_000)}`;
    const began = performance.now();
    expect(found(long)[0]).toBe('create_issue');
    const all = MANY_TOOLS.map(({ name }) => name.replaceAll('_', ' ')).join(' ');
    expect(found(`create issue ${all}`)).toContain('create_issue');
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('[F-785] words', () => {
  test.each<[string, string[]]>([
    ['getHTTPServerURL2', ['get', 'http', 'server', 'url2']],
    ['list_pull-requests.all', ['list', 'pull', 'request', 'all']],
    ['Größe der Straße', ['große', 'der', 'straße']],
    ['hämtaÄrenden', ['hamta', 'arenden']],
    [
      'boxes classes branches repositories status bus',
      ['box', 'class', 'branch', 'repository', 'statu', 'bus'],
    ],
    ['検索API', ['検索', 'api']],
    ['한국어 검색', ['한국어', '검색']],
    ['हिन्दी खोज', ['हिन्दी', 'खोज']],
    ['', []],
  ])('of %s', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test('of a name are its parts and the whole; of a query, those that say something', () => {
    expect(wordsOfName('getIssue')).toEqual(['get', 'issue', 'getissue']);
    expect(wordsOfName('get')).toEqual(['get']);
    expect(wordsToFind('how do I create the issue, the Issue')).toEqual(['create', 'issue']);
    expect(wordsToFind('to do')).toEqual(['to', 'do']);
  });
});
