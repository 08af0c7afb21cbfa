// What goes out on a link, and when: on lines of any speed a large frame takes the time its bytes need, and small ones pass it
// (PROTOCOL.md LP3, LP23, LP24). The clock is the test's.
import { describe, expect, test } from 'vitest';

import {
  FRAME_BYTES,
  MESSAGES_UNDER_WAY,
  QUEUE_BYTES,
  REASSEMBLED_BYTES,
} from '../../shared/link/sizes.ts';
import { wholeText } from '../../shared/bytes.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { Outbox, type Place } from '../../shared/link/outbox.ts';
import { Line } from './line.ts';

const MB = 1_000_000;

const large = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0x78);

/** A line that has answered its first ping, as a runner's has before anything is said. */
function lineOf(bytesPerSecond: number, delayMs = 20): Line {
  const line = new Line(bytesPerSecond, delayMs);
  line.carry(line.outbox.ping(0));
  line.run();
  return line;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('a line', () => {
  test.each([
    [20_000, 20],
    [200_000, 20],
    [200_000, 300],
    [1 * MB, 20],
    [10 * MB, 1],
  ])(
    '[LP23] [F-150] of %i bytes a second with a delay of %i ms carries 5 MB in the time it needs, and small frames pass meanwhile',
    (bytesPerSecond, delayMs) => {
      const line = lineOf(bytesPerSecond, delayMs);
      const began = line.now;
      const lineMs = (1_000 * 5 * MB) / bytesPerSecond;
      line.push(large(5 * MB), { flow: 's', name: 's.1' });
      const took: number[] = [];
      for (let n = 1; n < 50; n += 1) {
        const askedAt = began + (n * lineMs) / 50;
        line.at(askedAt, () => line.push(large(300 + n), { flow: `c${n}` }));
      }
      line.run();
      for (const { frame, at } of line.arrived) {
        const n = frame.length - 300;
        if (n < 50) took.push(at - (began + (n * lineMs) / 50));
      }
      const whole = line.arrived.find(({ frame }) => frame.length === 5 * MB);
      expect(took).toHaveLength(49);
      // Parts, pings and a beginning with care cost no more than a twelfth of the time, and a few round trips.
      expect((whole?.at ?? Infinity) - began).toBeLessThan(lineMs * 1.08 + 12 * delayMs);
      expect(line.bytes).toBeLessThan(5 * MB * 1.03);
      took.sort((a, b) => a - b);
      // A window of unknown size is under way at first, once.
      expect(took.at(-2)).toBeLessThan(1_000 + 3 * delayMs);
    },
  );

  test('[LP23] that slows down while little is under way does not stand still', () => {
    for (let bytes = 1_000; bytes < 20_000; bytes += 500) {
      const line = lineOf(20_000);
      for (let n = 0; n < 100; n += 1) line.push(large(bytes), { flow: `c${n}` });
      line.run();
      expect(line.arrived).toHaveLength(100);
    }
  });

  test('[LP23] that passes a burst and then is slow fills no queue', () => {
    const line = lineOf(50 * MB, 5);
    line.push(large(5 * MB), { flow: 's', name: 's.1' });
    line.run(line.now + 15);
    line.bytesPerSecond = 200_000;
    line.longestQueueMs = 0;
    line.run();
    expect(line.arrived).toHaveLength(1);
    // What is under way when the line slows down, but not all the rest of the frame.
    expect((line.longestQueueMs * 200_000) / 1_000).toBeLessThan(1.5 * MB);
  });

  test('[LP23] with traffic both ways at once carries both', () => {
    // Each way's pongs wait in the other's queue.
    const [up, down] = [lineOf(200_000), lineOf(200_000)];
    up.pongsThrough = down;
    down.pongsThrough = up;
    for (const line of [up, down]) line.push(large(2 * MB), { flow: 's', name: 's.1' });
    for (let ms = 0; ms < 20_000; ms += 10) for (const line of [up, down]) line.run(ms);
    for (const line of [up, down]) {
      expect(line.arrived).toHaveLength(1);
      expect(line.arrived[0]?.at).toBeLessThan(12_500);
    }
  });

  test.each([
    ['large frames', 4 * MB, 20],
    ['frames of some kilobytes', 8_000, 1_000],
    ['small frames', 300, 1_000],
  ])(
    '[LP23] [F-341] however fast, is given no more than a bounded number of messages and bytes at once, of %s',
    (_title, bytes, count) => {
      const line = lineOf(1_000 * MB, 0.1);
      for (let n = 0; n < count; n += 1) line.push(large(bytes), { flow: `c${n % 10}` });
      line.run();
      expect(line.arrived).toHaveLength(count);
      expect(line.mostUnderWay.messages).toBeLessThanOrEqual(MESSAGES_UNDER_WAY);
      // The line itself holds a megabyte in a millisecond, which is as exact as it is measured.
      expect(line.mostUnderWay.bytes).toBeLessThan(MB + QUEUE_BYTES + FRAME_BYTES);
    },
  );

  test('[LP23] held back by the number of messages is not taken for a slow one', () => {
    const line = lineOf(10 * MB, 50);
    for (let n = 0; n < 2_000; n += 1) line.push(large(200), { flow: `c${n % 10}` });
    line.run();
    const began = line.now;
    line.push(large(2 * MB), { flow: 's', name: 's.1' });
    line.run();
    expect(line.now - began).toBeLessThan(200 + 12 * 50);
  });

  test('[LP23] with light traffic is asked nothing', () => {
    const line = lineOf(1 * MB);
    const before = line.messages;
    for (let n = 0; n < 40; n += 1) line.push(large(300), { flow: `c${n}` });
    line.run();
    expect(line.messages - before).toBe(40);
    expect(line.pings).toBe(1);
  });

  test('[LP23] that is fast carries large frames in large parts, and few pings', () => {
    const line = lineOf(1_000 * MB, 0.2);
    line.push(large(16 * MB), { flow: 's', name: 's.1' });
    line.run();
    expect(line.arrived).toHaveLength(1);
    // Most parts are of 256 KiB: 61 would carry it.
    expect(line.messages).toBeLessThan(200);
  });
});

/** The messages an outbox gives at once, on a line of which nothing is known; parts by their frame and slice. */
const said = (messages: readonly string[]): string[] =>
  messages
    .filter((message) => message !== 'ping')
    .map((message) => {
      if (!message.startsWith('{"type":"part"')) return message.slice(0, 12);
      const { of, at, to } = JSON.parse(message.slice(0, message.indexOf('\n')));
      return `${of} ${at}-${to}`;
    });

/** An outbox that is asked for all it has, ping by ping, on a line that takes no time. */
class Drained {
  readonly outbox = Outbox.ofText();
  readonly sent: string[] = [];
  #pings = 0;

  push(frame: string, place: Place): this {
    this.#take(this.outbox.push(frame, () => place, 0));
    return this;
  }

  drop(flow: string): this {
    this.#take(this.outbox.drop(flow, 0));
    return this;
  }

  /** Answers pings, at most so many. */
  answer(times = Infinity): this {
    for (let n = 0; n < times && this.#pings > 0; n += 1) {
      this.#pings -= 1;
      this.#take(this.outbox.answered(1));
    }
    return this;
  }

  #take(messages: readonly string[]): void {
    this.#pings += messages.filter((message) => message === 'ping').length;
    this.sent.push(...messages.filter((message) => message !== 'ping'));
  }
}

const frame = (letter: string, units: number): string => letter.repeat(units);

/** More than may be under way before the line is known. */
const FULL = 400_000;

describe('frames', () => {
  test('[LP24] of one flow keep their order, whatever their size', () => {
    const drained = new Drained()
      .push(frame('a', FULL), { flow: 's', name: 's.1' })
      .push('second', { flow: 's', name: 's.2' })
      .push('other', { flow: 't' })
      .answer();
    const order = said(drained.sent).map((what) => what.split(' ')[0]);
    expect(order.indexOf('other')).toBeLessThan(order.lastIndexOf('s.1'));
    expect(order.at(-1)).toBe('second');
  });

  test('[LP24] of several flows take turns by their bytes', () => {
    const drained = new Drained().push(frame('a', FULL), { flow: 'a', name: 'a.1' });
    for (let n = 0; n < 400; n += 1) drained.push(frame('b', 1_000), { flow: 'b' });
    drained.answer();
    const half = drained.sent.slice(0, Math.floor(drained.sent.length / 2));
    const bytes = (letter: string): number =>
      half.filter((sent) => sent.endsWith(letter)).reduce((sum, { length }) => sum + length, 0);
    expect(bytes('b') / bytes('a')).toBeGreaterThan(0.5);
    expect(bytes('b') / bytes('a')).toBeLessThan(2);
  });

  test('[LP24] that go behind all others wait for those that were there, and for no later ones', () => {
    const drained = new Drained()
      .push(frame('a', FULL), { flow: 'a', name: 'a' })
      .push('behind', { flow: 'n', isBehind: true })
      .push(frame('c', FULL), { flow: 'c', name: 'c' })
      .push('after', { flow: 'n2', isBehind: true })
      .answer();
    const order = said(drained.sent).map((what) => what.split(' ')[0]);
    expect(order.indexOf('behind')).toBeGreaterThan(order.lastIndexOf('a'));
    expect(order.indexOf('behind')).toBeLessThan(order.lastIndexOf('c'));
    expect(order.at(-1)).toBe('after');
  });

  test('[LP13] [LP24] of no flow go before what was said later, and before what waits', () => {
    const drained = new Drained()
      .push(frame('a', FULL), { flow: 'a', name: 'a.1' })
      .push('accepted', { flow: '' })
      .push('event', { flow: 's', name: 's.1' })
      .push('refused', { flow: '' });
    const before = drained.sent.length;
    drained.answer();
    expect(said(drained.sent.slice(before)).slice(0, 2)).toEqual(['accepted', 'refused']);
  });

  test('[LP12] that wait already are not sent twice, and what was said behind the first is out of date', () => {
    const place = { flow: 'p', name: 'p' };
    const drained = new Drained()
      .push(frame('x', FULL), place)
      .push('detach', { flow: 'p' })
      .push(frame('x', FULL), place)
      .push('ack', { flow: 'p' })
      .answer();
    expect(drained.sent.join('').split('x').length - 1).toBe(FULL);
    expect(drained.sent).not.toContain('detach');
    expect(drained.sent.at(-1)).toBe('ack');
    expect(drained.outbox.waiting).toBe(0);
  });

  test('[LP18] withdrawn and given again go on where they were, behind what is said meanwhile', () => {
    const place = { flow: 's', name: 's.1' };
    const drained = new Drained().push(frame('a', FULL), place).answer(2);
    drained.outbox.withdraw('s');
    expect(drained.outbox.waiting).toBe(0);
    const before = drained.sent.length;
    drained.push('attached', { flow: 's' }).push(frame('a', FULL), place).answer();
    const [first, second] = said(drained.sent.slice(before));
    expect(first).toBe('attached');
    expect(second).toMatch(/^s\.1 [1-9]/u);
    const inbox = new Inbox(textForm);
    const got = drained.sent.map((message) => inbox.push(message).state);
    expect(got.filter((state) => state === 'whole')).toHaveLength(2);
    expect(got).not.toContain('broken');
  });

  test('that are dropped are sent no further, and the receiver lets go of them', () => {
    const drained = new Drained().push(frame('a', FULL), { flow: 's', name: 's.1' }).answer(1);
    drained.drop('s').answer();
    expect(drained.outbox.waiting).toBe(0);
    expect(drained.sent.at(-1)).toBe('{"type":"dropped","of":"s.1"}');
    expect(drained.sent.join('').length).toBeLessThan(FULL / 2);
  });

  test('[LP3] are begun only while the receiver has room for one of the largest; what nobody waits for gives way', () => {
    const THIRD = Math.floor(REASSEMBLED_BYTES / 3);
    const drained = new Drained().push(frame('w', FULL), { flow: 'w', name: 'w.1' }).answer(1);
    drained.outbox.withdraw('w');
    drained
      .push(frame('a', THIRD - FULL - 1), { flow: 'a', name: 'a.1' })
      .push(frame('b', THIRD), { flow: 'b', name: 'b.1' })
      .answer();
    const order = said(drained.sent).map((what) => what.split(' ')[0]);
    expect(drained.sent).toContain('{"type":"dropped","of":"w.1"}');
    expect(order.indexOf('b.1')).toBeGreaterThan(order.lastIndexOf('a.1'));
  });

  test('[LP18] go on from what the receiver holds of an earlier socket, if they are the same', () => {
    const outbox = Outbox.ofText();
    outbox.resume([
      { of: 's.1', to: 390_000, size: FULL },
      { of: 's.2', to: 390_000, size: FULL + 1 },
      { of: 's.3', to: 7, size: 7 },
    ]);
    const begin = (name: string): string[] =>
      said(outbox.push(frame('a', FULL), () => ({ flow: name, name }), 0));
    expect(begin('s.1')).toEqual(['s.1 390000-400000']);
    expect(begin('s.2')[0]).toMatch(/^s\.2 0-/u);
  });

  test('[LP3] are cut so that no message passes 256 KiB, whatever the characters', () => {
    const drained = new Drained().push('€'.repeat(2 * MB), { flow: 's', name: 's.1' }).answer();
    for (const message of drained.sent) {
      expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(FRAME_BYTES);
    }
    const inbox = new Inbox(textForm);
    const whole = drained.sent.map((message) => inbox.push(message)).at(-1);
    expect(whole?.state === 'whole' && wholeText(whole.frame) === '€'.repeat(2 * MB)).toBe(true);
  });
});

test('an answer to a ping that nobody sent changes nothing', () => {
  const outbox = Outbox.ofBytes();
  expect(outbox.answered(5)).toEqual([]);
  expect(outbox.push(large(10), () => ({ flow: '' }), 6).map(text)).toEqual(['xxxxxxxxxx']);
});
