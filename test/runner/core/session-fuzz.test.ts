// A session under frames that no edge of ours sends, and lines that no server prints: the schemas let them through, so nothing
// may throw, and what the session says of itself stays in order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { SessionDown } from '../../../shared/link/session-frames.ts';
import { postId } from '../../../shared/ids.ts';
import { DrivenSession } from './driven-session.ts';

const stream = fc.constantFrom(
  'get',
  'sse',
  'a',
  'b',
  '__proto__',
  'constructor',
  postId(1, 'x'),
  postId(2e15, 'y'),
);
/** What the schema calls a whole number. */
const seq = fc.constantFrom(0, 1, 2, 3, 2 ** 31, Number.MAX_SAFE_INTEGER, 1e300);

const frame: fc.Arbitrary<SessionDown> = fc.oneof(
  fc.record({ type: fc.constant('post' as const), stream, id: stream }),
  fc.record({
    type: fc.constant('post' as const),
    stream,
    id: stream,
    delivered: fc.array(stream),
  }),
  fc.record({ type: fc.constant('attach' as const), stream, after: fc.option(seq) }),
  fc.record({ type: fc.constant('detach' as const), stream }),
  fc.record({ type: fc.constant('ack' as const), stream, seq }),
  fc.record({ type: fc.constant('delivered' as const), streams: fc.array(stream) }),
  fc.record({ type: fc.constant('cancel' as const), stream }),
  fc.record({ type: fc.constant('welcome' as const), expired: fc.boolean() }),
  fc.record({ type: fc.constant('end' as const) }),
);

const id = fc.constantFrom(
  '0',
  '1',
  '2',
  '"1"',
  '1.0',
  '9007199254740993',
  '1e999',
  'null',
  '{}',
  '"\\ud800"',
);
const method = fc.constantFrom(
  'initialize',
  'tools/call',
  'notifications/cancelled',
  'notifications/progress',
  'ping',
  '__proto__',
);
const params = fc.constantFrom(
  'null',
  '{}',
  '[]',
  '{"_meta":{"progressToken":1}}',
  '{"_meta":null}',
  '{"requestId":1}',
  '{"requestId":{}}',
  '{"progressToken":"1","progress":1}',
  '{"__proto__":{"x":1}}',
  '{"protocolVersion":"2025-11-25","capabilities":{}}',
  '1e999',
);
const message = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(id, method, params)
      .map(
        ([id, method, params]) =>
          `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`,
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(method, params)
      .map(([method, params]) => `{"jsonrpc":"2.0","method":"${method}","params":${params}}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(id, params)
      .map(([id, params]) => `{"jsonrpc":"2.0","id":${id},"result":${params}}`),
  },
  {
    weight: 2,
    arbitrary: id.map((id) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-1,"message":"m"}}`),
  },
  { weight: 1, arbitrary: id.map((id) => `[{"jsonrpc":"2.0","id":${id},"method":"ping"}]`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '[',
      '\u0000',
      '{"jsonrpc":"2.0"}',
      '['.repeat(5_000),
      '{"a":"\ud800"}',
      '\ufeff{}',
    ),
  },
);

type Step = (driven: DrivenSession) => void;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(frame, fc.option(message, { nil: undefined })).map(
      ([frame, text]): Step =>
        (driven) =>
          driven.receive(frame, text),
    ),
  },
  {
    weight: 5,
    arbitrary: message.map(
      (text): Step =>
        (driven) =>
          driven.line(text),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(0, 1, 200, 11_000, 70_000, 2_000_000).map(
      (ms): Step =>
        (driven) =>
          driven.pass(ms),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((driven) => driven.unlink()) },
);

describe('[F-241] a session under anything the schemas let through', () => {
  test.each(['streamable', 'sse', 'modern'] as const)('%s: throws at nothing', (clientKind) => {
    let steps = 0;
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (isInitialized, run) => {
        const driven =
          isInitialized && clientKind !== 'modern'
            ? DrivenSession.initialized({ clientKind })
            : new DrivenSession({ clientKind });
        for (const take of run) take(driven);
        steps += run.length;
      }),
      { numRuns: 1_500 },
    );
    expect(steps).toBeGreaterThan(1_500);
  });
});
