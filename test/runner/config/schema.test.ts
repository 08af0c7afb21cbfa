// The published schema is the one that the runner uses, and objects to nothing that the runner reads.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { configJsonSchema } from '../../../runner/config/json-schema.ts';
import { configFile } from '../../../runner/config/published-schema.ts';
import { accepted, GOOD } from './reading.ts';

describe('the published schema', () => {
  it('is what the runner itself uses (npm run schema writes it)', () => {
    const published = readFileSync(
      new URL('../../../runner/config.schema.json', import.meta.url),
      'utf8',
    );
    expect(JSON.parse(published)).toEqual(configJsonSchema());
  });

  it.each<object>([
    { mcpServers: { a: { ...GOOD, env: { A: 1, B: true, C: null }, args: [1, 'x', false] } } },
    { mcpServers: { a: { ...GOOD, type: 'local', enabled: 'true', tools: ['*'] } } },
    { mcpServers: { 'a b': GOOD, b: { url: 'https://x.example', headers: {} }, c: false } },
    { mcpServers: { a: { type: null, command: ['node', 1], args: null, env: null, cwd: null } } },
    { mcpServers: { a: { command: { path: 'x', args: [] } }, b: { cmd: 'node', envs: {} } } },
    { mcpServers: { a: { ...GOOD, disabled: 0, envFile: [], args: 'x' }, b: {}, c: GOOD } },
    { mcpServers: [{ name: 'a', ...GOOD }] },
    { servers: { a: GOOD }, inputs: [] },
    { mcp: { a: { type: 'local', command: ['node'] } }, theme: 'x' },
    { a: GOOD, bridge: { capacity: 3 } },
  ])('has nothing against what the runner reads: %j', async (file) => {
    expect((await accepted(file)).servers.size).toBeGreaterThan(0);
    expect(v.safeParse(configFile, file).issues).toBeUndefined();
  });

  it('says what the runner says about its own settings', () => {
    for (const file of [
      { mcpServers: { a: { ...GOOD, bridge: { wram: 1 } } } },
      { mcpServers: { a: { ...GOOD, bridge: { warm: 33 } } } },
      { mcpServers: {}, bridge: { edge: 5 } },
    ])
      expect(v.safeParse(configFile, file).success).toBe(false);
  });
});
