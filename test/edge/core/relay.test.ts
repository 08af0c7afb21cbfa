// The session actor's machine: where frames go, what a waiting worker gets, and when a runner is given up.
import { describe, expect, test } from 'vitest';

import type { PostAnswer } from '../../../edge/core/ports.ts';
import { Relay } from '../../../edge/core/relay.ts';
import type { RelayEffect } from '../../../edge/core/relay-effects.ts';
import { inPieces, wholeText } from '../../../shared/bytes.ts';
import { encodeText } from '../../../shared/link/codec.ts';
import {
  DIAL_WAIT_MS,
  JSON_WAIT_MS,
  WINDOW_MS,
  LINK_GRACE_MS,
} from '../../../shared/link/timing.ts';
import { OFFLINE_QUEUE } from '../../../shared/link/sizes.ts';

const T = 1_000_000;
const END_WAIT_MS = 5_000;
const DELIVERY_DELAY_MS = 500;
const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{}}';

const linked = (): Relay => new Relay({ state: 'linked', epoch: 1 });
const question = (id: string) =>
  ({ id, stream: id, message: `{"q":"${id}"}`, wants: 'answer', requestIds: ['1'] }) as const;
const notice = (id: string) =>
  ({ id, stream: 'get', message: '{}', wants: 'accepted', requestIds: [] }) as const;

const event = (stream: string, seq: number, final = false, message = ANSWER): string =>
  `${JSON.stringify(final ? { type: 'event', stream, seq, final } : { type: 'event', stream, seq })}\n${message}`;
const frame = (header: object): string => JSON.stringify(header);

/** Effects in one line each. */
const told = (effects: readonly RelayEffect[]): string[] =>
  effects.map((effect) => {
    switch (effect.do) {
      case 'link':
        return `link ${effect.text}`;
      case 'carry':
        return `carry ${encodeText(effect.frame, effect.message)}`;
      case 'closeLink':
        return `closeLink ${effect.code}`;
      case 'tell':
        return `tell ${effect.socket} ${wholeText(effect.text)}`;
      case 'close':
        return `close ${effect.socket} ${effect.code}`;
      case 'answer':
        return `answer ${effect.id} ${brief(effect.answer)}`;
      case 'omit':
        return `omit ${effect.post}`;
      case 'forget':
        return 'forget';
    }
  });

const brief = (answer: PostAnswer): string => {
  switch (answer.kind) {
    case 'answered':
      return `answered ${answer.message === undefined ? answer.message : wholeText(answer.message)}`;
    case 'follow':
      return answer.isAccepted ? 'follow accepted' : 'follow';
    case 'accepted':
      return 'accepted';
    case 'refused':
      return `refused ${answer.fault.fault} ${answer.fault.phase}`;
  }
};

describe('a post', () => {
  test('[LP1] goes to the runner as it is, and its whole answer comes back unread', () => {
    const relay = linked();
    expect(told(relay.post(question('a'), T))).toEqual([
      'link {"type":"post","stream":"a","id":"a"}\n{"q":"a"}',
    ]);
    expect(told(relay.fromRunner(event('a', 1, true), T))).toEqual([`answer a answered ${ANSWER}`]);
  });

  test('[F-371] [LP17] is not delivered with a large answer before that was read: it counts against the credit', () => {
    const relay = linked();
    relay.post(question('a'), T);
    relay.fromRunner(inPieces([event('a', 1, true), ' ']), T);
    expect(relay.soonAt).toBeUndefined();
    relay.delivered('a', T + 9_000);
    const tellAt = T + 9_000 + DELIVERY_DELAY_MS;
    expect(relay.soonAt).toBe(tellAt);
    expect(told(relay.tick(tellAt))).toEqual(['link {"type":"delivered","streams":["a"]}']);
  });

  test('that ended without a message is answered with none', () => {
    const relay = linked();
    relay.post(question('a'), T);
    expect(
      told(relay.fromRunner(frame({ type: 'event', stream: 'a', seq: 1, final: true }), T)),
    ).toEqual(['answer a answered undefined']);
  });

  test('whose first event is not its last becomes a stream, and the runner keeps the event', () => {
    const relay = linked();
    relay.post(question('a'), T);
    expect(told(relay.fromRunner(event('a', 1), T))).toEqual(['answer a follow accepted']);
  });

  test('that is not answered soon becomes a stream; whether it was accepted is told', () => {
    const relay = linked();
    relay.post(question('a'), T);
    relay.post(question('b'), T + 10);
    relay.fromRunner(frame({ type: 'accepted', id: 'a' }), T + 100);
    expect(relay.soonAt).toBe(T + JSON_WAIT_MS);
    expect(told(relay.tick(T + JSON_WAIT_MS - 1))).toEqual([]);
    expect(told(relay.tick(T + JSON_WAIT_MS))).toEqual(['answer a follow accepted']);
    expect(told(relay.tick(T + JSON_WAIT_MS + 10))).toEqual(['answer b follow']);
    for (const stream of ['a', 'b']) relay.follow(stream, `socket of ${stream}`);
    expect([relay.soonAt, relay.durableAt]).toEqual([undefined, undefined]);
  });

  test('[R-4] whose worker is on its way to follow is not taken for abandoned, however much comes meanwhile', () => {
    const relay = linked();
    relay.post(question('a'), T);
    expect(told(relay.fromRunner(event('a', 1), T))).toEqual(['answer a follow accepted']);
    expect(told(relay.fromRunner(event('a', 2), T + 100))).toEqual([]);
    expect(told(relay.follow('a', 's1'))).toEqual(['tell s1 {"type":"linked"}']);
    expect(told(relay.fromRunner(event('a', 3), T + 200))).toEqual([`tell s1 ${event('a', 3)}`]);
  });

  test('whose worker never comes to follow is detached after a while', () => {
    const relay = linked();
    relay.post(question('a'), T);
    relay.fromRunner(event('a', 1), T);
    expect(told(relay.tick(relay.soonAt ?? 0))).toEqual(['link {"type":"detach","stream":"a"}']);
    expect(told(relay.fromRunner(event('a', 2), T + 6_000))).toEqual([
      'link {"type":"detach","stream":"a"}',
    ]);
  });

  test('[R-1] whose session ends while its worker is on its way still gets its last event', () => {
    const relay = linked();
    relay.post(question('a'), T);
    relay.fromRunner(event('a', 1), T);
    expect(told(relay.fromRunner(frame({ type: 'ended', fault: 'process_exited' }), T))).toEqual(
      [],
    );
    expect(relay.mayFollow('get', false, T, 'p1').fault?.fault).toBe('session_not_found');
    expect(relay.mayFollow('a', false, T, 'p1').fault).toBeUndefined();
    relay.follow('a', 's1');
    relay.fromRunner(event('a', 1), T + 50);
    expect(told(relay.fromRunner(event('a', 2, true), T + 50))).toEqual([
      `tell s1 ${event('a', 2, true)}`,
      'tell s1 {"type":"gone","fault":"process_exited"}',
      'closeLink 1000',
      'forget',
    ]);
  });

  test('[F-70] that comes after a failed start is told of it; after another end, only that there is no session', () => {
    for (const [fault, answer] of [
      ['process_start_failed', 'answer a refused process_start_failed undefined'],
      ['process_exited', 'answer a refused session_not_found undefined'],
    ]) {
      const relay = linked();
      relay.fromRunner(frame({ type: 'ended', fault }), T);
      expect(told(relay.post(question('a'), T + 10))).toEqual([answer]);
    }
  });

  test('[LP13] of a notification is answered when the runner has it, not before', () => {
    const relay = linked();
    relay.post(notice('n'), T);
    expect(told(relay.tick(T + 60_000))).toEqual([]);
    expect(told(relay.fromRunner(frame({ type: 'accepted', id: 'n' }), T))).toEqual([
      'omit n',
      'answer n accepted',
    ]);
  });

  test('that only waits for its acceptance asks for no timer', () => {
    const relay = linked();
    relay.post(notice('n'), T);
    relay.unlinked(T);
    expect(relay.soonAt).toBeUndefined();
    relay.post(question('a'), T + 5);
    expect(relay.soonAt).toBe(T + 5 + JSON_WAIT_MS);
  });

  test('[R-1] of an HTTP+SSE request tells the stream what it owes before it is accepted', () => {
    const relay = linked();
    relay.follow('sse', 's1');
    relay.post({ ...notice('p'), stream: 'sse', requestIds: ['"x"', '7'] }, T);
    expect(told(relay.fromRunner(frame({ type: 'accepted', id: 'p' }), T))).toEqual([
      'omit p',
      'tell s1 {"type":"owes","ids":["\\"x\\"","7"]}',
      'answer p accepted',
    ]);
  });

  test('that the runner refuses is refused with the runner’s words', () => {
    const relay = linked();
    relay.post(question('a'), T);
    const refusal = { type: 'refused', of: 'a', fault: 'overloaded', phase: 'not_sent' };
    expect(told(relay.fromRunner(frame(refusal), T))).toEqual([
      'answer a refused overloaded not_sent',
    ]);
    expect(relay.soonAt).toBeUndefined();
  });

  test('[LP17] carries which answers were delivered whole; without one they are told soon', () => {
    const relay = linked();
    for (const id of ['a', 'b']) {
      relay.post(question(id), T);
      relay.fromRunner(event(id, 1, true), T);
    }
    // b’s post carried a.
    expect(relay.soonAt).toBe(T + DELIVERY_DELAY_MS);
    expect(told(relay.post(question('c'), T))[0]).toBe(
      'link {"type":"post","stream":"c","id":"c","delivered":["b"]}\n{"q":"c"}',
    );
    relay.fromRunner(event('c', 1, true), T);
    expect(told(relay.tick(T + DELIVERY_DELAY_MS))).toEqual([
      'link {"type":"delivered","streams":["c"]}',
    ]);
    expect(relay.soonAt).toBeUndefined();
  });
});

describe('followers', () => {
  test('[D1] events go to the follower of their stream as they came, and to nobody else', () => {
    const relay = linked();
    relay.follow('get', 's1');
    relay.follow('a', 's2');
    const text = event('a', 3, false, '{"not":  "read"}');
    expect(told(relay.fromRunner(text, T))).toEqual([`tell s2 ${text}`]);
    const attached = frame({ type: 'attached', stream: 'get', after: 0 });
    expect(told(relay.fromRunner(attached, T))).toEqual([`tell s1 ${attached}`]);
  });

  test('[F-59] an event of a stream nobody follows reaches nobody; the runner keeps it', () => {
    const relay = linked();
    relay.follow('get', 's1');
    relay.post(question('a'), T);
    expect(told(relay.fromRunner(event('b', 1, true), T))).toEqual([
      'link {"type":"detach","stream":"b"}',
    ]);
    expect(told(relay.fromRunner(frame({ type: 'accepted', id: 'b' }), T))).toEqual(['omit b']);
    expect(
      told(relay.fromRunner(frame({ type: 'refused', of: 'b', fault: 'overloaded' }), T)),
    ).toEqual([]);
  });

  test('a later follower of the same stream wins; the earlier is closed with 4409 and its end is no detach', () => {
    const relay = linked();
    relay.follow('get', 's1');
    expect(told(relay.follow('get', 's2'))).toEqual(['close s1 4409', 'tell s2 {"type":"linked"}']);
    expect(told(relay.unfollow('get', 's1'))).toEqual([]);
    expect(told(relay.unfollow('get', 's2'))).toEqual(['link {"type":"detach","stream":"get"}']);
  });

  test('a plain second GET is refused, and makes the first one show whether it lives; resuming may take over', () => {
    const relay = linked();
    relay.follow('get', 's1');
    const { fault, effects } = relay.mayFollow('get', false, T, 'p1');
    expect(fault?.fault).toBe('stream_conflict');
    expect(told(effects)).toEqual(['tell s1 {"type":"probe","id":"p1"}']);
    expect(relay.mayFollow('get', true, T, 'p1').fault).toBeUndefined();
    expect(relay.mayFollow('a', false, T, 'p1').fault).toBeUndefined();
  });

  describe('[F-169] that are asked whether they live', () => {
    const asked = (): Relay => {
      const relay = linked();
      relay.follow('get', 's1');
      relay.mayFollow('get', false, T, 'p1');
      return relay;
    };
    const faultAt = (relay: Relay, ms: number, probe: string): string | undefined =>
      relay.mayFollow('get', false, T + ms, probe).fault?.fault;

    test('and do not say so within a second give way to who comes again', () => {
      const relay = asked();
      expect(told(relay.mayFollow('get', false, T + 899, 'p2').effects)).toEqual([]);
      expect(faultAt(relay, 899, 'p3')).toBe('stream_conflict');
      expect(faultAt(relay, 1_000, 'p4')).toBeUndefined();
      expect(told(relay.follow('get', 's2'))[0]).toBe('close s1 4409');
      expect(faultAt(relay, 1_001, 'p5')).toBe('stream_conflict');
    });

    test('and say so keep their stream, and are asked again', () => {
      const relay = asked();
      relay.alive('p1');
      const { fault, effects } = relay.mayFollow('get', false, T + 5_000, 'p2');
      expect(fault?.fault).toBe('stream_conflict');
      expect(told(effects)).toEqual(['tell s1 {"type":"probe","id":"p2"}']);
    });

    test('are not kept by the answer to another question', () => {
      const relay = asked();
      relay.alive('p0');
      expect(faultAt(relay, 1_000, 'p2')).toBeUndefined();
    });

    test('and are gone meanwhile are no obstacle at once', () => {
      const relay = asked();
      relay.unfollow('get', 's1');
      expect(faultAt(relay, 1, 'p2')).toBeUndefined();
    });
  });

  test('[LP18] what they say goes to the runner unread, and nowhere while it is away', () => {
    const relay = linked();
    relay.follow('a', 's1');
    const ack = frame({ type: 'ack', stream: 'a', seq: 1 });
    expect(told(relay.fromWorker(ack))).toEqual([`link ${ack}`]);
    relay.unlinked(T);
    expect(told(relay.fromWorker(ack))).toEqual([]);
  });
});

describe('a runner that breaks the protocol', () => {
  test.each([
    ['no JSON', 'hello'],
    ['an unknown type', '{"type":"spawn"}'],
    ['a worker’s frame', '{"type":"end"}'],
    ['a command', '{"type":"accepted","id":"a","command":"sh"}'],
  ])('[LP2] with %s is closed with 4400', (_what, text) => {
    const relay = linked();
    relay.post(question('a'), T);
    expect(told(relay.fromRunner(text, T))).toEqual(['closeLink 4400']);
  });
});

describe('[F-162] a runner that sends frames out of turn', () => {
  /** Linked; s1 follows the GET stream from behind event 4. */
  const followed = (): Relay => {
    const relay = linked();
    relay.follow('get', 's1');
    relay.fromWorker(frame({ type: 'attach', stream: 'get', after: 4 }));
    relay.fromRunner(frame({ type: 'attached', stream: 'get', after: 4 }), T);
    return relay;
  };

  test.each([
    ['skips an event', event('get', 6)],
    ['names an absurd one', event('get', Number.MAX_SAFE_INTEGER)],
    ['names one beyond all numbers', event('get', 1e300)],
    [
      'says where the stream stands though nobody asked',
      frame({ type: 'attached', stream: 'get', after: 9 }),
    ],
    [
      'owes more than anyone can ask',
      frame({ type: 'attached', stream: 'get', after: 4, owes: Array(20_000).fill('1') }),
    ],
    [
      'owes what no id can be',
      frame({ type: 'attached', stream: 'get', after: 4, owes: ['x'.repeat(9_999)] }),
    ],
  ])('and %s is cut off, and nobody is told', (_title, text) => {
    const relay = followed();
    expect(told(relay.fromRunner(text, T))).toEqual(['closeLink 4400']);
    expect(relay.link.state).toBe('lost');
    expect(told(relay.fromRunner(event('get', 5), T))).toEqual([]);
  });

  test.each([
    ['repeats an event', event('get', 4)],
    ['starts over', event('get', 1)],
  ])('and %s is not heard', (_title, text) => {
    const relay = followed();
    expect(told(relay.fromRunner(text, T))).toEqual([]);
    expect(told(relay.fromRunner(event('get', 5), T))).toHaveLength(1);
  });

  test('and goes on after the end is cut off', () => {
    const relay = followed();
    relay.fromRunner(event('get', 5, true), T);
    expect(told(relay.fromRunner(event('get', 6), T))).toEqual(['closeLink 4400']);
  });

  test('or begins an answer in its middle', () => {
    const relay = linked();
    relay.post(question('a'), T);
    expect(told(relay.fromRunner(event('a', 2, true), T))).toEqual(['closeLink 4400']);
    expect(told(relay.linked(2))).toContain(
      'link {"type":"post","stream":"a","id":"a"}\n{"q":"a"}',
    );
  });

  test('or answers another than was asked: what was asked still holds', () => {
    const relay = followed();
    relay.fromWorker(frame({ type: 'attach', stream: 'get', after: 2 }));
    const other = frame({ type: 'attached', stream: 'get', after: 3 });
    expect(told(relay.fromRunner(other, T))).toEqual(['closeLink 4400']);
  });

  test('is taken at its word again on a new socket', () => {
    const relay = followed();
    relay.fromRunner(event('get', 6), T);
    relay.linked(2);
    relay.fromWorker(frame({ type: 'attach', stream: 'get', after: 4 }));
    for (const text of [
      frame({ type: 'attached', stream: 'get', after: 4 }),
      event('get', 5),
      event('get', 6),
    ])
      expect(told(relay.fromRunner(text, T))).toEqual([`tell s1 ${text}`]);
  });

  test('is no runner whose stream was asked for twice, or changed hands', () => {
    const relay = followed();
    for (const after of [5, 3]) relay.fromWorker(frame({ type: 'attach', stream: 'get', after }));
    const steps = [
      event('get', 5),
      frame({ type: 'attached', stream: 'get', after: 5 }),
      event('get', 6),
    ];
    steps.push(
      frame({ type: 'attached', stream: 'get', after: 3 }),
      event('get', 4),
      event('get', 5),
    );
    for (const text of steps) expect(told(relay.fromRunner(text, T))).toEqual([`tell s1 ${text}`]);
    relay.follow('get', 's2');
    expect(told(relay.fromRunner(event('get', 6), T))).toEqual([`tell s2 ${event('get', 6)}`]);
  });

  test('[F-89] is no runner that goes on after this has slept', () => {
    const relay = new Relay({ state: 'linked', epoch: 1 }, [['get', 's1']]);
    for (const text of [
      event('get', 41),
      event('get', 42),
      frame({ type: 'attached', stream: 'get', after: 40 }),
    ])
      expect(told(relay.fromRunner(text, T)).slice(0, 1)).toEqual(
        text.includes('attached') ? ['closeLink 4400'] : [`tell s1 ${text}`],
      );
  });
});

describe('a wall clock that is set back by a day', () => {
  const DAY = 86_400_000;

  test('makes no post wait for it', () => {
    const relay = linked();
    relay.post(question('a'), T);
    relay.tick(T - DAY);
    expect(told(relay.tick(T - DAY + JSON_WAIT_MS))).toEqual(['answer a follow']);
  });

  test('makes a lost runner be waited for no longer than the grace', () => {
    const relay = linked();
    relay.post(notice('n'), T);
    relay.unlinked(T);
    expect(told(relay.tick(T - DAY))).toEqual([]);
    expect(relay.durableAt).toBe(T - DAY + LINK_GRACE_MS);
    expect(told(relay.tick(T - DAY + LINK_GRACE_MS))).toEqual([
      'answer n refused runner_lost unknown',
    ]);
  });

  test('makes an end, and a dial, be waited for no longer than else', () => {
    const relay = linked();
    relay.end(T);
    relay.tick(T - DAY);
    expect(told(relay.tick(T - DAY + END_WAIT_MS))).toContain('forget');
    const awaited = new Relay({ state: 'awaited', until: T + DIAL_WAIT_MS });
    awaited.tick(T - DAY);
    expect(told(awaited.tick(T - DAY + DIAL_WAIT_MS))).toContain('forget');
  });
});

describe('[F-161] what waits for the runner', () => {
  const MIB = 1024 * 1024;
  const large = (id: string, mib: number) => ({ ...question(id), message: 'x'.repeat(mib * MIB) });
  const largeNotice = (id: string, mib: number) => ({
    ...notice(id),
    message: 'x'.repeat(mib * MIB),
  });
  const away = (): Relay => {
    const relay = linked();
    relay.unlinked(T);
    return relay;
  };

  test.each([
    ['is away', away, 'runner_offline'],
    ['is there', linked, 'overloaded'],
  ])('holds 8 MiB a session while it %s, whoever holds them', (_title, make, fault) => {
    const relay = make();
    relay.post(largeNotice('a', 4), T);
    relay.post(large('b', 4), T);
    relay.tick(T + JSON_WAIT_MS);
    relay.follow('b', 's1');
    expect(told(relay.post(large('c', 1), T + 300))).toEqual([
      `answer c refused ${fault} undefined`,
    ]);
    expect(told(relay.post(largeNotice('d', 1), T + 300))).toEqual([
      `answer d refused ${fault} undefined`,
    ]);
    expect(told(relay.post(notice('small'), T + 300)).at(-1)).not.toContain('link');
  });

  test.each<[string, (relay: Relay) => unknown]>([
    ['accepts it', (relay) => relay.fromRunner(frame({ type: 'accepted', id: 'b' }), T)],
    [
      'refuses it',
      (relay) => relay.fromRunner(frame({ type: 'refused', of: 'b', fault: 'overloaded' }), T),
    ],
    ['answers it', (relay) => relay.fromRunner(event('b', 1, true), T)],
    ['begins to answer it', (relay) => relay.fromRunner(event('b', 1), T)],
  ])('is let go of once the runner %s', (_title, settle) => {
    const relay = linked();
    relay.post(large('b', 4), T);
    relay.post(largeNotice('a', 4), T);
    settle(relay);
    expect(told(relay.post(large('c', 4), T)).join()).toContain('link');
    expect(told(relay.post(large('d', 1), T)).join()).toContain('refused overloaded');
  });

  test('is let go of when the worker that held it is gone', () => {
    const relay = linked();
    for (const id of ['a', 'b']) relay.post(large(id, 4), T);
    relay.tick(T + JSON_WAIT_MS);
    relay.follow('a', 's1');
    relay.unfollow('a', 's1');
    relay.tick(T + 10_000);
    for (const id of ['c', 'd']) expect(told(relay.post(large(id, 4), T)).join()).toContain('link');
  });

  test('lets one message pass, however large', () => {
    expect(told(linked().post(large('a', 12), T)).join()).toContain('link');
  });

  test('is not kept to be sent again once the runner has it', () => {
    const relay = linked();
    relay.post(large('b', 4), T);
    relay.fromRunner(frame({ type: 'accepted', id: 'b' }), T);
    relay.unlinked(T);
    expect(told(relay.linked(2))).toEqual(['link {"type":"welcome","expired":false}']);
  });

  test('keeps this awake for the grace while workers hold it, since it is counted in memory', () => {
    const relay = linked();
    relay.post(large('b', 4), T);
    relay.tick(T + JSON_WAIT_MS);
    relay.follow('b', 's1');
    expect(relay.soonAt).toBeUndefined();
    relay.unlinked(T + 300);
    expect(relay.soonAt).toBe(T + 300 + LINK_GRACE_MS);
    relay.tick(T + 300 + LINK_GRACE_MS);
    expect(relay.soonAt).toBeUndefined();
  });
});

describe('a link that is lost', () => {
  const lost = (): Relay => {
    const relay = linked();
    relay.unlinked(T);
    return relay;
  };

  test('[LP18] comes back: waiting posts are sent again, followers say once more what they need', () => {
    const relay = linked();
    relay.follow('get', 's1');
    relay.post(question('a'), T);
    relay.unlinked(T);
    relay.post(notice('n'), T + 1);
    expect(told(relay.linked(2))).toEqual([
      'link {"type":"welcome","expired":false}',
      'link {"type":"post","stream":"a","id":"a"}\n{"q":"a"}',
      'link {"type":"post","stream":"get","id":"n"}\n{}',
      'tell s1 {"type":"linked"}',
    ]);
    expect(relay.epoch).toBe(2);
  });

  test('[R-7] [LP20] longer than the grace answers what is in flight: lost if accepted, offline if not', () => {
    const relay = linked();
    relay.follow('get', 's1');
    relay.follow('p', 's2');
    relay.post(notice('n'), T);
    relay.post(notice('m'), T);
    relay.unlinked(T);
    expect(relay.durableAt).toBe(T + LINK_GRACE_MS);
    expect(told(relay.tick(T + LINK_GRACE_MS - 1))).toEqual([]);
    expect(told(relay.tick(T + LINK_GRACE_MS))).toEqual([
      'answer n refused runner_lost unknown',
      'answer m refused runner_lost unknown',
      'tell s2 {"type":"gone","fault":"runner_lost"}',
    ]);
    expect(relay.durableAt).toBe(T + WINDOW_MS);
    expect(told(relay.tick(T + LINK_GRACE_MS + 1))).toEqual([]);
    expect(told(relay.linked(2))[0]).toBe('link {"type":"welcome","expired":true}');
    relay.unlinked(T + 60_000);
    expect(told(relay.linked(3))[0]).toBe('link {"type":"welcome","expired":false}');
  });

  test('[R-7] keeps its GET stream over the grace: its client waits for notifications, not for answers', () => {
    const relay = linked();
    relay.follow('get', 's1');
    relay.unlinked(T);
    expect(told(relay.tick(T + LINK_GRACE_MS))).toEqual([]);
    expect(told(relay.linked(2))).toContain('tell s1 {"type":"linked"}');
  });

  test('[R-7] holds 32 requests in the grace and refuses more', () => {
    const relay = lost();
    for (let n = 0; n < OFFLINE_QUEUE; n++)
      expect(told(relay.post(notice(`n${n}`), T))).toEqual([]);
    expect(told(relay.post(question('a'), T))).toEqual([
      'answer a refused runner_offline undefined',
    ]);
    expect(relay.mayFollow('b', false, T, 'p1').fault?.fault).toBe('runner_offline');
  });

  test('[R-7] refuses at once after the grace', () => {
    const relay = lost();
    relay.tick(T + LINK_GRACE_MS);
    expect(told(relay.post(question('a'), T))).toEqual([
      'answer a refused runner_offline undefined',
    ]);
  });

  test('for five minutes ends the session', () => {
    const relay = lost();
    relay.follow('get', 's1');
    relay.tick(T + LINK_GRACE_MS);
    expect(told(relay.tick(T + WINDOW_MS))).toEqual([
      'tell s1 {"type":"gone","fault":"runner_lost"}',
      'closeLink 1000',
      'forget',
    ]);
    expect([relay.soonAt, relay.durableAt]).toEqual([undefined, undefined]);
  });
});

describe('a session', () => {
  test('whose runner never dials is given up after 10 s', () => {
    const relay = new Relay({ state: 'awaited', until: T + DIAL_WAIT_MS });
    relay.post(notice('a'), T);
    expect(relay.durableAt).toBe(T + DIAL_WAIT_MS);
    expect(told(relay.tick(T + DIAL_WAIT_MS))).toEqual([
      'answer a refused runner_offline not_sent',
      'closeLink 1000',
      'forget',
    ]);
  });

  test('that is awaited holds posts for the runner’s dial', () => {
    const relay = new Relay({ state: 'awaited', until: T + DIAL_WAIT_MS });
    expect(told(relay.post(question('a'), T))).toEqual([]);
    expect(told(relay.linked(1))).toEqual([
      'link {"type":"welcome","expired":false}',
      'link {"type":"post","stream":"a","id":"a"}\n{"q":"a"}',
    ]);
  });

  test('[F-28] ended by its client asks the runner first, and waits for it no longer than 5 s', () => {
    const relay = linked();
    relay.post(notice('n'), T);
    expect(told(relay.end(T))).toEqual(['link {"type":"end"}']);
    expect(told(relay.post(question('b'), T))).toEqual([
      'answer b refused session_not_found undefined',
    ]);
    expect(relay.mayFollow('get', true, T, 'p1').fault?.fault).toBe('session_not_found');
    expect(relay.soonAt).toBe(T + END_WAIT_MS);
    expect(told(relay.tick(T + END_WAIT_MS))).toEqual([
      'answer n refused session_not_found unknown',
      'closeLink 1000',
      'forget',
    ]);
  });

  test('ended by its client relays what still comes until `ended`', () => {
    const relay = linked();
    relay.follow('a', 's1');
    relay.end(T);
    const last = event('a', 1, true);
    expect(told(relay.fromRunner(last, T))).toEqual([`tell s1 ${last}`]);
    expect(told(relay.fromRunner(frame({ type: 'ended' }), T))).toEqual([
      'tell s1 {"type":"gone","fault":"session_not_found"}',
      'closeLink 1000',
      'forget',
    ]);
    expect(told(relay.end(T))).toEqual([]);
  });

  test('[R-1] an HTTP+SSE request that is answered on the stream before it is accepted is accepted', () => {
    const relay = linked();
    relay.follow('sse', 's1');
    relay.post({ ...notice('p'), stream: 'sse', requestIds: ['7'] }, T);
    relay.post({ ...notice('q'), stream: 'sse', requestIds: ['"7"'] }, T);
    const answer = event('sse', 1, false, '{"jsonrpc":"2.0","result":{"id":8},"id":"7"}');
    expect(told(relay.fromRunner(answer, T))).toEqual([
      `tell s1 ${answer}`,
      'tell s1 {"type":"owes","ids":["\\"7\\""]}',
      'answer q accepted',
    ]);
    const question = event('sse', 2, false, '{"jsonrpc":"2.0","method":"ping","id":7}');
    expect(told(relay.fromRunner(question, T))).toEqual([`tell s1 ${question}`]);
  });

  test('[LP22] [LP24] whose client is gone for good is not sent where it still waits for its turn', () => {
    const relay = linked();
    const cancel = frame({ type: 'cancel', stream: 'a' });
    expect(told(relay.fromWorker(cancel))).toEqual(['omit a', `link ${cancel}`]);
  });

  test('[LP24] whose runner told the end waits a second for workers on their way, and longer for what is said of posts that are under way', () => {
    const relay = linked();
    relay.post(question('a'), T);
    relay.tick(T + JSON_WAIT_MS);
    relay.post(notice('n'), T + JSON_WAIT_MS);
    relay.follow('get', 's1');
    const endedAt = T + 300;
    expect(told(relay.fromRunner(frame({ type: 'ended' }), endedAt))).toEqual([]);
    expect(told(relay.tick(endedAt + 1_000, true))).toEqual([]);
    expect(relay.soonAt).toBe(endedAt + 2_000);
    expect(told(relay.tick(endedAt + 2_000, true))).toEqual([]);
    expect(told(relay.fromRunner(frame({ type: 'accepted', id: 'n' }), endedAt + 2_500))).toEqual([
      'omit n',
      'answer n accepted',
      'tell s1 {"type":"gone","fault":"session_not_found"}',
      'closeLink 1000',
      'forget',
    ]);
  });

  test.each([
    ['1 s', 1_000, false],
    ['10 s where posts are under way to it', 10_000, true],
  ])(
    '[LP24] whose runner told the end and says nothing of posts is over after %s',
    (_, ms, isUnderWay) => {
      const relay = linked();
      relay.post(notice('n'), T);
      relay.end(T);
      relay.fromRunner(frame({ type: 'ended' }), T);
      for (let at = relay.soonAt ?? 0; at < T + ms; at = relay.soonAt ?? 0)
        expect(told(relay.tick(at, isUnderWay))).toEqual([]);
      expect(told(relay.tick(T + ms, isUnderWay))).toEqual([
        'answer n refused session_not_found unknown',
        'closeLink 1000',
        'forget',
      ]);
    },
  );

  test('[LP3] [LP24] a post that may go in parts is the same whenever it is sent; one without a request goes behind all others', () => {
    const relay = linked();
    const large = 'x'.repeat(5_000);
    relay.post(question('a'), T);
    relay.fromRunner(event('a', 1, true), T);
    const links = [
      ...relay.post({ ...question('b'), message: large }, T),
      ...relay.post(notice('n'), T),
    ];
    expect(links).toEqual([
      { do: 'link', text: `{"type":"post","stream":"b","id":"b"}\n${large}`, isBehind: false },
      {
        do: 'link',
        text: '{"type":"post","stream":"get","id":"n","delivered":["a"]}\n{}',
        isBehind: true,
      },
    ]);
    relay.unlinked(T);
    const [welcome, again] = relay.linked(2, [{ of: 's.1', to: 5, size: 9 }]);
    expect(welcome).toMatchObject({
      text: '{"type":"welcome","expired":false,"holds":[{"of":"s.1","to":5,"size":9}]}',
    });
    expect(again).toEqual(links[0]);
  });

  test('ended while its runner is away is over at once; a runner that breaks and returns meanwhile is told', () => {
    const away = linked();
    away.unlinked(T);
    expect(told(away.end(T))).toEqual(['closeLink 1000', 'forget']);
    const broken = linked();
    broken.end(T);
    broken.unlinked(T);
    expect(told(broken.linked(2))).toEqual([
      'link {"type":"welcome","expired":false}',
      'link {"type":"end"}',
    ]);
  });

  test('[LP11] given up by the fleet tells everyone once, and lets nothing in any more', () => {
    const relay = linked();
    relay.follow('get', 's1');
    relay.post(question('a'), T);
    expect(told(relay.giveUp({ fault: 'runner_lost' }))).toEqual([
      'answer a refused runner_lost unknown',
      'tell s1 {"type":"gone","fault":"runner_lost"}',
      'closeLink 1000',
      'forget',
    ]);
    expect(told(relay.giveUp({ fault: 'runner_lost' }))).toEqual([]);
    expect(told(relay.linked(9))).toEqual([]);
    expect(told(relay.post(question('b'), T))).toEqual([
      'answer b refused session_not_found undefined',
    ]);
  });

  test('[R-2] given up while the runner is away, a request that was never given to a link is not told that it may have run', () => {
    const relay = linked();
    relay.unlinked(T);
    relay.post(question('a'), T);
    expect(told(relay.giveUp({ fault: 'runner_lost' }))[0]).toBe(
      'answer a refused runner_offline not_sent',
    );
  });

  test('[F-89] restored after hibernation knows its link and its followers', () => {
    const relay = new Relay({ state: 'linked', epoch: 7 }, [['get', 's1']]);
    expect([relay.epoch, relay.followers]).toEqual([7, 1]);
    const text = event('get', 9);
    expect(told(relay.fromRunner(text, T))).toEqual([`tell s1 ${text}`]);
  });
});

test('[F-186] what was negotiated is known from the runner, and stays known while it is away', () => {
  const relay = linked();
  expect(relay.revision).toBeUndefined();
  expect(relay.fromRunner(frame({ type: 'negotiated', revision: '2024-10-07' }), T)).toEqual([]);
  relay.unlinked(T);
  expect(relay.revision).toBe('2024-10-07');
  expect(new Relay({ state: 'linked', epoch: 2 }, [], '2024-10-07').revision).toBe('2024-10-07');
});

describe('[F-591] a runner in this program', () => {
  const carrying = (): Relay => {
    const relay = new Relay({ state: 'awaited', until: T + DIAL_WAIT_MS });
    expect(told(relay.linked(1, [], true))).toEqual(['carry {"type":"welcome","expired":false}']);
    return relay;
  };
  const carried = (seq: number, final = false) => ({
    frame: { type: 'event' as const, stream: 'a', seq, ...(final && { final }) },
    message: ANSWER,
  });

  test('is handed frames as they are, and hands over its own', () => {
    const relay = carrying();
    expect(told(relay.post(question('a'), T))).toEqual([
      'carry {"type":"post","stream":"a","id":"a"}\n{"q":"a"}',
    ]);
    expect(told(relay.carried(carried(1, true), T))).toEqual([`answer a answered ${ANSWER}`]);
  });

  test('is held to the order of events as any other', () => {
    const relay = carrying();
    relay.post(question('a'), T);
    expect(told(relay.carried(carried(2), T))).toEqual(['closeLink 4400']);
    expect(told(relay.carried(carried(1, true), T))).toEqual([]);
  });

  test('is followed as any other: workers get the text of its frames, in pieces if the message is', () => {
    const relay = carrying();
    relay.follow('a', 's1');
    expect(told(relay.carried(carried(1), T))).toEqual([`tell s1 ${event('a', 1)}`]);
    const message = inPieces([ANSWER.slice(0, 5), ANSWER.slice(5)]);
    expect(told(relay.carried({ ...carried(2, true), message }, T))).toEqual([
      `tell s1 ${event('a', 2, true)}`,
    ]);
  });

  test('gets everything again after a break, by its next socket of whatever kind', () => {
    const relay = carrying();
    relay.post(question('a'), T);
    relay.unlinked(T);
    expect(told(relay.linked(2))).toEqual([
      'link {"type":"welcome","expired":false}',
      'link {"type":"post","stream":"a","id":"a"}\n{"q":"a"}',
    ]);
  });
});
