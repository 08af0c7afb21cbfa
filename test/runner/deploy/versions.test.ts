// What is said of versions that differ.
import { expect, test } from 'vitest';

import { edgeVersionOutcome, runnerSkew } from '../../../runner/deploy/versions.ts';

test.each([
  ['1.0.0', '1.0.0', 'ok', undefined],
  ['1.1.0', '1.0.0', 'warn', 'Bring the edge up to date: mcp-bridge upgrade'],
  ['1.0.0', '1.1.0', 'warn', 'Bring this machine up to date: npm install -g mcp-edge-bridge@1.1.0'],
  ['1.0.0', undefined, 'warn', 'Bring it up to date: mcp-bridge upgrade'],
] as const)('[F-615] of this package %s, of the edge %s: %s', (own, edge, verdict, fix) => {
  const outcome = edgeVersionOutcome(own, edge, 'mcp-bridge');
  expect([outcome.verdict, outcome.fix]).toEqual([verdict, fix]);
});

test('[F-615] of a runner only what differs from its edge is said', () => {
  expect(runnerSkew('1.0.0', '1.0.0')).toBeUndefined();
  expect(runnerSkew('1.1.0', '1.0.0')).toBe('has 1.0.0, which is older than the edge');
  expect(runnerSkew('1.0.0', '1.1.0')).toBe('has 1.1.0, which is newer than the edge');
  expect(runnerSkew('1.0.0', undefined)).toContain('does not say');
});
