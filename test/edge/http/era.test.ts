// Which era a POST is of, row by row of the rules (MCP 2026-07-28, Versioning).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { eraOf } from '../../../edge/http/era.ts';
import { readClientMessage } from '../../../edge/http/client-message.ts';
import { CAPABILITIES, meta, request, VERSION } from './modern-client.ts';

/** The era of a body under a version header, with the code of a refusal. */
async function era(body: string, version?: string): Promise<string> {
  const sent = new Request('https://edge.example', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  });
  const read = await readClientMessage(sent, false);
  if (!read.ok) return read.fault.fault;
  const headers = new Headers(version === undefined ? {} : { 'MCP-Protocol-Version': version });
  const found = eraOf(headers, read.message);
  return found.era === 'refused' ? `${found.refusal.status} ${found.refusal.code}` : found.era;
}

const legacy = (method: string, params?: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const notification = (method: string, params?: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', method, params });
const result = '{"jsonrpc":"2.0","id":1,"result":{}}';
const error = '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}';
const initialize = legacy('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'a', version: '1' },
});

const MODERN = '2026-07-28';

describe('the era of a POST', () => {
  test.each([
    ['rule 2: a batch', `[${legacy('ping')}]`, undefined, 'legacy'],
    ['rule 2: a batch under a modern header', `[${legacy('ping')}]`, MODERN, 'legacy'],
    [
      'rule 2: a batch with a claim',
      `[${legacy('ping')},${request('a')}]`,
      undefined,
      '400 -32600',
    ],
    ['rule 2: no message at all', '[]', undefined, 'invalid_request'],
    ['rule 2: a batch of array params', `[${legacy('a', [1])},${result}]`, MODERN, 'legacy'],
    ['rule 3: a result', result, MODERN, 'legacy'],
    ['rule 3: an error', error, MODERN, 'legacy'],
    ['rule 4: initialize', initialize, undefined, 'legacy'],
    ['rule 4: initialize under a legacy header', initialize, '2025-11-25', 'legacy'],
    ['rule 4: initialize under a modern header', initialize, MODERN, '400 -32020'],
    ['rule 4: initialize with a valid claim', request('initialize'), MODERN, 'modern'],
    ['rule 4: initialize, claim without header', request('initialize'), undefined, 'modern'],
    [
      'rule 4: initialize with half a claim',
      request('initialize', {}, { [CAPABILITIES]: undefined }),
      undefined,
      'legacy',
    ],
    [
      'rule 4: initialize with a legacy claim',
      request('initialize', {}, { [VERSION]: '2025-11-25' }),
      undefined,
      'legacy',
    ],
    ['rule 5: a claim', request('tools/list'), undefined, 'modern'],
    ['rule 5: a claim under a legacy header', request('tools/list'), '2025-06-18', 'modern'],
    ['rule 5: a legacy claim', request('a', {}, { [VERSION]: '2025-06-18' }), undefined, 'modern'],
    ['rule 5: a null claim', request('a', {}, { [VERSION]: null }), undefined, 'modern'],
    ['rule 6: no claim, modern header', legacy('tools/list'), MODERN, 'modern'],
    ['rule 6: no claim, a later header', legacy('tools/list', {}), '2027-01-01', 'modern'],
    ['rule 6: blanks around the header', legacy('tools/list', {}), ' 2026-07-28\t', 'modern'],
    ['rule 7: neither', legacy('tools/list'), undefined, 'legacy'],
    ['rule 7: a legacy header', legacy('tools/list'), '2025-06-18', 'legacy'],
    ['rule 7: an unknown date before', legacy('tools/list'), '2026-07-27', 'legacy'],
    ['rule 7: no date', legacy('tools/list'), 'latest', 'legacy'],
    ['rule 7: two revisions', legacy('tools/list'), '2026-07-28, 2026-07-28', 'legacy'],
    ['rule 7: `_meta` that is no object', legacy('a', { _meta: VERSION }), undefined, 'legacy'],
    ['rule 7: a claim beside `_meta`', legacy('a', { [VERSION]: MODERN }), undefined, 'legacy'],
    ['a notification', notification('notifications/initialized'), undefined, 'legacy'],
    ['a notification with a claim', notification('a', { _meta: meta() }), undefined, 'modern'],
    ['a notification, modern header', notification('notifications/cancelled'), MODERN, 'modern'],
    ['a notification, legacy header', notification('a'), '2025-03-26', 'legacy'],
  ])('%s', async (_, body, version, expected) => {
    expect(await era(body, version)).toBe(expected);
  });

  test('a claim is found however its key is spelt', async () => {
    const escaped = request('a').replace('/protocolVersion', '\\u002fprotoc\\u006flVersion');
    expect(escaped).not.toContain('protocolVersion');
    expect(await era(escaped)).toBe('modern');
    expect(await era(request('a').replace('/protocolVersion', '\\/protocolVersion'))).toBe(
      'modern',
    );
  });

  test('never throws, whatever a message holds', async () => {
    const json = fc.json({ maxDepth: 3 });
    const version = fc.constantFrom(undefined, MODERN, '2025-06-18', 'x');
    await fc.assert(
      fc.asyncProperty(json, json, version, async (params, claim, version) => {
        const bodies = [
          `{"jsonrpc":"2.0","id":1,"method":"a","params":${params}}`,
          `{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":${params}}}`,
          `{"jsonrpc":"2.0","method":"initialize","params":{"_meta":{"${VERSION}":${claim},"x":${params}}}}`,
        ];
        for (const body of [...bodies, `[${bodies.join()}]`]) {
          expect(['legacy', 'modern', 'invalid_request', '400 -32600', '400 -32020']).toContain(
            await era(body, version),
          );
        }
      }),
      { numRuns: 200 },
    );
  });
});
