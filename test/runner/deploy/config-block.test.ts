// The edge put into a config file: as a person would, and never in place of another.
import { expect, test } from 'vitest';

import { hasServer, newConfig, withEdge } from '../../../runner/deploy/config-block.ts';

const BLOCK = { edge: 'https://e.example', runner: 'vm', tokenFile: '/k' };

const changed = (text: string): string => {
  const outcome = withEdge(text, BLOCK);
  return outcome.kind === 'changed' ? outcome.text : outcome.kind;
};

test('[F-614] a file keeps its comments, its order and its style', () => {
  const text = '{\n  // ours\n  "mcpServers": { "a": { "command": "a", }, },\n}\n';
  const with_ = changed(text);
  expect(with_).toContain('// ours\n  "mcpServers": { "a": { "command": "a", }, }');
  expect(with_).toContain('"edge": "https://e.example"');
  expect(withEdge(with_, BLOCK)).toEqual({ kind: 'same' });
});

test('[F-614] what the block says beside it stays', () => {
  const text =
    '{ "bridge": { "statusPort": 9464, "edge": "https://e.example/" }, "mcpServers": {} }';
  expect(JSON.parse(changed(text))).toEqual({
    bridge: { statusPort: 9464, ...BLOCK },
    mcpServers: {},
  });
});

test('[F-614] another edge stays, and so does what is no JSON object', () => {
  const other = '{ "bridge": { "edge": "https://o.example" } }';
  expect(withEdge(other, BLOCK)).toEqual({ kind: 'other', edge: 'https://o.example' });
  for (const text of ['', 'mcpServers:\n  a: 1\n', '[]', '{', '{"bridge": 1}'])
    expect(withEdge(text, BLOCK)).toEqual({ kind: 'unreadable' });
});

test('[F-614] a new file has the one server', () => {
  expect(JSON.parse(newConfig({ name: 'a', command: ['npx', '-y', 'a'] }))).toEqual({
    mcpServers: { a: { command: 'npx', args: ['-y', 'a'] } },
  });
});

test('[F-614] a file that an earlier call made is known again', () => {
  const server = { name: 'a', command: ['npx', '-y', 'a'] };
  expect(hasServer(newConfig(server), server)).toBe(true);
  expect(hasServer(newConfig(server), { ...server, command: ['npx', '-y', 'b'] })).toBe(false);
  expect(hasServer(newConfig(server), { ...server, command: ['npx', '-y'] })).toBe(false);
  expect(hasServer('nonsense', server)).toBe(false);
});
