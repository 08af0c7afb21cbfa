// Frames as they travel: header and message, and what a broken one is refused for (LP1, LP2).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  decodeBytes,
  decodeText,
  encodeBytes,
  encodeText,
  frameOf,
} from '../../shared/link/codec.ts';
import { controlDown, controlUp } from '../../shared/link/control-frames.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import { sessionDown, sessionUp, streamDown } from '../../shared/link/session-frames.ts';
import { chooseSubprotocol } from '../../shared/link/version.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** A slice that is no whole character fails to decode here. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const event = { type: 'event', stream: 's', seq: 1, final: true } as const;

describe('a frame', () => {
  test('[LP1] is a header line and the raw message, which is not escaped', () => {
    const message = '{"jsonrpc":"2.0","id":9007199254740993,"result":{"a":"\\ud800 \\n"}}';
    const text = encodeText(event, message);
    expect(text).toBe(`{"type":"event","stream":"s","seq":1,"final":true}\n${message}`);
    expect(textOf(encodeBytes(event, bytesOf(message)))).toBe(text);
    expect(decodeText(sessionUp, text)).toEqual({ ok: true, frame: { header: event, message } });
  });

  test('[LP1][F-370] with a large message is sent without a copy of it', () => {
    const message = bytesOf('x'.repeat(1_000_000));
    const frame = frameOf(event, message);
    expect('pieces' in frame && frame.pieces[1]).toBe(message);
    const whole = encodeBytes(event, message);
    expect(frame.length).toBe(whole.length);
    expect(textOf(bytesForm.whole(frame)) === textOf(whole)).toBe(true);
    const small = frameOf(event, bytesOf('{}'));
    expect(textOf(bytesForm.whole(small))).toBe(textOf(encodeBytes(event, bytesOf('{}'))));
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

  test('[LP1] is the same bytes as its text, whatever the header says', () => {
    const words = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('é€'));
    fc.assert(
      fc.property(words, fc.constantFrom('', 'x', '{"a":"é"}'), (reason, message) => {
        const text = encodeText({ reason }, message);
        expect(encodeBytes({ reason }, bytesOf(message))).toEqual(bytesOf(text));
      }),
      { numRuns: 500 },
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
      clientKind: 'streamable',
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

test('[LP5] the best subprotocol both sides name is chosen, and none where they share none', () => {
  expect(chooseSubprotocol('mcp-bridge.v9, mcp-bridge.v2')).toBe('mcp-bridge.v2');
  expect(chooseSubprotocol(' mcp-bridge.v2 ')).toBe('mcp-bridge.v2');
  expect(chooseSubprotocol('mcp-bridge.v1')).toBeUndefined();
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
