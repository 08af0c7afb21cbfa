// The text of a config file: JSON with comments and trailing commas, encodings, and where each mistake stands.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../runner/config/json-syntax.ts';
import { plainNumbers } from '../../../runner/config/source-number.ts';
import { accepted, fates, namesOf, one, problems, processOf, serverOf } from './reading.ts';

describe('what is read (F-225)', () => {
  it('comments and trailing commas', async () => {
    const config = await accepted(`// of our team
      { /* all of them */ "mcpServers": { "s": { "command": "node", "args": ["a", "b",], }, // the last
      }, }`);
    expect(processOf(config).args).toEqual(['a', 'b']);
  });

  it.each([
    ['UTF-8 with a byte-order mark', 'utf8', '\uFEFF'],
    ['UTF-16 as PowerShell writes it', 'utf16le', '\uFEFF'],
    ['UTF-16 without a mark', 'utf16le', ''],
  ] as const)('%s', async (_title, encoding, mark) => {
    const text = `${mark}${JSON.stringify(one({ args: ['größe'] }), undefined, 2)}`;
    const config = await accepted(Buffer.from(text.replaceAll('\n', '\r\n'), encoding));
    expect(processOf(config).args).toEqual(['größe']);
  });

  it('UTF-16 of the other byte order', async () => {
    const bytes = Buffer.from(`\uFEFF${JSON.stringify(one({}))}`, 'utf16le').swap16();
    expect(namesOf(await accepted(bytes))).toEqual(['s']);
  });

  it('numbers as they are written, where they are text to a process', async () => {
    const config = await accepted(
      `{"mcpServers":{"s":{"command":"node","args":[1.10,1e3],"env":{"ID":12345678901234567890,"V":2.0},"bridge":{"warm":1.0}}},"bridge":{"capacity":1e2}}`,
    );
    expect(serverOf(config)).toMatchObject({
      source: { args: ['1.10', '1e3'], env: { ID: '12345678901234567890', V: '2.0' } },
      warm: { min: 1, max: 1 },
    });
    expect(config.capacity).toBe(100);
  });

  it('a key that is a name of every object', async () => {
    const config = await accepted(
      '{"mcpServers":{"constructor":{"command":"node"},"__proto__":{"command":"node"}}}',
    );
    expect(namesOf(config)).toEqual(['constructor', 'proto__']);
  });
});

describe('mistakes of the text, all at once and with their places (F-225)', () => {
  const VALUE = 'Write a string in double quotes, a number, true, false, an object or an array.';
  const NO_JSON =
    'Put everything in { … }; a file in YAML or TOML needs a name that ends in .yaml or .toml.';
  const QUOTES = 'Write keys and text in double quotes.';
  const table: [title: string, content: string, place: string, what: string, fix: string][] = [
    ['no JSON at all', '\nhello: x\n', 'line 2, column 1', 'this is not JSON', NO_JSON],
    ['nothing', '', 'line 1, column 1', 'the file is empty', 'Put { "mcpServers": { … } } in it.'],
    [
      'no comma',
      '{\n  "a": 1\n  "b": 2}',
      'line 3, column 3',
      'a comma or a closing bracket is missing',
      'Put a comma between two entries, or a closing bracket after the last.',
    ],
    [
      'two commas',
      '{"a": 1,,\n"b": 2}',
      'line 1, column 9',
      'a key is missing',
      'Write the key in double quotes.',
    ],
    ['no value', '{"a": }', 'line 1, column 7', 'a value is missing', VALUE],
    ['a word', '{"a": True}', 'line 1, column 7', 'there is a word without quotes', QUOTES],
    ['curly quotes', '{“a”: 1}', 'line 1, column 2', 'there is a curly quote', QUOTES],
    [
      'a blank of a web page',
      '{\n\u00a0"a": 1}',
      'line 2, column 1',
      'there is an invisible character (U+00A0)',
      'Remove it, or write a plain space.',
    ],
    [
      'a comment of a shell',
      '{\n# mine\n"a": 1}',
      'line 2, column 1',
      'there is a "#"',
      'Write comments with //.',
    ],
    ['single quotes', "{'a': 1}", 'line 1, column 2', 'there is a single quote', QUOTES],
    [
      'no colon',
      '{"a" 1}',
      'line 1, column 6',
      'a colon is missing',
      'Put a colon between the key and its value.',
    ],
    [
      'open string',
      '{"a": "b\n}',
      'line 1, column 7',
      'a string is not closed',
      'Close it with a double quote on the same line; write \\\\ for a backslash.',
    ],
    [
      'a Windows path',
      '{"a": "C:\\Users"}',
      'line 1, column 7',
      'a string has a backslash that is not a valid escape',
      'Write \\\\ for a backslash, as in "C:\\\\Users".',
    ],
    [
      'open bracket',
      '{"a": [1',
      'line 1, column 9',
      'the file ends too early',
      'Close every bracket and quote that was opened.',
    ],
    ['open comment', '{} /* x', 'line 1, column 4', 'a comment is not closed', 'Close it with */.'],
    [
      'text after the end',
      '{} {}',
      'line 1, column 4',
      'there is text after the end of the JSON',
      'Remove it, or correct the brackets before it.',
    ],
    [
      'brackets without end',
      '['.repeat(100_000),
      'line 1, column 65',
      'the nesting is too deep',
      'Remove the inner brackets.',
    ],
  ];
  it.each(table)('%s', async (_title, content, path, what, fix) => {
    expect(await problems(content)).toMatchObject([{ path, what, fix }]);
  });

  it('several, one for each line', async () => {
    const text = `{ "mcpServers": {
      "a": { command: "node" },
      "b": { "command": "node" "args": [] },
      "c": { "command": 'node' }
    } }`;
    expect((await problems(text)).map(({ path }) => path)).toEqual([
      'line 2, column 14',
      'line 3, column 32',
      'line 4, column 25',
    ]);
  });

  it('a file of a hundred thousand mistakes takes no longer than its length asks for', async () => {
    expect(await problems(`{${"'".repeat(400_000)}`)).toHaveLength(1);
    expect(await problems(`{${"'\n".repeat(400_000)}`)).toHaveLength(10);
  });

  it('bytes that are no text', async () => {
    expect(await problems(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject([
      { what: 'is neither UTF-8 nor UTF-16 text', fix: 'Save it as UTF-8.' },
    ]);
  });

  it('a key twice: in an entry that server is left out, in the block of the runner the file is refused', async () => {
    const config = await accepted(
      '{"theme": 1, "theme": 2, "mcpServers": {"good": {"command": "node"},\n"s": {"command": "a",\n"command": "b"}}}',
    );
    expect(namesOf(config)).toEqual(['good']);
    expect(fates(config)).toEqual([
      's broken: mcpServers.s.command occurs twice, the second time in line 3',
    ]);
    const twice = await accepted(
      '{"mcpServers": {"good": {"command": "node"}, "s": {"command": "a"},\n"s": {"command": "b"}}}',
    );
    expect(fates(twice)).toEqual([
      's broken: mcpServers.s occurs twice, the second time in line 2',
    ]);
    const bridge =
      '{"mcpServers": {"s": {"command": "a"}}, "bridge": {"runner": "a", "runner": "b"}}';
    expect(await problems(bridge)).toMatchObject([
      { path: 'bridge.runner', what: 'occurs twice, the second time in line 1' },
    ]);
  });
});

describe('the parser', () => {
  it('agrees with JSON.parse on every text without duplicate keys and trailing commas', () => {
    const parts = ['{', '}', '[', ']', ',', ':', '"a"', '"b"', '1', '-', '0', '.5', 'e3', 'true'];
    const odd = ['nul', ' ', '\n', '\\', '"', '\t', '\u00a0'];
    const alphabet = fc.constantFrom(...parts, ...odd);
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 10 }), (words) => {
        const text = words.join('');
        if (/,\s*[}\]]/u.test(text)) return;
        const parsed = parseJson(text);
        expect({ text, isJson: parsed.ok }).toEqual({ text, isJson: isJson(text) });
      }),
      { numRuns: 5000 },
    );
  });

  it('reads what JSON.stringify prints', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(4), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const parsed = parseJson(text);
        expect(parsed.ok && plainNumbers(parsed.value)).toEqual(JSON.parse(text));
      }),
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
