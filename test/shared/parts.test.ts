// Large frames in parts, in both forms: how they are cut, put together, several at a time and over a break, and what a receiver
// does not take (PROTOCOL.md LP3).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { inPieces, wholeText } from '../../shared/bytes.ts';
import { FRAME_BYTES, REASSEMBLED_BYTES } from '../../shared/link/sizes.ts';
import { bytesForm, textForm } from '../../shared/link/forms.ts';
import { Inbox, type Received } from '../../shared/link/inbox.ts';
import { MAX_HOLDS, readHolds, splitFrame } from '../../shared/link/parts.ts';

const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A slice that is no whole character fails to decode here. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Both forms of inbox at once, which must agree. */
class Inboxes {
  readonly text = new Inbox(textForm);
  readonly bytes = new Inbox(bytesForm);

  push(message: string): string {
    const [text, bytes] = [this.text.push(message), this.bytes.push(bytesOf(message))];
    const asText = text.state === 'whole' ? `whole ${wholeText(text.frame)}` : text.state;
    const asBytes = bytes.state === 'whole' ? `whole ${textOf(bytes.frame)}` : bytes.state;
    if (asText !== asBytes) throw new Error('text and bytes are received differently');
    return asText;
  }
}

const part = (of: string, at: number, to: number, size: number, slice = 'x'.repeat(to - at)) =>
  `{"type":"part","of":"${of}","at":${at},"to":${to},"size":${size}}\n${slice}`;

/** Well-formed text of about `units` UTF-16 units; `unit` is repeated behind `lead` single bytes. */
const longText = (unit: string, lead: number, units: number): string => {
  const text = 'x'.repeat(lead) + unit.repeat(Math.ceil(units / unit.length));
  const code = text.charCodeAt(units - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? units + 1 : units);
};

const lastOf = <T extends string | Uint8Array, R extends { readonly length: number }>(
  inbox: Inbox<T, R>,
  parts: readonly T[],
): Received<T | R> | undefined => parts.map((message) => inbox.push(message)).at(-1);

describe('a frame in parts', () => {
  test.each(['é', '€', '😀', 'a😀'])(
    '[LP3] is cut between characters, within 256 KiB a message, and the same text when it is whole again (%s)',
    (unit) => {
      for (const lead of [0, 1, 2, 3]) {
        const frame = longText(unit, lead, FRAME_BYTES + 7);
        const asText = splitFrame(textForm, frame);
        const asBytes = splitFrame(bytesForm, bytesOf(frame));
        for (const message of [...asText.map(bytesOf), ...asBytes]) {
          expect(message.length).toBeLessThanOrEqual(FRAME_BYTES);
          expect(() => strict.decode(message)).not.toThrow();
        }
        // What the edge sends the runner reads as bytes, and the other way round.
        const texts = [asText, asBytes.map(textOf)].map((parts) =>
          lastOf(new Inbox(textForm), parts),
        );
        const bytes = [asBytes, asText.map(bytesOf)].map((parts) =>
          lastOf(new Inbox(bytesForm), parts),
        );
        // Compared as booleans: a difference of 256 KiB helps no reader.
        for (const received of texts) {
          expect(received?.state === 'whole' && wholeText(received.frame) === frame).toBe(true);
        }
        for (const received of bytes) {
          expect(received?.state === 'whole' && textOf(received.frame) === frame).toBe(true);
        }
      }
    },
  );

  test('[LP3] is cut the same in one piece and in several', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 4, max: 80 }),
        (texts, room) => {
          const joined = bytesOf(texts.join(''));
          const apart = inPieces(texts.map(bytesOf));
          const slices: Uint8Array[] = [];
          for (let at = 0; at < joined.length; at += slices.at(-1)?.length ?? 0) {
            const slice = bytesForm.slice(apart, at, room);
            expect(slice.length).toBeGreaterThan(0);
            expect(slice.length).toBeLessThanOrEqual(room);
            expect(() => strict.decode(slice)).not.toThrow();
            slices.push(slice);
          }
          expect(textOf(bytesForm.join(slices))).toBe(textOf(joined));
          expect(textOf(bytesForm.whole(apart))).toBe(textOf(joined));
        },
      ),
    );
  });

  test('[LP3] slices of any size end at whole characters, and none is empty', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        fc.integer({ min: 4, max: 12 }),
        (text, room) => {
          for (const [form, frame] of [
            [textForm, text],
            [bytesForm, bytesOf(text)],
          ] as const) {
            let whole = '';
            for (let at = 0; at < frame.length;) {
              const slice = (form as typeof textForm).slice(frame as string, at, room);
              expect(slice.length).toBeGreaterThan(0);
              whole += typeof slice === 'string' ? slice : strict.decode(slice);
              at += slice.length;
            }
            expect(whole).toBe(text);
          }
        },
      ),
    );
  });

  test('[LP3] comes between parts of others, and between whole frames', () => {
    const inboxes = new Inboxes();
    const got = [
      part('a.1', 0, 2, 5, 'aa'),
      part('b.1', 0, 2, 4, 'bb'),
      '{"type":"end"}',
      part('a.1', 2, 4, 5, 'AA'),
      part('b.1', 2, 4, 4, 'BB'),
      part('a.1', 4, 5, 5, '!'),
    ].map((message) => inboxes.push(message));
    expect(got).toEqual([
      'partial',
      'partial',
      'whole {"type":"end"}',
      'partial',
      'whole bbBB',
      'whole aaAA!',
    ]);
  });

  test('[LP3] [LP18] goes on where it was after a break; one without a name begins anew', () => {
    const inboxes = new Inboxes();
    inboxes.push(part('s.1', 0, 3, 9, 'abc'));
    inboxes.push(part('s.1', 3, 5, 9, 'de'));
    inboxes.push(part('.7', 0, 3, 9));
    for (const inbox of [inboxes.text, inboxes.bytes]) {
      expect(inbox.relinked()).toEqual([{ of: 's.1', to: 5, size: 9 }]);
    }
    expect(inboxes.push(part('s.1', 5, 9, 9, 'fghi'))).toBe('whole abcdefghi');
    expect(inboxes.push(part('.7', 3, 9, 9))).toBe('broken');
  });

  test('[LP3] that begins anew, is dropped, or is of another size does not go on', () => {
    const inboxes = new Inboxes();
    inboxes.push(part('s.1', 0, 3, 9, 'abc'));
    expect(inboxes.push(part('s.1', 0, 3, 6, 'xyz'))).toBe('partial');
    expect(inboxes.push(part('s.1', 3, 6, 6, 'XYZ'))).toBe('whole xyzXYZ');
    inboxes.push(part('s.2', 0, 3, 9));
    expect(inboxes.push('{"type":"dropped","of":"s.2"}')).toBe('partial');
    expect(inboxes.push(part('s.2', 3, 9, 9))).toBe('broken');
    inboxes.push(part('s.3', 0, 3, 9));
    expect(inboxes.push(part('s.3', 3, 6, 12))).toBe('broken');
  });

  test('[LP18] of which more are begun than a welcome tells begins anew', () => {
    const inbox = new Inbox(textForm);
    for (let n = 0; n <= MAX_HOLDS; n += 1) inbox.push(part(`s.${n}`, 0, 3, 9));
    expect(inbox.relinked()).toHaveLength(MAX_HOLDS);
    expect(inbox.push(part(`s.${MAX_HOLDS}`, 3, 9, 9)).state).toBe('broken');
    expect(inbox.push(part('s.0', 3, 9, 9)).state).toBe('whole');
  });
});

describe('what is no part of a frame', () => {
  test.each([
    ['whose beginning was lost', part('s', 3, 6, 9)],
    ['of nothing', part('s', 0, 0, 9)],
    ['that says it has something', part('s', 0, 3, 9, '')],
    ['that ends before it begins', part('s', 3, 0, 9, 'xxx')],
    ['beyond its frame', part('s', 0, 12, 9)],
    ['with a name for a header of HTTP', part('s\\r\\nx', 0, 3, 9)],
    ['with a name longer than any', part('s'.repeat(129), 0, 3, 9)],
    ['with half a unit', part('s', 0, 2.5, 9, 'xx')],
    [
      'with a field too many',
      '{"type":"part","of":"s","at":0,"to":3,"size":9,"command":"sh"}\nxxx',
    ],
    ['without a field', '{"type":"part","of":"s","at":0,"to":3}\nxxx'],
    ['whose header is no JSON', '{"type":"part",\nxxx'],
    ['that drops nothing', '{"type":"dropped",}'],
  ])('[LP3] %s is refused', (_what, message) => {
    expect(new Inboxes().push(message)).toBe('broken');
  });

  test('[LP3] [F-58] frames of more than 16 MiB + 64 KiB are too large, in one piece and in parts', () => {
    const inboxes = new Inboxes();
    const large = 'x'.repeat(REASSEMBLED_BYTES + 1);
    expect(inboxes.push(large)).toBe('too_large');
    expect(inboxes.push(large.slice(1))).toContain('whole');
    expect(inboxes.push(part('s', 0, 3, REASSEMBLED_BYTES + 1))).toBe('too_large');
    // Units of the sender's own may be said to be few.
    const slice = 'x'.repeat(FRAME_BYTES);
    let state = '';
    let pushed = 0;
    for (; state !== 'too_large'; pushed += 1) {
      state = inboxes.push(part('s', pushed, pushed + 1, 1_000, slice));
    }
    expect(pushed * FRAME_BYTES).toBeLessThan(1.2 * REASSEMBLED_BYTES);
  });

  test('[LP3] [F-58] all frames that are not whole hold no more than one of the largest, however finely they are cut', () => {
    for (const bytes of [500, 4_000, FRAME_BYTES]) {
      const inbox = new Inbox(textForm);
      const slice = 'x'.repeat(bytes);
      let pushed = 0;
      while (inbox.push(part(`s.${pushed}`, 0, 1, 2, slice)).state === 'partial') pushed += 1;
      expect(pushed * bytes).toBeLessThan(1.2 * REASSEMBLED_BYTES);
      expect(pushed).toBeLessThan(REASSEMBLED_BYTES / 200);
    }
  });
});

test.each(['', 'x', '[{}]', '[{"of":"s","to":-1,"size":2}]', `[${'1,'.repeat(9)}1]`, '{}'])(
  '[LP18] a dial that tells of %j holds nothing',
  (text) => {
    expect(readHolds(text)).toEqual([]);
    expect(readHolds('[{"of":"s","to":1,"size":2}]')).toEqual([{ of: 's', to: 1, size: 2 }]);
  },
);
