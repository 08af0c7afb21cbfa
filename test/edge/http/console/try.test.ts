// A tool's schema as a form, and its result as a page shows it (F-646).
import { describe, expect, test } from 'vitest';

import { markupOf } from '../../../../edge/http/console/markup.ts';
import {
  argumentFields,
  argumentsOf,
  toolShapes,
} from '../../../../edge/http/console/tool-form.ts';
import { resultView } from '../../../../edge/http/console/tool-result.ts';
import { readParameters } from '../../../../edge/http/oauth/parameters.ts';

const [TOOL] = toolShapes([
  {
    name: 'all',
    inputSchema: {
      type: 'object',
      required: ['text'],
      properties: {
        text: { type: 'string', description: 'what to say' },
        count: { type: 'integer', default: 3 },
        ratio: { type: 'number' },
        isLoud: { type: 'boolean' },
        way: { type: 'string', enum: ['up', 'down'] },
        list: { type: 'array' },
        either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
        __proto__x: { type: 'string' },
        server: { type: 'string' },
      },
    },
  },
]);

const form = (fields: Record<string, string>) =>
  readParameters(
    new URLSearchParams(
      Object.fromEntries(Object.entries(fields).map(([name, text]) => [`argument ${name}`, text])),
    ).toString(),
  );

describe('[F-646] arguments', () => {
  test('each has a field with its name, and a field of its kind', () => {
    const html = TOOL ? argumentFields(TOOL, { text: '"><script>' }).map(markupOf).join('') : '';
    expect(html.match(/<label /gu)).toHaveLength(9);
    expect(html).toContain('text (required)');
    expect(html).toMatch(/type="number" step="1" value="3"/u);
    expect(html).toContain('<option value="down">down</option>');
    expect(html).not.toContain('<script');
  });

  test('are read back by their types, and those that are empty were not given', () => {
    const given =
      TOOL &&
      argumentsOf(
        TOOL,
        form({
          text: 'a\r\nb',
          count: '4',
          ratio: '0.5',
          isLoud: 'false',
          way: 'up',
          list: '[1,{"a":2}]',
          either: '"x"',
          server: 's',
        }),
      );
    expect(given).toMatchObject({
      ok: true,
      values: {
        text: 'a\nb',
        count: 4,
        ratio: 0.5,
        isLoud: false,
        way: 'up',
        list: [1, { a: 2 }],
        either: 'x',
        server: 's',
      },
    });
    expect(TOOL && argumentsOf(TOOL, form({ text: '', list: '' }))).toMatchObject({ values: {} });
  });

  test('that are wrong are named, and what was typed stays', () => {
    expect(TOOL && argumentsOf(TOOL, form({ count: 'many', list: '[1' }))).toEqual({
      ok: false,
      message: 'count is no number, list is no JSON. Nothing was called.',
      texts: { count: 'many', list: '[1' },
    });
  });

  test('what is no tool, or has no schema, breaks nothing', () => {
    expect(toolShapes(undefined)).toEqual([]);
    expect(toolShapes([1, {}, { name: 2 }, null])).toEqual([]);
    const [bare] = toolShapes([{ name: 'bare' }]);
    expect(bare && argumentFields(bare, {})).toEqual([]);
    const [odd] = toolShapes([{ name: 'odd', inputSchema: { properties: [], required: 'x' } }]);
    expect(odd && argumentFields(odd, {})).toEqual([]);
    const [none] = toolShapes([{ name: 'odd', inputSchema: { properties: { a: true, b: null } } }]);
    expect(none && argumentFields(none, {})).toHaveLength(2);
  });
});

describe('[F-646] a result', () => {
  const shown = (result: Record<string, unknown>): string =>
    markupOf(resultView({ ok: true, result }, 5));

  test('is text as it is, and an image that runs nothing', () => {
    const html = shown({
      content: [
        { type: 'text', text: '<b>bold</b>' },
        { type: 'image', mimeType: 'image/png', data: 'iVBORw0KGgo=' },
        { type: 'image', mimeType: 'image/svg+xml', data: 'PHN2Zz4=' },
        { type: 'image', mimeType: 'image/png', data: '"><script>' },
        { type: 'image', mimeType: 'image/png;x=",', data: 'AAAA' },
      ],
    });
    expect(html).toContain('&lt;b&gt;bold&lt;/b&gt;');
    expect([...html.matchAll(/<img src="([^"]*)"/gu)].map(([, src]) => src)).toEqual([
      'data:image/png;base64,iVBORw0KGgo=',
    ]);
    expect(html).not.toContain('<script');
  });

  test('says whether it is an error, of the tool or of the way to it', () => {
    expect(shown({ content: [{ type: 'text', text: 'no' }], isError: true })).toContain(
      'badge bad',
    );
    const refused = markupOf(resultView({ ok: false, message: '<i>gone</i>', code: -32_602 }, 5));
    expect(refused).toContain('&lt;i&gt;gone&lt;/i&gt; (-32602)');
    expect(shown({ content: [] })).toContain('It has no content.');
    expect(shown({ structuredContent: { a: 1 } })).toContain('&quot;a&quot;: 1');
    expect(shown({ resultType: 'input_required', inputRequests: {} })).toContain('asks its client');
  });
});
