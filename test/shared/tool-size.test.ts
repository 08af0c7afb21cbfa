// The estimate of what a tool takes of a model's context.
import { expect, test } from 'vitest';

import { toolTokens, tokenText } from '../../shared/mcp/tool-size.ts';

test.each([
  [{ name: 'abcd' }, 4],
  [{ name: 'a', description: 'x'.repeat(400) }, 108],
  [{ name: 'a', description: '日本語' }, 11],
  [{ name: 'a', inputSchema: { type: 'object', properties: { q: { type: 'string' } } } }, 21],
])('[F-780] %j takes about %i tokens', (tool, tokens) => {
  expect(toolTokens(tool)).toBe(tokens);
});

test('[F-780] large numbers can be read', () => {
  expect(tokenText(1_234_567)).toBe('1,234,567');
});
