import fc from 'fast-check';
import { expect, test } from 'vitest';

import { scanMessage } from '../../../../shared/jsonrpc/scan.ts';
import { DrivenLegacyClient, type Message } from '../driven-legacy-client.ts';

const ALL = { sampling: {}, roots: {}, elicitation: {} };

const methods = fc.constantFrom(
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'prompts/get',
  'resources/read',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/message',
  'notifications/resources/updated',
  'notifications/subscriptions/acknowledged',
  'x/custom',
);

const TAG = 'io.modelcontextprotocol/subscriptionId';
const ids = fc.oneof(
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 1, max: 8 }).map((n) => `mcp-bridge-${n}`),
);
const leaf = fc.oneof(fc.jsonValue({ maxDepth: 1 }), ids, fc.constantFrom('input_required', 'a'));
/** Members the translation reads, with what it does not expect there. */
const members = fc.dictionary(
  fc.constantFrom(
    'resultType',
    'inputRequests',
    'requestState',
    'tools',
    'structuredContent',
    'content',
    'notifications',
    'requestId',
    'progressToken',
    'progress',
    'uri',
    'level',
    'supportedVersions',
    'capabilities',
    'name',
    '_meta',
  ),
  fc.oneof(
    leaf,
    fc.record({ [TAG]: ids }),
    fc.record({ a: fc.record({ method: methods, params: leaf }) }),
    fc.constant({ r: { method: 'roots/list' } }),
    fc.constant([{ name: 'a', outputSchema: { $ref: '#' } }, { outputSchema: 1 }, 2]),
  ),
);
const body = fc.oneof({ weight: 4, arbitrary: members }, { weight: 1, arbitrary: leaf });
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ id: ids, method: methods, params: body }, { requiredKeys: ['id', 'method'] }),
  fc.record({ method: methods, params: body }, { requiredKeys: ['method'] }),
  fc.record({ id: ids, result: body }),
  fc.record({ id: ids, error: body }),
);
const step = fc.oneof(
  fc.record({ from: fc.constantFrom('client' as const, 'process' as const), message }),
  fc.constant({ from: 'time' as const, message: {} }),
);

test('whatever either side says, every line it leads to is one message', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, isModern) => {
      const driven = isModern
        ? DrivenLegacyClient.modern({ capabilities: ALL, server: { tools: { listChanged: true } } })
        : new DrivenLegacyClient();
      for (const { from, message: said } of steps) {
        const line = JSON.stringify({ jsonrpc: '2.0', ...said });
        // The session passes on only what is a message, its requests under integers.
        const isMessage =
          scanMessage(new TextEncoder().encode(line)).ok &&
          !(from === 'client' && 'method' in said && typeof said['id'] === 'string');
        if (from === 'time') driven.wake();
        else if (from === 'process') driven.process(line);
        else if (isMessage) driven.client(line);
        if (!isMessage) {
          driven.effects();
          continue;
        }
        for (const effect of driven.effects()) {
          if (!('line' in effect)) continue;
          expect(scanMessage(effect.line)).toMatchObject({
            ok: true,
            kind: 'single',
            compact: true,
          });
        }
      }
    }),
    { numRuns: 300 },
  );
});
