// What a modern request must carry: the order and the codes of its refusals, and the coding of Mcp-Name.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { base64OfText } from '../../../../edge/access/base64url.ts';
import { decodeHeaderValue, encodeHeaderValue } from '../../../../shared/mcp/header-value.ts';
import {
  CAPABILITIES,
  CLIENT_INFO,
  headersOf,
  LOG_LEVEL,
  PlayedEdge,
  request,
  verdictOf,
  VERSION,
} from '../modern-client.ts';

/** Status and code that a request is refused with; `served` when it reaches the session. */
async function outcome(body: string, headers: Record<string, string | null>): Promise<string> {
  const edge = new PlayedEdge();
  edge.session.script = [
    () => ({ kind: 'answered', message: '{"jsonrpc":"2.0","id":7,"result":{}}' }),
  ];
  const { status, code, id } = await verdictOf(await edge.post(body, headers));
  if (edge.session.posts.length > 0) return 'served';
  expect(edge.names, 'no actor is woken for a refusal').toEqual([]);
  expect(id, 'the id is told back').toBe(7);
  return `${status} ${String(code)}`;
}

const LIST = headersOf('tools/list');
const call = (params: object = { name: 'echo' }): string => request('tools/call', params);
const without = (name: string, headers: Record<string, string>): Record<string, string | null> => ({
  ...headers,
  [name]: null,
});
const list = (changes: object): string => request('tools/list', {}, changes);

describe('[F-20] row 4: `_meta`', () => {
  test.each([
    ['no params', '{"jsonrpc":"2.0","id":7,"method":"tools/list"}'],
    ['array params', '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[]}'],
    ['no _meta', '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}'],
    ['_meta no object', '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":"x"}}'],
    ['no version', list({ [VERSION]: undefined })],
    ['no capabilities', list({ [CAPABILITIES]: undefined })],
    ['a version that is no string', list({ [VERSION]: 20260728 })],
    ['a version null', list({ [VERSION]: null })],
    ['capabilities null', list({ [CAPABILITIES]: null })],
    ['capabilities a list', list({ [CAPABILITIES]: [] })],
    ['a capability that is no object', list({ [CAPABILITIES]: { elicitation: true } })],
    ['clientInfo null', list({ [CLIENT_INFO]: null })],
    ['clientInfo without a version', list({ [CLIENT_INFO]: { name: 'a' } })],
    [
      'clientInfo with a version that is a number',
      list({ [CLIENT_INFO]: { name: 'a', version: 1 } }),
    ],
    ['an unknown log level', list({ [LOG_LEVEL]: 'verbose' })],
    ['a log level that is no string', list({ [LOG_LEVEL]: 3 })],
    ['a version twice', list({}).replace(`"${VERSION}"`, `"${VERSION}":"2025-06-18","${VERSION}"`)],
  ])('%s: 400 and -32602, before any header is compared', async (_, body) => {
    expect(await outcome(body, { ...LIST, 'Mcp-Method': 'tools/call' })).toBe('400 -32602');
  });

  test('what is missing is named', async () => {
    const answer = await new PlayedEdge().post(list({ [CAPABILITIES]: undefined }), LIST);
    expect((await verdictOf(answer)).data).toEqual({ envelope: { missing: [CAPABILITIES] } });
    const malformed = await new PlayedEdge().post(list({ [LOG_LEVEL]: 'loud' }), LIST);
    expect((await verdictOf(malformed)).data).toMatchObject({ envelope: { key: LOG_LEVEL } });
  });

  test.each([
    ['no clientInfo', {}],
    ['clientInfo', { [CLIENT_INFO]: { name: 'a', version: '1', title: 'A' } }],
    ['a log level', { [LOG_LEVEL]: 'emergency' }],
    ['capabilities', { [CAPABILITIES]: { elicitation: { form: {} }, roots: {}, 'x-other': 1 } }],
    ['other keys', { 'example.com/a': [1], progressToken: 'p' }],
  ])('served: %s', async (_, changes) => {
    expect(await outcome(list(changes), LIST)).toBe('served');
  });
});

describe('[F-20] rows 5 to 8: headers', () => {
  const version = (header: string, claim: string): [string, Record<string, string>] => [
    list({ [VERSION]: claim }),
    { ...LIST, 'MCP-Protocol-Version': header },
  ];

  test.each<[string, [string, Record<string, string | null>], string]>([
    ['5: header modern, claim unknown', version('2026-07-28', 'v999.0.0'), '400 -32020'],
    ['5: header legacy, claim modern', version('2025-06-18', '2026-07-28'), '400 -32020'],
    ['5: another method', [list({}), headersOf('tools/call')], '400 -32020'],
    ['5: a method in capitals', [list({}), headersOf('TOOLS/LIST')], '400 -32020'],
    ['5: a method twice', [list({}), headersOf('tools/list, tools/list')], '400 -32020'],
    ['5: an empty method', [list({}), headersOf('')], '400 -32020'],
    ['5 before 6', [list({ [VERSION]: '2027-01-01' }), LIST], '400 -32020'],
    ['6: an unknown version in both', version('v999.0.0', 'v999.0.0'), '400 -32022'],
    ['6: a later version in both', version('2027-01-01', '2027-01-01'), '400 -32022'],
    ['6: a legacy version in both', version('2025-11-25', '2025-11-25'), '400 -32022'],
    [
      '6 before 7',
      [list({ [VERSION]: '2027-01-01' }), without('MCP-Protocol-Version', LIST)],
      '400 -32022',
    ],
    ['7: no version header', [list({}), without('MCP-Protocol-Version', LIST)], '400 -32020'],
    ['7: no method header', [list({}), without('Mcp-Method', LIST)], '400 -32020'],
    ['7: no name header', [call(), headersOf('tools/call')], '400 -32020'],
    ['7: another name', [call(), headersOf('tools/call', 'ECHO')], '400 -32020'],
    ['7: a name that is not in the body', [call({}), headersOf('tools/call', 'e')], '400 -32020'],
    ['7: a name twice', [call(), headersOf('tools/call', 'echo, echo')], '400 -32020'],
    [
      '7: no uri header',
      [request('resources/read', { uri: 'a:b' }), headersOf('resources/read')],
      '400 -32020',
    ],
    [
      '7: another uri',
      [request('resources/read', { uri: 'a:b' }), headersOf('resources/read', 'a:c')],
      '400 -32020',
    ],
    [
      '7: no prompt',
      [request('prompts/get', { name: 'p' }), headersOf('prompts/get')],
      '400 -32020',
    ],
    ['7: no task', [request('tasks/get', { taskId: 't' }), headersOf('tasks/get')], '400 -32020'],
    [
      '7: a body with two names',
      [call().replace('"name"', '"name":"rm","name"'), headersOf('tools/call', 'echo')],
      '400 -32602',
    ],
    ['7 before 8', [request('ping'), without('Mcp-Method', headersOf('ping'))], '400 -32020'],
  ])('%s', async (_, [body, headers], expected) => {
    expect(await outcome(body, headers)).toBe(expected);
  });

  test.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
  ])('[F-22] 8: %s is not of this revision: 404 and -32601', async (method) => {
    expect(await outcome(request(method), headersOf(method))).toBe('404 -32601');
  });

  test.each<[string, string, Record<string, string>]>([
    ['a name', call(), headersOf('tools/call', 'echo')],
    ['a name with blanks around it', call(), headersOf('tools/call', ' \techo\t ')],
    ['a coded name', call(), headersOf('tools/call', '=?base64?ZWNobw==?=')],
    [
      'a name that the body spells with escapes',
      call().replace('echo', '\\u0065cho'),
      headersOf('tools/call', 'echo'),
    ],
    ['a uri', request('resources/read', { uri: 'a:b' }), headersOf('resources/read', 'a:b')],
    ['a task', request('tasks/cancel', { taskId: 't' }), headersOf('tasks/cancel', 't')],
    ['no name in header and body: the server tells', call({}), headersOf('tools/call')],
    ['a name header where none is asked for', list({}), headersOf('tools/list', 'x')],
    ['an unknown method: the server tells', request('x/y'), headersOf('x/y')],
    [
      'a session id and a cursor',
      list({}),
      { ...LIST, 'Mcp-Session-Id': 'x', 'Last-Event-ID': 'y' },
    ],
    ['any Accept', list({}), { ...LIST, Accept: 'text/html' }],
  ])('served: %s', async (_, body, headers) => {
    expect(await outcome(body, headers)).toBe('served');
  });

  test('[F-21] a refused version comes with what is served, and with what was asked', async () => {
    const answer = await new PlayedEdge().post(...version('v999.0.0', 'v999.0.0'));
    expect((await verdictOf(answer)).data).toEqual({
      supported: ['2026-07-28'],
      requested: 'v999.0.0',
    });
  });

  test('[R-10] however long that is, no more of it than a person reads', async () => {
    const body = list({ [VERSION]: 'v'.repeat(1_000) });
    const answer = await new PlayedEdge().post(body, { ...LIST, 'MCP-Protocol-Version': null });
    expect((await verdictOf(answer)).data).toMatchObject({ requested: 'v'.repeat(200) });
  });

  test('ids are told back byte for byte', async () => {
    const body = list({ [VERSION]: 1 }).replace('"id":7', '"id":12345678901234567890');
    const answer = await new PlayedEdge().post(body, LIST);
    expect(await answer.text()).toContain('"id":12345678901234567890,');
  });
});

describe('Mcp-Name and Mcp-Param values', () => {
  test.each([
    ['us-west1', 'us-west1'],
    ['', ''],
    ['=?base64??=', ''],
    ['=?base64?SGVsbG8=?=', 'Hello'],
    ['=?base64?SGVsbG8sIOS4lueVjA==?=', 'Hello, 世界'],
    ['=?base64?IHBhZGRlZCA=?=', ' padded '],
    ['=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=', '=?base64?literal?='],
    ['  =?base64?SGVsbG8=?=\t', 'Hello'],
    ['=?base64?77u/YQ==?=', '\ufeffa'],
    // No marker, or not all of it.
    ['SGVsbG8=', 'SGVsbG8='],
    ['=?base64?SGVsbG8=', '=?base64?SGVsbG8='],
    ['SGVsbG8=?=', 'SGVsbG8=?='],
    ['=?BASE64?SGVsbG8=?=', '=?BASE64?SGVsbG8=?='],
    ['=?base64?=', '=?base64?='],
  ])('%j stands for %j', (value, text) => {
    expect(decodeHeaderValue(value)).toBe(text);
  });

  test.each([
    ['no padding', '=?base64?SGVsbG8?='],
    ['too much padding', '=?base64?SGVsbG8==?='],
    ['only padding', '=?base64?====?='],
    ['outside the alphabet', '=?base64?SGVs!!!bG8=?='],
    ['the alphabet of URLs', '=?base64?_-__?='],
    ['a blank inside', '=?base64?SGVs bG8=?='],
    ['unused bits that are not zero', '=?base64?SGVsbG9=?='],
    ['no UTF-8', '=?base64?/w==?='],
    ['a byte above ASCII', 'caf\u00e9'],
    ['a control', 'a\u0007'],
  ])('refused: %s', (_, value) => {
    expect(decodeHeaderValue(value)).toBeUndefined();
  });

  test('every text comes back from the value that says it, which has visible ASCII only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const value = encodeHeaderValue(text, base64OfText);
        expect(value).toMatch(/^[!-~]+$/u);
        expect(decodeHeaderValue(value)).toBe(text);
      }),
    );
    expect(encodeHeaderValue('echo', base64OfText)).toBe('echo');
    expect(encodeHeaderValue('=?base64?literal?=', base64OfText)).toBe(
      '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=',
    );
  });

  test('every text comes back from its code, and no other code gives it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const code = Buffer.from(text, 'utf8').toString('base64');
        expect(decodeHeaderValue(`=?base64?${code}?=`)).toBe(text.toWellFormed());
      }),
    );
  });

  test('only what Base64 itself would write is taken', () => {
    const digit = fc.constantFrom(...Array.from('ABQZaz059+/='));
    let taken = 0;
    fc.assert(
      fc.property(fc.string({ unit: digit, maxLength: 9 }), (code) => {
        const text = decodeHeaderValue(`=?base64?${code}?=`);
        if (text === undefined) return;
        taken += 1;
        expect(Buffer.from(text, 'utf8').toString('base64')).toBe(code);
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(20);
  });
});
