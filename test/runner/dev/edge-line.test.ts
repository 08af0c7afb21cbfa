// What the edge prints in workerd is told as lines of the runner's log.
import { expect, test } from 'vitest';

import { tellEdgeLine } from '../../../runner/dev/edge-line.ts';
import type { LogFields } from '../../../runner/log.ts';

function told(line: string): { isOwn: boolean; lines: unknown[] } {
  const lines: unknown[] = [];
  const at = (level: string) => (words: string, fields?: LogFields) =>
    void lines.push([level, words, fields]);
  return { isOwn: tellEdgeLine(line, { info: at('info'), warn: at('warn') }), lines };
}

test('[F-99] a line of its log keeps level and fields', () => {
  const refused = { fault: 'unauthorized', status: 401 };
  const line = JSON.stringify({ level: 'info', message: 'request refused', ...refused });
  expect(told(line)).toEqual({ isOwn: true, lines: [['info', 'edge: request refused', refused]] });
  expect(told(line.replace('info', 'error')).lines).toEqual([
    ['warn', 'edge: request refused', refused],
  ]);
});

test.each([
  'workerd: a warning',
  '{"level":"info"',
  '{"level":"info"}',
  '{"message":"x"}',
  '[]',
  '{}',
])('%s is none of its lines', (line) => {
  expect(told(line)).toEqual({ isOwn: false, lines: [] });
});
