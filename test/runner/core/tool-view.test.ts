// What clients see of a server's tools: other names and descriptions, and no argument that the config fixes. All else is as it was.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ToolView, type ToolRules } from '../../../runner/core/tool-view.ts';
import { onlyMessageIn, type MessageView } from '../../../shared/jsonrpc/view.ts';
import { DrivenSession } from './driven-session.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const viewOf = (text: string): MessageView => {
  const view = onlyMessageIn(encoder.encode(text));
  if (!view) throw new Error(`no message: ${text}`);
  return view;
};
/** The tools of a list, as text, as clients see them. */
function shown(rules: ToolRules, tools: string): string {
  const list = viewOf(`{"jsonrpc":"2.0","id":1,"result":{"tools":${tools}}}`);
  const text = decoder.decode(list.edited(new ToolView(rules).listed(list)).bytes);
  return text.slice('{"jsonrpc":"2.0","id":1,"result":{"tools":'.length, -2);
}

/** The params of a call as the server gets them, or why it gets none. */
function called(rules: ToolRules, params: string): string {
  const call = viewOf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
  const read = new ToolView(rules).call(call);
  if (!read.ok) return read.refusal;
  const text = decoder.decode(call.edited(read.edits).bytes);
  return text.slice('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'.length, -1);
}

describe('[F-770] a renamed tool', () => {
  const rules: ToolRules = {
    allow: ['get_*'],
    rename: { get_me: 'whoami' },
    describe: { get_me: 'Says "who".', get_you: 'You.' },
  };

  test.each([
    [
      '[ {"name":"get_me", "description":"old", "x":1e400} , {"name":"get_it","y":12345678901234567890} ]',
      '[ {"name":"whoami", "description":"Says \\"who\\".", "x":1e400} , {"name":"get_it","y":12345678901234567890} ]',
    ],
    [
      '[{"title":"x","name":"get_m\\u0065"}]',
      '[{"title":"x","name":"whoami","description":"Says \\"who\\"."}]',
    ],
    [
      '[{"name":"get_you","description":"a","description":"b","z":[]}]',
      '[{"name":"get_you","description":"You.","z":[]}]',
    ],
    ['[{"name":"put"},{"name":"get_me"}]', '[{"name":"whoami","description":"Says \\"who\\"."}]'],
    ['[{"name":"get_me","Name":"x"},7,{"x":1}]', '[7,{"x":1}]'],
  ])('%s is listed as %s', (tools, expected) => {
    expect(shown(rules, tools)).toBe(expected);
  });

  test.each([
    ['{"name":"whoami"}', '{"name":"get_me"}'],
    [
      '{ "arguments":{"a":1.0},  "name" : "who\\u0061mi" ,"_meta":{}}',
      '{ "arguments":{"a":1.0},  "name" : "get_me" ,"_meta":{}}',
    ],
    ['{"name":"get_it","arguments":{}}', '{"name":"get_it","arguments":{}}'],
  ])('%s calls it by its own name: %s', (params, expected) => {
    expect(called(rules, params)).toBe(expected);
  });

  test('is not called by the server’s own name, nor by spellings of it; the words say its name', () => {
    expect(called(rules, '{"name":"get_me"}')).toContain('is called "whoami" here');
    for (const name of ['GET_ME', 'get_me\\u0000', 'get_\\u200bme'])
      expect(called({ rename: rules.rename }, `{"name":"${name}"}`)).toContain('may not be called');
  });

  test('two may take each other’s names', () => {
    const swap: ToolRules = { rename: { a: 'b', b: 'a' } };
    expect(shown(swap, '[{"name":"a"},{"name":"b"}]')).toBe('[{"name":"b"},{"name":"a"}]');
    expect(called(swap, '{"name":"a"}')).toBe('{"name":"b"}');
  });

  test('is forbidden under its own name and under the new one', () => {
    const deny: ToolRules = {
      deny: ['delete_*'],
      rename: { delete_it: 'tidy', remove: 'delete_x' },
    };
    const tools = '[{"name":"delete_it"},{"name":"remove"},{"name":"ok"}]';
    expect(shown(deny, tools)).toBe('[{"name":"ok"}]');
    for (const name of ['tidy', 'delete_x', 'delete_it', 'remove', 'DELETE_it'])
      expect(called(deny, `{"name":"${name}"}`)).toContain('may not be called');
  });

  test('[F-771] hides another of the server that has that name already', () => {
    const taken: ToolRules = { rename: { a: 'b' } };
    expect(shown(taken, '[{"name":"a"},{"name":"b"}]')).toBe('[{"name":"b"}]');
    expect(called(taken, '{"name":"b"}')).toBe('{"name":"a"}');
    expect(new ToolView(taken).ownName('b')).toBe('a');
    expect(new ToolView(taken).shownName('b')).toBeUndefined();
  });
});

describe('[R-14] [F-772] a fixed argument', () => {
  const rules: ToolRules = { arguments: { t: { region: 'eu', deep: { n: [1] } } } };
  const FIXED = '"region":"eu","deep":{"n":[1]}';

  test.each([
    [
      '{"type":"object","properties":{"region":{"type":"string"},"q":{}},"required":["region","q"]}',
      '{"type":"object","properties":{"q":{}},"required":["q"]}',
    ],
    [
      '{"properties":{"q":{} , "deep":{}},"required":[ "deep" ]}',
      '{"properties":{"q":{}},"required":[  ]}',
    ],
    [
      '{"properties":{"r\\u0065gion":{}},"required":["r\\u0065gion"]}',
      '{"properties":{},"required":[]}',
    ],
    [
      '{"anyOf":[{"required":["region"]},{"required":["q"],"properties":{"deep":{}}}],"dependentRequired":{"q":["region","x"]}}',
      '{"anyOf":[{"required":[]},{"required":["q"],"properties":{}}],"dependentRequired":{"q":["x"]}}',
    ],
    [
      '{"properties":{"q":{"properties":{"region":{}},"required":["region"]}}}',
      '{"properties":{"q":{"properties":{"region":{}},"required":["region"]}}}',
    ],
    [
      '{"$ref":"#/$defs/a~1b%20c","$defs":{"a/b c":{"properties":{"region":{},"q":{}},"required":["region"]}}}',
      '{"$ref":"#/$defs/a~1b%20c","$defs":{"a/b c":{"properties":{"q":{}},"required":[]}}}',
    ],
    [
      '{"definitions":{"A":{"allOf":[{"$ref":"#/definitions/B"}],"required":["deep"]},"B":{"properties":{"region":{}}}},"allOf":[{"$ref":"#/definitions/A"}]}',
      '{"definitions":{"A":{"allOf":[{"$ref":"#/definitions/B"}],"required":[]},"B":{"properties":{}}},"allOf":[{"$ref":"#/definitions/A"}]}',
    ],
    ['true', 'true'],
    [
      '{"properties":7,"required":{"region":1},"allOf":{}}',
      '{"properties":7,"required":{"region":1},"allOf":{}}',
    ],
  ])('is not asked for: of %s clients see %s', (schema, expected) => {
    const tool = (name: string, text: string): string =>
      `[{"name":"${name}","inputSchema":${text}}]`;
    expect(shown(rules, tool('t', schema))).toBe(tool('t', expected));
    expect(shown(rules, tool('u', schema))).toBe(tool('u', schema));
  });

  test.each([
    // Something else is of the same definition, or of a part of it.
    '{"$ref":"#/$defs/a","properties":{"q":{"$ref":"#/$defs/a"}},"$defs":{"a":{"properties":{"region":{}}}}}',
    '{"$ref":"#/$defs/a","properties":{"q":{"$ref":"#/$defs/a/properties/region"}},"$defs":{"a":{"properties":{"region":{}}}}}',
    '{"$ref":"#","required":["q"]}',
    '{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"$ref":"#/$defs/a","required":["region"]}}}',
    // What is elsewhere, or nowhere.
    '{"$ref":"https://schemas.example/a","$defs":{"a":{"properties":{"region":{}}}}}',
    '{"$ref":"#a","$defs":{"a":{"$anchor":"a","properties":{"region":{}}}}}',
    '{"$ref":"#/$defs/%ZZ","$defs":{"a":{"required":["region"]}}}',
    '{"$ref":"#/$defs/a","$defs":{"a":{"required":["region"]},"a":{}}}',
    '{"$ref":7,"$defs":{"a":{"required":["region"]}}}',
    `{"$ref":"#/$defs/a","$defs":{"a":{"required":["region"]}},"x":${'['.repeat(70)}${']'.repeat(70)}}`,
    `{"$ref":"#/$defs/a","$defs":{"a":{"required":["region"]}},"x":"${'x'.repeat(256 * 1024)}"}`,
  ])(
    '[F-935] that cannot be cut out stays in the schema, and is fixed all the same: %s',
    (schema) => {
      const tools = `[{"name":"t","inputSchema":${schema}}]`;
      expect(shown(rules, tools)).toBe(tools);
      expect(called(rules, '{"name":"t","arguments":{"q":1}}')).toBe(
        `{"name":"t","arguments":{"q":1,${FIXED}}}`,
      );
      expect(called(rules, '{"name":"t","arguments":{"region":"us"}}')).toContain('is set by');
    },
  );

  test.each([
    [
      '{"properties":{"region":{"properties":{"region":{},"b":{}}},"q":{}},"allOf":[{"$ref":"#/properties/region"}]}',
      '{"properties":{"region":{"properties":{"b":{}}},"q":{}},"allOf":[{"$ref":"#/properties/region"}]}',
    ],
    [
      '{"then":{"$ref":"#/then","properties":{"region":{},"q":{}}}}',
      '{"then":{"$ref":"#/then","properties":{"q":{}}}}',
    ],
    [
      '{"then":{"$ref":"#/then/then","then":{"properties":{"q":{},"region":{}},"required":["region"]}}}',
      '{"then":{"$ref":"#/then/then","then":{"properties":{"q":{}},"required":[]}}}',
    ],
    [
      '{"$ref":"#/else","else":{"properties":{"q":{"properties":{"region":{}}},"region":{}}}}',
      '{"$ref":"#/else","else":{"properties":{"q":{"properties":{"region":{}}}}}}',
    ],
    [
      '{"$ref":"#/properties","properties":{"required":["region"],"region":{"x":1},"properties":{"region":{}}}}',
      '{"$ref":"#/properties","properties":{"required":[],"properties":{}}}',
    ],
  ])(
    '[F-984] is cut out once, where a reference names what is looked at anyway, or is cut out: of %s clients see %s',
    (schema, expected) => {
      const tool = (text: string): string => `[{"name":"t","inputSchema":${text}}]`;
      expect(shown(rules, tool(schema))).toBe(tool(expected));
    },
  );

  test.each([
    [
      '{"properties":{"region":{"type":"string"},"q":{"$ref":"#/properties/region"},"deep":{}},"required":["region","q","deep"]}',
      '{"properties":{"region":{"type":"string"},"q":{"$ref":"#/properties/region"}},"required":["q"]}',
    ],
    [
      '{"properties":{"region":{"items":{}},"q":{"$ref":"#/properties/%72egion/items"}},"required":["region"]}',
      '{"properties":{"region":{"items":{}},"q":{"$ref":"#/properties/%72egion/items"}},"required":[]}',
    ],
    [
      '{"allOf":[{},{"properties":{"region":{}},"required":["region"]}],"then":{"$ref":"#/allOf/1/properties/region"}}',
      '{"allOf":[{},{"properties":{"region":{}},"required":[]}],"then":{"$ref":"#/allOf/1/properties/region"}}',
    ],
    // Neither of these needs it.
    [
      '{"properties":{"region":{},"q":{"$ref":"#/properties/regions"}},"not":{"$ref":"#/allOf/1/properties/region"}}',
      '{"properties":{"q":{"$ref":"#/properties/regions"}},"not":{"$ref":"#/allOf/1/properties/region"}}',
    ],
  ])(
    '[F-994] stays defined where something refers to it, and is not required: of %s clients see %s',
    (schema, expected) => {
      const tool = (text: string): string => `[{"name":"t","inputSchema":${text}}]`;
      expect(shown(rules, tool(schema))).toBe(tool(expected));
    },
  );

  test('[F-848] with more references than are compared with each other stays in the schema', () => {
    const tool = (count: number, required: string): string => {
      const others = Array.from({ length: count }, (_, at) => ({ $ref: `#/others/${at}` }));
      const $defs = `{"a":{"required":[${required}]}}`;
      const schema = `{"$ref":"#/$defs/a","$defs":${$defs},"others":${JSON.stringify(others)}}`;
      return `[{"name":"t","inputSchema":${schema}}]`;
    };
    expect(shown(rules, tool(999, '"region"'))).toBe(tool(999, ''));
    expect(shown(rules, tool(1_000, '"region"'))).toBe(tool(1_000, '"region"'));
  });

  const referencesIn = (value: unknown): string[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, each]) =>
          key === '$ref' ? [String(each)] : referencesIn(each),
        )
      : [];

  const leadsIn = (schema: object, reference: string): boolean => {
    let at: unknown = schema;
    for (const key of reference.split('/').slice(1))
      at =
        typeof at === 'object' && at !== null
          ? Object.getOwnPropertyDescriptor(at, key)?.value
          : undefined;
    return at !== undefined;
  };

  test('[F-984] [F-994] leaves JSON of any schema, wherever its references lead', () => {
    const keys = ['properties', 'then', 'region'];
    const pointer = fc
      .array(fc.constantFrom(...keys), { maxLength: 3 })
      .map((path) => ['#', ...path].join('/'));
    const { schema } = fc.letrec<{ schema: object }>((tie) => ({
      schema: fc.oneof(
        { depthSize: 'small' },
        fc.constant({ required: ['q', 'region'] }),
        pointer.map(($ref) => ({ $ref })),
        fc
          .tuple(
            fc.dictionary(fc.constantFrom(...keys), tie('schema')),
            fc.option(pointer.map(($ref) => ({ $ref }))),
            fc.option(fc.constant({ required: ['region', 'q', 'deep'] })),
          )
          .map((parts) => Object.assign({}, ...parts) as object),
      ),
    }));
    fc.assert(
      fc.property(schema, (inputSchema) => {
        const [tool] = JSON.parse(shown(rules, JSON.stringify([{ name: 't', inputSchema }])));
        expect(tool.inputSchema.required ?? []).not.toContain('region');
        const lost = referencesIn(tool.inputSchema).filter(
          (reference) => leadsIn(inputSchema, reference) && !leadsIn(tool.inputSchema, reference),
        );
        expect(lost).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['{"name":"t"}', `{"name":"t","arguments":{${FIXED}}}`],
    ['{"name":"t","arguments":null}', `{"name":"t","arguments":{${FIXED}}}`],
    ['{"name":"t","arguments":{}}', `{"name":"t","arguments":{${FIXED}}}`],
    [
      '{"name":"t","arguments":{ "q" : 1e400 }}',
      `{"name":"t","arguments":{ "q" : 1e400 ,${FIXED}}}`,
    ],
    ['{"name":"u","arguments":{"region":"us"}}', '{"name":"u","arguments":{"region":"us"}}'],
  ])('comes to the server with %s', (params, expected) => {
    expect(called(rules, params)).toBe(expected);
  });

  test.each([
    '{"region":"us"}',
    '{"region":"eu"}',
    '{"Region":"us"}',
    '{"q":1,"r\\u0065gion":null}',
  ])('is refused from a client: %s', (args) => {
    expect(called(rules, `{"name":"t","arguments":${args}}`)).toBe(
      'The argument "region" is set by the owner of the runner: call this tool without it.',
    );
  });

  test.each([
    '{"name":"t","arguments":{},"arguments":{"region":"us"}}',
    '{"name":"t","Arguments":{"region":"us"}}',
    '{"name":"t","arguments":["region"]}',
    '{"name":"t","arguments":"{}"}',
  ])('cannot be got round by two readings of the params: %s', (params) => {
    expect(called(rules, params)).toContain('"arguments" at most once');
  });

  test.each(['T', ' t', 't\\u0000', 'ｔ'])(
    'cannot be got round by another spelling of the tool: %j',
    (name) => {
      expect(called(rules, `{"name":"${name}","arguments":{"region":"us"}}`)).toContain(
        'may not be called',
      );
    },
  );

  test('counts for a renamed tool too', () => {
    const both: ToolRules = { ...rules, rename: { t: 'v' } };
    expect(called(both, '{"name":"v"}')).toBe(`{"name":"t","arguments":{${FIXED}}}`);
    expect(called(both, '{"name":"v","arguments":{"region":1}}')).toContain('"region" is set');
  });
});

test('[F-770] whatever the tools are, JSON that no rule names is the same, and the rest what the rules say', () => {
  const rules: ToolRules = {
    deny: ['no*'],
    rename: { a: 'x/a', b: 'b-2' },
    describe: { b: 'B', c: 'C' },
    arguments: { a: { p: 1 }, c: { q: null } },
  };
  const key = fc.constantFrom('p', 'q', 'r');
  const schema = fc.record(
    {
      type: fc.constant('object'),
      properties: fc.dictionary(key, fc.jsonValue()),
      required: fc.array(key),
    },
    { requiredKeys: [] },
  );
  const tool = fc.record(
    {
      name: fc.constantFrom('a', 'b', 'c', 'd', 'nope'),
      title: fc.string(),
      description: fc.string(),
      inputSchema: schema,
    },
    { requiredKeys: ['name'] },
  );
  fc.assert(
    fc.property(fc.array(tool), fc.boolean(), (tools, isPretty) => {
      const told = JSON.parse(
        shown(rules, JSON.stringify(tools, null, isPretty ? 2 : 0).replaceAll('\n', ' ')),
      ) as unknown;
      const expected = tools.flatMap((each) => {
        if (each.name === 'nope') return [];
        const description = rules.describe?.[each.name] ?? each.description;
        const fixed = Object.keys(rules.arguments?.[each.name] ?? {});
        const { inputSchema: of } = each;
        const inputSchema = of && {
          ...of,
          ...(of.properties && {
            properties: Object.fromEntries(
              Object.entries(of.properties).filter(([name]) => !fixed.includes(name)),
            ),
          }),
          ...(of.required && { required: of.required.filter((name) => !fixed.includes(name)) }),
        };
        return [
          JSON.parse(
            JSON.stringify({
              ...each,
              name: rules.rename?.[each.name] ?? each.name,
              description,
              inputSchema,
            }),
          ) as unknown,
        ];
      });
      expect(told).toEqual(expected);
    }),
  );
});

test.each(['streamable', 'modern'] as const)(
  '[F-770] [F-772] in a session of a %s client: the process knows its own names, ids and tokens are put in as ever',
  (kind) => {
    const policy = { tools: { rename: { t: 'v' }, arguments: { t: { region: 'eu' } } } };
    const driven =
      kind === 'modern' ? DrivenSession.modern({ policy }) : DrivenSession.initialized({ policy });
    const params = { _meta: { progressToken: 'mine' }, name: 'v' };
    driven.post('p1', { jsonrpc: '2.0', id: 'x', method: 'tools/call', params });
    const [call = '{}'] = driven.look().written;
    const { id } = JSON.parse(call) as { id: number };
    expect(JSON.parse(call)).toEqual({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { _meta: { progressToken: id }, name: 't', arguments: { region: 'eu' } },
    });
    driven.post('p2', {
      jsonrpc: '2.0',
      id: 'y',
      method: 'tools/call',
      params: { name: 'v', arguments: { region: 'us' } },
    });
    const { sent, written } = driven.look();
    expect(written).toEqual([]);
    expect(JSON.stringify(sent)).toContain('is set by the owner of the runner');
  },
);
