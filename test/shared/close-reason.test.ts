// What a close frame says: always something that a close frame can hold.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CLOSE } from '../../shared/link/close-codes.ts';
import { closeReason, FAILED_ON_FRAME, OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeBytes, decodeText } from '../../shared/link/codec.ts';
import { controlDown, controlUp } from '../../shared/link/control-frames.ts';
import { sessionDown, sessionUp, streamDown } from '../../shared/link/session-frames.ts';

const encoder = new TextEncoder();
const SCHEMAS = [controlDown, controlUp, sessionDown, sessionUp, streamDown];
const anyText = fc.string({ unit: 'binary', maxLength: 400 });

describe('[F-240] a close reason', () => {
  test('is printable ASCII of 123 bytes at most, whatever it is made of', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.string({ unit: fc.constantFrom('\ud800', '界', 'a') })),
        (text) => {
          expect(closeReason(text)).toMatch(/^[ -~]{0,123}$/u);
        },
      ),
    );
    expect(closeReason('x'.repeat(500))).toHaveLength(123);
    expect(closeReason('界\n')).toBe('??');
  });

  test.each([OUTSIDE_PROTOCOL, FAILED_ON_FRAME])('%s: is said as it is', (words) => {
    expect(closeReason(words)).toBe(words);
  });

  test('goes with codes that may be sent', () => {
    for (const code of Object.values(CLOSE)) {
      expect(code === 1000 || code === 1011 || (code >= 4000 && code <= 4999)).toBe(true);
    }
  });
});

describe('[F-240] a header of any kind', () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  const type = fc.constantFrom(
    'open',
    'post',
    'ack',
    'welcome',
    'event',
    'hello',
    'end',
    'gone',
    '界',
    '__proto__',
  );
  const header = fc.oneof(
    anyText,
    value.map((json) => JSON.stringify(json)),
    fc
      .tuple(type, fc.dictionary(anyText, value))
      .map(([type, fields]) => JSON.stringify({ type, ...fields })),
  );

  test('is read or refused, and never thrown at; a refusal is short', () => {
    const reasons: string[] = [];
    fc.assert(
      fc.property(header, fc.constantFrom(...SCHEMAS), (text, schema) => {
        const readings = [decodeText(schema, text), decodeBytes(schema, encoder.encode(text))];
        reasons.push(...readings.map((reading) => (reading.ok ? '' : reading.reason)));
      }),
      { numRuns: 2_000 },
    );
    expect(reasons).toHaveLength(4_000);
    expect(Math.max(...reasons.map(({ length }) => length))).toBeLessThanOrEqual(200);
  });

  test('costs one issue, not one for each of its wrong entries', () => {
    const text = `{"type":"welcome","servers":[${'1,'.repeat(200_000)}1]}`;
    const reading = decodeText(controlDown, text);
    expect(reading.ok ? '' : reading.reason).toContain('Expected string but received 1');
  });
});
