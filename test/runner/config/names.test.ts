// Names that do not fit into a URL get one that does: told, the same each time, and never that of another server.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { servedNames } from '../../../runner/config/served-name.ts';
import { SERVER_NAME } from '../../../shared/ids.ts';
import { accepted, GOOD, namesOf, warned } from './reading.ts';

const servedAs = (...names: string[]) => names.map((name) => servedNames(names).get(name));

describe('names as they are found (F-223)', () => {
  it.each([
    ['github', 'github'],
    ['Framelink Figma MCP', 'Framelink-Figma-MCP'],
    ['com.atlassian/atlassian-mcp-server', 'com.atlassian-atlassian-mcp-server'],
    ['github.com/upstash/context7-mcp', 'github.com-upstash-context7-mcp'],
    ['@magicuidesign/mcp', 'magicuidesign-mcp'],
    ['  My Café (local)! ', 'My-Cafe-local'],
    ['_private', 'private'],
    ['文件', 'server-39932f'],
    ['Metrics', 'Metrics-server'],
    ['admin ', 'admin-server'],
    ['x'.repeat(80), 'x'.repeat(64)],
  ])('%s', (name, served) => {
    expect(servedAs(name)).toEqual([served]);
  });

  it('two names that would be one are told apart, whatever their order', () => {
    const [slash, blank] = servedAs('a/b', 'a b');
    expect([slash, blank]).toEqual([expect.stringMatching(/^a-b-[0-9a-f]{6}$/u), 'a-b']);
    expect(servedAs('a b', 'a/b')).toEqual([blank, slash]);
    // The entry that already has this name keeps it.
    expect(servedAs('a b', 'a-b')[1]).toBe('a-b');
    expect(new Set(servedAs('x'.repeat(70), 'x'.repeat(71), 'x'.repeat(64))).size).toBe(3);
  });

  it('every name is servable, and no two are alike', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('a b', 'a/b', 'a-b', '', 'admin', 'a  b'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 20 }), (names) => {
        const served = servedNames(names);
        expect(new Set(served.values()).size).toBe(names.length);
        for (const one of served.values()) expect(one).toMatch(SERVER_NAME);
        expect(servedNames(names.toReversed())).toEqual(served);
      }),
    );
  });

  it('the config says which, and knows both', async () => {
    const config = await accepted({ mcpServers: { plain: GOOD, 'MaaS Slack': GOOD } });
    expect(namesOf(config)).toEqual(['plain', 'MaaS-Slack']);
    expect(config.servers.get('MaaS-Slack')).toMatchObject({
      name: 'MaaS-Slack',
      configuredAs: 'MaaS Slack',
    });
    expect(warned(config)).toEqual([
      'mcpServers["MaaS Slack"] is served as "MaaS-Slack", because its own name does not fit into a URL',
    ]);
  });
});
