import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { inPieces, wholeText } from '../../shared/bytes.ts';
import { encodeComment, encodeEvent, eventId, parseEventId } from '../../shared/sse/encode.ts';

interface Dispatched {
  type: string;
  data: string;
  lastEventId: string;
}

/** The event stream interpretation of the HTML standard §9.2.6, as directly as it can be written down. */
function interpret(text: string): { events: Dispatched[]; retryMs: number | undefined } {
  const events: Dispatched[] = [];
  let retryMs: number | undefined;
  let lastEventId = '';
  let type = '';
  let data = '';
  const lines = text.replace(/^\uFEFF/u, '').split(/\r\n|\r|\n/u);
  // What follows the last line break is no complete line.
  lines.pop();
  for (const line of lines) {
    if (line === '') {
      if (data !== '')
        events.push({ type: type || 'message', data: data.slice(0, -1), lastEventId });
      type = '';
      data = '';
      continue;
    }
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /u, '');
    if (field === 'event') type = value;
    else if (field === 'data') data += `${value}\n`;
    else if (field === 'id' && !value.includes('\0')) lastEventId = value;
    else if (field === 'retry' && /^\d+$/u.test(value)) retryMs = Number(value);
  }
  return { events, retryMs };
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        'data:',
        'event: endpoint',
        ' ',
        ':',
        '\u2028',
        '\0',
        '\uFEFF',
        '{"a":1}',
      ),
    )
    .map((parts) => parts.join('')),
);
const field = fc.string({ unit: 'binary' }).filter((text) => !/[\r\n\0]/u.test(text));

describe('encodeEvent', () => {
  test('[F-40] gives exactly one event with equal data, whatever the data holds', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.option(field),
        fc.option(field),
        fc.option(fc.nat()),
        (data, id, event, retryMs) => {
          const text = encodeEvent({
            data,
            ...(id !== null && { id }),
            ...(event !== null && { event }),
            ...(retryMs !== null && { retryMs }),
          });
          const after = encodeEvent({ data: 'after' });
          const found = interpret(text + after);
          // The standard has one line break within data: LF.
          const expected = data.replaceAll(/\r\n|\r/gu, '\n');
          const lastEventId = id ?? '';
          expect(found.events).toEqual([
            { type: event || 'message', data: expected, lastEventId },
            { type: 'message', data: 'after', lastEventId },
          ]);
          expect(found.retryMs).toBe(retryMs ?? undefined);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('writes the priming event: an id and empty data', () => {
    expect(encodeEvent({ id: 's1.0', data: '', retryMs: 1000 })).toBe(
      'id: s1.0\nretry: 1000\ndata: \n\n',
    );
    expect(encodeEvent({ id: 's1.3', event: 'endpoint', data: '/x' })).toBe(
      'id: s1.3\nevent: endpoint\ndata: /x\n\n',
    );
  });

  test('throws on line breaks and NUL in id and event, and on a retry that is no count', () => {
    for (const text of ['a\nb', 'a\rb', '\r\n', '\0']) {
      expect(() => encodeEvent({ id: text, data: '' })).toThrow(TypeError);
      expect(() => encodeEvent({ event: text, data: '' })).toThrow(TypeError);
    }
    for (const retryMs of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encodeEvent({ data: '', retryMs })).toThrow(TypeError);
    }
  });
});

test('encodeComment is never an event, whatever it holds', () => {
  expect(encodeComment('keep-alive')).toBe(': keep-alive\n\n');
  fc.assert(
    fc.property(anyText, (text) => {
      const found = interpret(encodeComment(text) + encodeEvent({ data: 'x' }));
      expect(found).toEqual({
        events: [{ type: 'message', data: 'x', lastEventId: '' }],
        retryMs: undefined,
      });
    }),
  );
});

describe('event ids', () => {
  test('come back as they went', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/u), fc.maxSafeNat(), (stream, seq) => {
        expect(parseEventId(eventId(stream, seq))).toEqual({ stream, seq });
      }),
    );
  });

  test.each([
    '',
    '.',
    's',
    's.',
    '.1',
    's.01',
    's.-1',
    's.1.2',
    's.1 ',
    ' s.1',
    's.1\n',
    's.+1',
    's.1e3',
    's.9007199254740992',
    's.99999999999999999',
    'é.1',
    's/x.1',
    `${'s'.repeat(65)}.1`,
    's.١',
    '1',
  ])('refuse %j', (text) => {
    expect(parseEventId(text)).toBeUndefined();
  });
});

test('[F-370] data in pieces are the same event as whole', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(undefined, 's.1'),
      (texts, id) => {
        // No CRLF is cut: a message has no line feed in it.
        const pieces = texts.map((text) => text.replaceAll('\n', '\r'));
        const more = id === undefined ? {} : { id };
        const apart = wholeText(encodeEvent({ ...more, data: inPieces(pieces) }));
        expect(apart).toBe(encodeEvent({ ...more, data: pieces.join('') }));
      },
    ),
  );
});
