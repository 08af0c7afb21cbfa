// Lists of tools that are as large as a line may be, of a server whose tools the config restricts: looking through one must not hold
// up the others on the runner.
import { describe, expect, test } from 'vitest';
import type { PolicyRules } from '../../../runner/core/policy.ts';
import { MemberRules } from '../../../runner/virtual/member-rules.ts';
import { TOOLS } from '../../../runner/virtual/list-kinds.ts';
import { Skim } from '../../../shared/jsonrpc/skim.ts';
import type { ServerName } from '../../../shared/ids.ts';
import { onlyMessageIn } from '../../../shared/jsonrpc/view.ts';
import { leastCpuMs } from '../../fixtures/growth.ts';
import { DrivenSession } from './driven-session.ts';

const encoder = new TextEncoder();
const LARGE = 15 * 1024 * 1024;
const BOUND_MS = 50;
/** That the process sees: the first was that of `initialize`. */
const LIST_ID = 2;

const policy = { tools: { deny: ['bad'] } };

/** As the pipe gives it: passed over in steps before. */
function skimmed(text: string): Uint8Array {
  const skim = new Skim(encoder.encode(text));
  while (skim.step());
  return skim.line;
}

const listOf = (tool: string, bytes = LARGE): string => {
  const tools = Array.from({ length: Math.floor(bytes / (tool.length + 1)) }, () => tool);
  return `{"jsonrpc":"2.0","id":${LIST_ID},"result":{"tools":[${tools.join(',')}]}}`;
};

/** What a client gets for its request, and the least work that it took. */
function answered(line: Uint8Array): { answer: string; ms: number } {
  let answer = '';
  const ms = leastCpuMs(() => {
    const driven = DrivenSession.initialized({ policy });
    driven.post('list', { id: 1, method: 'tools/list' });
    expect(driven.look().written[0]).toContain(`"id":${LIST_ID}`);
    driven.bytes(line);
    const [event] = driven.look().sent.filter(({ type }) => type === 'event');
    answer = event && 'message' in event ? String(event.message) : '';
  });
  return { answer, ms };
}

describe('[F-1202] a list of tools that the config restricts', () => {
  test.each([
    ['millions of empty tools', listOf('{}')],
    ['a tool with a name, half a million times', listOf('{"name":"ok","inputSchema":{}}')],
    ['tools with many members', listOf(`{${'"a":1,'.repeat(20_000)}"name":"ok"}`)],
    [
      'millions of members beside the tools',
      listOf('{}', 9).replace('"tools"', `${'"a":1,'.repeat(LARGE / 6)}"tools"`),
    ],
  ])('of %s is answered with an error at once', (_name, text) => {
    const { answer, ms } = answered(skimmed(text));
    expect(JSON.parse(answer)).toMatchObject({
      id: 1,
      error: { data: { fault: 'process_protocol' } },
    });
    expect(ms).toBeLessThan(BOUND_MS);
  });

  test('of 15 MiB is shown, if it is large by its texts alone', () => {
    const { answer, ms } = answered(
      skimmed(listOf(`{"name":"ok","description":"${'x'.repeat(15_000)}"}`)),
    );
    expect(answer.length).toBeGreaterThan(LARGE - 20_000);
    expect(ms).toBeLessThan(BOUND_MS);
  });

  test('is refused for a member of a virtual server, too', () => {
    const message = onlyMessageIn(skimmed(listOf('{}')));
    if (!message) throw new Error('no list of tools');
    const name = 'files' as ServerName;
    const rulesOf = (rules: readonly PolicyRules[]): MemberRules =>
      new MemberRules({ name, prefix: '', rules, quote: String });
    const judged = rulesOf([policy]);
    expect(judged.isTooLarge(message, TOOLS)).toBe(true);
    // Nobody looks through this one.
    expect(rulesOf([]).isTooLarge(message, TOOLS)).toBe(false);
  });
});
