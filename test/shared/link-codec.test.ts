// Frames as they travel: header and message, the splitting of large ones, and what a broken one is refused for (LP1–LP3).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FRAME_BYTES, REASSEMBLED_BYTES } from '../../shared/limits.ts';
import {
  ByteAssembler,
  decodeBytes,
  decodeText,
  encodeBytes,
  encodeText,
  splitBytes,
  splitText,
  TextAssembler,
} from '../../shared/link/codec.ts';
import { controlDown, controlUp } from '../../shared/link/control-frames.ts';
import { sessionDown, sessionUp, streamDown } from '../../shared/link/session-frames.ts';
import { chooseSubprotocol } from '../../shared/link/version.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** A slice that is no whole character fails to decode here. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const event = { type: 'event', stream: 's', seq: 1, final: true } as const;

function assembleText(parts: readonly string[]): string | undefined {
  const assembler = new TextAssembler();
  const last = parts.map((part) => assembler.push(part)).at(-1);
  return last?.state === 'whole' ? last.frame : undefined;
}

function assembleBytes(parts: readonly Uint8Array[]): string | undefined {
  const assembler = new ByteAssembler();
  const last = parts.map((part) => assembler.push(part)).at(-1);
  return last?.state === 'whole' ? textOf(last.frame) : undefined;
}

describe('a frame', () => {
  test('[LP1] is a header line and the raw message, which is not escaped', () => {
    const message = '{"jsonrpc":"2.0","id":9007199254740993,"result":{"a":"\\ud800 \\n"}}';
    const text = encodeText(event, message);
    expect(text).toBe(`{"type":"event","stream":"s","seq":1,"final":true}\n${message}`);
    expect(textOf(encodeBytes(event, bytesOf(message)))).toBe(text);
    expect(decodeText(sessionUp, text)).toEqual({ ok: true, frame: { header: event, message } });
  });

  test('[LP1] tells no message from an empty one', () => {
    const bare = encodeText(event);
    const empty = encodeText(event, '');
    expect([bare, empty].map((text) => decodeText(sessionUp, text))).toEqual([
      { ok: true, frame: { header: event, message: undefined } },
      { ok: true, frame: { header: event, message: '' } },
    ]);
    const read = (text: string) => {
      const reading = decodeBytes(sessionUp, bytesOf(text));
      return reading.ok ? reading.frame.message?.length : reading.reason;
    };
    expect([read(bare), read(empty)]).toEqual([undefined, 0]);
  });

  test('[LP1] reads alike as text and as bytes, whatever the message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (message) => {
        const text = encodeText(event, message);
        expect(textOf(encodeBytes(event, bytesOf(message)))).toBe(text);
        const asText = decodeText(sessionUp, text);
        const asBytes = decodeBytes(sessionUp, bytesOf(text));
        if (!asText.ok || !asBytes.ok || !asBytes.frame.message) throw new Error('not read');
        expect(asBytes.frame.header).toEqual(asText.frame.header);
        expect(strict.decode(asBytes.frame.message)).toBe(message);
        expect(asText.frame.message).toBe(message);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['an array', '["event"]'],
    ['no type', '{"stream":"s","seq":1}'],
    ['an unknown type', '{"type":"spawn","stream":"s","seq":1}'],
    ['a field too many', '{"type":"event","stream":"s","seq":1,"command":"sh"}'],
    ['a field too few', '{"type":"event","stream":"s"}'],
    ['a stream with a dot', '{"type":"event","stream":"s.1","seq":1}'],
    ['a negative seq', '{"type":"event","stream":"s","seq":-1}'],
    ['a broken seq', '{"type":"event","stream":"s","seq":1.5}'],
    ['final: false', '{"type":"event","stream":"s","seq":1,"final":false}'],
    ['a frame of the other direction', '{"type":"ack","stream":"s","seq":1}'],
  ])('[LP2] with a header of %s is refused, as text and as bytes', (_what, text) => {
    expect(decodeText(sessionUp, text).ok).toBe(false);
    expect(decodeBytes(sessionUp, bytesOf(text)).ok).toBe(false);
  });

  test('[LP2] [F-68] of the control link carries no command, arguments, environment or path', () => {
    const open = {
      type: 'open',
      session: 'a'.repeat(22),
      server: 'files',
      ticket: 't',
      transport: 'streamable',
      principal: 'ann',
    };
    expect(decodeText(controlDown, encodeText(open)).ok).toBe(true);
    for (const field of ['command', 'args', 'env', 'cwd', 'path']) {
      expect(decodeText(controlDown, encodeText({ ...open, [field]: 'x' })).ok).toBe(false);
    }
    const hello = {
      type: 'hello',
      runner: 'r',
      boot: 'b'.repeat(22),
      servers: ['files'],
      capacity: 1,
      sessions: [],
    };
    expect(decodeText(controlUp, encodeText(hello)).ok).toBe(true);
    expect(decodeText(controlUp, encodeText({ ...hello, servers: [{ command: 'sh' }] })).ok).toBe(
      false,
    );
    expect(decodeText(controlUp, encodeText({ ...hello, servers: ['../sh'] })).ok).toBe(false);
  });
});

/** Well-formed text of about `units` UTF-16 units; `unit` is repeated behind `lead` single bytes. */
const longText = (unit: string, lead: number, units: number): string => {
  const text = 'x'.repeat(lead) + unit.repeat(Math.ceil(units / unit.length));
  const code = text.charCodeAt(units - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? units + 1 : units);
};

const HEAD = '{"type":"part","last":false}\n';
const PART_ROOM = FRAME_BYTES - HEAD.length;
/** Lengths at which a slice, a third of a frame or a whole frame is just full. */
const SIZES = [
  Math.floor(FRAME_BYTES / 3),
  Math.floor(FRAME_BYTES / 4),
  FRAME_BYTES / 2,
  PART_ROOM,
  FRAME_BYTES,
  2 * PART_ROOM,
  Math.floor((PART_ROOM - 1) / 3),
];

describe('splitting', () => {
  test('[LP3] leaves a frame of just 256 KiB whole, and cuts one byte more', () => {
    const whole = 'x'.repeat(FRAME_BYTES);
    expect(splitText(whole)).toEqual([whole]);
    expect(splitBytes(bytesOf(whole))).toEqual([bytesOf(whole)]);
    const more = `${whole}x`;
    expect(splitText(more).length).toBeGreaterThan(1);
    expect(splitBytes(bytesOf(more)).length).toBe(2);
  });

  test('[LP3] cuts between characters, within the limit, and the other side puts the same text together', () => {
    const unit = fc.constantFrom('a', 'é', '€', '😀', 'a😀', '€😀é', 'aaa😀');
    const lead = fc.nat({ max: 3 });
    const size = fc.constantFrom(...SIZES);
    const around = fc.integer({ min: -6, max: 6 });
    fc.assert(
      fc.property(unit, lead, size, around, (unit, lead, size, around) => {
        const frame = longText(unit, lead, size + around);
        const fromText = splitText(frame);
        const fromBytes = splitBytes(bytesOf(frame));
        for (const part of fromText) {
          expect(bytesOf(part).length).toBeLessThanOrEqual(FRAME_BYTES);
          // A cut pair of surrogates would not survive UTF-8.
          expect(strict.decode(bytesOf(part)) === part).toBe(true);
        }
        for (const part of fromBytes) {
          expect(part.length).toBeLessThanOrEqual(FRAME_BYTES);
          expect(() => strict.decode(part)).not.toThrow();
        }
        // What the edge sends the runner reads as bytes, and the other way round.
        // Compared as booleans: a difference of 256 KiB helps no reader.
        expect(assembleText(fromBytes.map(textOf)) === frame).toBe(true);
        expect(assembleText(fromText) === frame).toBe(true);
        expect(assembleBytes(fromText.map(bytesOf)) === frame).toBe(true);
        expect(assembleBytes(fromBytes) === frame).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('[LP3] one assembler takes frame after frame, split and unsplit', () => {
    const large = encodeText(event, JSON.stringify({ text: '€'.repeat(200_000) }));
    const small = encodeText(event, '{}');
    const text = new TextAssembler();
    const bytes = new ByteAssembler();
    const wholes: string[] = [];
    for (const part of [small, ...splitText(large), small, ...splitText(large)]) {
      const asText = text.push(part);
      const asBytes = bytes.push(bytesOf(part));
      expect(asBytes.state).toBe(asText.state);
      if (asText.state !== 'whole' || asBytes.state !== 'whole') continue;
      expect(textOf(asBytes.frame)).toBe(asText.frame);
      wholes.push(asText.frame);
    }
    expect(wholes).toEqual([small, large, small, large]);
  });
});

/** Splits far finer than the product does, so that a cut can lie anywhere. */
const slices = (text: string, ...at: number[]): string[] => {
  const cuts = [0, ...at.toSorted((a, b) => a - b), text.length];
  return cuts
    .slice(1)
    .map(
      (end, index) =>
        `{"type":"part","last":${String(index === cuts.length - 2)}}\n${text.slice(cuts[index], end)}`,
    );
};

const anyMessage = fc
  .record({ jsonrpc: fc.constant('2.0'), id: fc.nat(), result: fc.jsonValue({ maxDepth: 3 }) })
  .map((message) => JSON.stringify(message));

describe('parts that do not make a frame', () => {
  test('[LP3] whose beginning was lost are refused, wherever the cut lies', () => {
    // A message full of what could look like a header.
    const tricky = fc.constantFrom(
      '{"jsonrpc":"2.0","id":1,"result":{"a":{"type":"ended"},"b":"{\\"type\\":\\"ended\\"}"}}',
      '[{"jsonrpc":"2.0","method":"x"},{"type":"ended"}]',
    );
    fc.assert(
      fc.property(fc.oneof(anyMessage, tricky), fc.nat(), (message, cut) => {
        const frame = encodeText(event, message);
        const parts = slices(frame, 1 + (cut % (frame.length - 1)));
        for (const reading of [
          readText(new TextAssembler(), parts.slice(1)),
          readBytes(new ByteAssembler(), parts.slice(1)),
        ]) {
          // A cut in the header's own line break leaves a whole message, which is no header either.
          expect(reading).toBe('refused');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('[LP3] between which another frame comes are refused, and never pass for a shorter frame', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, cut) => {
        const frame = encodeText(event, message);
        const [first = ''] = slices(frame, 1 + (cut % (frame.length - 1)));
        const between = encodeText({ type: 'accepted', id: 'p' });
        expect(readText(new TextAssembler(), [first, between])).toBe('refused');
        expect(readBytes(new ByteAssembler(), [first, between])).toBe('refused');
      }),
      { numRuns: 100 },
    );
  });

  test('[LP3] of more than 16 MiB + 64 KiB together are too large, as text and as bytes', () => {
    const slice = 'x'.repeat(FRAME_BYTES);
    const part = `{"type":"part","last":false}\n${slice}`;
    const fits = Math.floor(REASSEMBLED_BYTES / FRAME_BYTES);
    const text = new TextAssembler();
    const bytes = new ByteAssembler();
    for (let at = 0; at < fits; at++) {
      expect(text.push(part).state).toBe('partial');
      expect(bytes.push(bytesOf(part)).state).toBe('partial');
    }
    expect(text.push(part).state).toBe('too_large');
    expect(bytes.push(bytesOf(part)).state).toBe('too_large');
  });

  test('[LP3] [F-58] parts with nothing in them come to an end too', () => {
    const part = '{"type":"part","last":false}\n';
    const [text, bytes] = [new TextAssembler(), new ByteAssembler()];
    let pushed = 0;
    while (text.push(part).state === 'partial' && bytes.push(bytesOf(part)).state === 'partial')
      pushed += 1;
    expect(bytes.push(bytesOf(part)).state).toBe('too_large');
    expect(pushed).toBeLessThan(REASSEMBLED_BYTES / 100);
  });

  test('[LP3] in one piece of more than 16 MiB + 64 KiB are too large as well', () => {
    const large = 'x'.repeat(REASSEMBLED_BYTES + 1);
    expect(new TextAssembler().push(large).state).toBe('too_large');
    expect(new ByteAssembler().push(bytesOf(large)).state).toBe('too_large');
    expect(new TextAssembler().push(large.slice(1)).state).toBe('whole');
    expect(new ByteAssembler().push(bytesOf(large.slice(1))).state).toBe('whole');
  });
});

function readText(assembler: TextAssembler, parts: readonly string[]): string {
  for (const part of parts) {
    const assembled = assembler.push(part);
    if (assembled.state === 'partial') continue;
    if (assembled.state !== 'whole') return 'refused';
    return decodeText(sessionUp, assembled.frame).ok ? 'taken' : 'refused';
  }
  return 'waiting';
}

function readBytes(assembler: ByteAssembler, parts: readonly string[]): string {
  for (const part of parts) {
    const assembled = assembler.push(bytesOf(part));
    if (assembled.state === 'partial') continue;
    if (assembled.state !== 'whole') return 'refused';
    return decodeBytes(sessionUp, assembled.frame).ok ? 'taken' : 'refused';
  }
  return 'waiting';
}

test('[LP5] the best subprotocol both sides name is chosen, and none where they share none', () => {
  expect(chooseSubprotocol('mcp-bridge.v9, mcp-bridge.v1')).toBe('mcp-bridge.v1');
  expect(chooseSubprotocol(' mcp-bridge.v1 ')).toBe('mcp-bridge.v1');
  expect(chooseSubprotocol('mcp-bridge.v2')).toBeUndefined();
  expect(chooseSubprotocol('')).toBeUndefined();
});

test('a worker reads what the actor adds and nothing that is meant for a runner', () => {
  for (const header of [{ type: 'linked' }, { type: 'gone', fault: 'runner_lost' }]) {
    expect(decodeText(streamDown, encodeText(header)).ok).toBe(true);
    expect(decodeText(sessionUp, encodeText(header)).ok).toBe(false);
  }
  expect(decodeText(streamDown, encodeText({ type: 'end' })).ok).toBe(false);
  expect(decodeText(sessionDown, encodeText({ type: 'end' })).ok).toBe(true);
});
