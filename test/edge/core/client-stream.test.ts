// One attached client: what it is sent, what is acknowledged, and how its stream goes on after a break.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  ClientStream,
  type ClientStreamEffect,
  type ClientStreamOptions,
} from '../../../edge/core/client-stream.ts';
import { wholeText } from '../../../shared/bytes.ts';
import { LINK_GRACE_MS } from '../../../shared/link/timing.ts';
import { STREAM_KINDS } from '../../../edge/core/stream-kinds.ts';
import { OWED_IDS } from '../../../shared/link/sizes.ts';
import type { StreamDown } from '../../../shared/link/session-frames.ts';

const POST: ClientStreamOptions = {
  stream: 'a',
  post: { id: 'a', message: '{"q":1}', isAccepted: false },
  after: 0,
  requestIds: ['1'],
  kind: STREAM_KINDS.streamable,
};
const GET: ClientStreamOptions = {
  ...POST,
  stream: 'get',
  post: undefined,
  after: null,
  requestIds: [],
};
const SSE: ClientStreamOptions = { ...GET, stream: 'sse', kind: STREAM_KINDS.sse };

/** A client stream with its effects in one line each. */
class Driven {
  readonly #stream: ClientStream;

  constructor(options: ClientStreamOptions) {
    this.#stream = new ClientStream(options);
  }

  get isDone(): boolean {
    return this.#stream.isDone;
  }

  receive = (frame: StreamDown, message?: string) => lines(this.#stream.receive(frame, message));
  event = (seq: number, message: string | undefined = `{"n":${seq}}`, final = false) =>
    this.receive({ type: 'event', stream: 'x', seq, ...(final && { final }) }, message);
  end = (seq: number) =>
    lines(this.#stream.receive({ type: 'event', stream: 'x', seq, final: true }, undefined));
  attached = (after: number) => this.receive({ type: 'attached', stream: 'x', after });
  drained = (upTo = this.#stream.written) => lines(this.#stream.drained(upTo));
  beat = () => lines(this.#stream.beat());
  mayOwe = () => this.#stream.mayOwe;
  broken = (now: number, random = 0.5) => lines(this.#stream.broken(now, random));
  refused = (fault: Parameters<ClientStream['refused']>[0]) => lines(this.#stream.refused(fault));
  cancelled = () => lines(this.#stream.cancelled());
}

const lines = (effects: readonly ClientStreamEffect[]): string[] =>
  effects.map((effect) => {
    switch (effect.do) {
      case 'dial':
        return `dial ${effect.delayMs}`;
      case 'send':
        return `send ${effect.text}`;
      case 'write':
        return `write ${wholeText(effect.text)}`;
      case 'settle':
        return `settle ${effect.fault?.fault ?? 'attached'}`;
      default:
        return effect.do;
    }
  });

const attach = (stream: string, after: number | null): string =>
  `send {"type":"attach","stream":"${stream}","after":${after}}`;
const ack = (stream: string, seq: number): string =>
  `send {"type":"ack","stream":"${stream}","seq":${seq}}`;

/** The error a client is written, for its id. */
const errorsIn = (
  written: readonly string[],
): [id: number | string, fault: string, phase: string][] =>
  written
    .filter((line) => line.startsWith('write data: {"jsonrpc"'))
    .map((line) => JSON.parse(line.slice('write data: '.length)))
    .map(({ id, error }) => [id, error.data.fault, error.data.phase]);

describe('a POST’s stream', () => {
  test('[LP18] attaches when its post is accepted after an event: the runner may have taken it for gone in between', () => {
    const stream = new Driven(POST);
    stream.receive({ type: 'linked' });
    stream.event(1);
    expect(stream.receive({ type: 'accepted', id: 'a' })).toEqual([attach('a', 1)]);
    expect(stream.receive({ type: 'accepted', id: 'a' })).toEqual([]);
  });

  test('[LP18] posts until accepted, then attaches behind what it wrote', () => {
    const stream = new Driven(POST);
    const post = 'send {"type":"post","stream":"a","id":"a"}\n{"q":1}';
    expect(stream.receive({ type: 'linked' })).toEqual([post]);
    expect(stream.receive({ type: 'linked' })).toEqual([post]);
    const accepted = stream.receive({ type: 'accepted', id: 'a' });
    expect(accepted).toEqual(['settle attached', attach('a', 0)]);
    expect(stream.receive({ type: 'linked' })).toEqual([attach('a', 0)]);
  });

  test('[LP13] an event implies acceptance: the post is not sent again', () => {
    const stream = new Driven(POST);
    stream.receive({ type: 'linked' });
    expect(stream.event(1)).toEqual(['settle attached', 'write id: a.1\ndata: {"n":1}\n\n']);
    expect(stream.receive({ type: 'linked' })).toEqual([attach('a', 1)]);
  });

  test('[LP14] what was written is dropped when it comes again; a gap goes back to what is known', () => {
    const stream = new Driven(POST);
    stream.event(1);
    expect(stream.event(1)).toEqual([]);
    expect(stream.event(3)).toEqual([attach('a', 1)]);
    expect(stream.event(2)).toEqual(['write id: a.2\ndata: {"n":2}\n\n']);
  });

  test('[LP18] [R-10] a flood behind a gap asks for a replay once, not once for each event', () => {
    const stream = new Driven(POST);
    stream.event(1);
    expect([stream.event(3), stream.event(4), stream.event(5)]).toEqual([[attach('a', 1)], [], []]);
    stream.attached(1);
    expect(stream.event(2)).toEqual(['write id: a.2\ndata: {"n":2}\n\n']);
    // A later gap is a later break.
    expect(stream.event(9)).toEqual([attach('a', 2)]);
  });

  test('[LP15] acknowledges what has left for the client, once, and not what has not', () => {
    const stream = new Driven(POST);
    expect(stream.drained()).toEqual([]);
    stream.event(1);
    stream.event(2);
    expect(stream.drained()).toEqual([ack('a', 2)]);
    expect(stream.drained()).toEqual([]);
  });

  test('[LP19] finishes with the final event, hangs up once that has left, and takes nothing after it', () => {
    const stream = new Driven(POST);
    const last = stream.event(1, '{}', true);
    expect(last).toEqual(['settle attached', 'write id: a.1\ndata: {}\n\n', 'finish']);
    expect(stream.broken(0)).toEqual([]);
    expect(stream.drained()).toEqual([ack('a', 1), 'hangUp']);
    expect(stream.isDone).toBe(true);
    expect(stream.event(2)).toEqual([]);
  });

  test('a final event without a message ends the stream and writes nothing', () => {
    const stream = new Driven(POST);
    expect(stream.end(1)).toEqual(['settle attached', 'finish']);
    expect(stream.drained()).toEqual([ack('a', 1), 'hangUp']);
  });

  test('[R-1] a final event settles the request: a loss after it writes no error', () => {
    const stream = new Driven(POST);
    stream.event(1, '{}', true);
    expect(errorsIn(stream.receive({ type: 'gone', fault: 'runner_lost' }))).toEqual([]);
  });

  test('[R-7] [LP20] a lost runner is one error: lost if the post may have arrived, offline if not', () => {
    const accepted = new Driven(POST);
    accepted.receive({ type: 'accepted', id: 'a' });
    const lost = accepted.receive({ type: 'gone', fault: 'runner_lost' });
    expect(errorsIn(lost)).toEqual([[1, 'runner_lost', 'sent']]);
    expect(lost.slice(-2)).toEqual(['finish', 'hangUp']);
    expect(accepted.receive({ type: 'gone', fault: 'runner_lost' })).toEqual([]);
    const sent = new Driven(POST);
    sent.receive({ type: 'linked' });
    expect(errorsIn(sent.receive({ type: 'gone', fault: 'runner_lost' }))).toEqual([
      [1, 'runner_lost', 'unknown'],
    ]);
    const unaccepted = new Driven(POST);
    expect(errorsIn(unaccepted.receive({ type: 'gone', fault: 'runner_lost' }))).toEqual([
      [1, 'runner_offline', 'not_sent'],
    ]);
  });

  test('[R-1] of a batch: a loss answers only what was not answered yet, ids byte for byte', () => {
    const stream = new Driven({ ...POST, requestIds: ['1', '"1"', '12345678901234567890'] });
    stream.event(1, '{"jsonrpc":"2.0","id":"1","result":{}}');
    stream.event(2, '{"jsonrpc":"2.0","method":"notifications/x"}');
    // A question of the process that has one of the ids is no answer.
    stream.event(3, '{"jsonrpc":"2.0","id":1,"method":"ping"}');
    const written = stream.receive({ type: 'gone', fault: 'process_exited' }).join('\n');
    expect(written.match(/"id":[^,]+/gu)).toEqual(['"id":1', '"id":12345678901234567890']);
  });

  test('a refused post is one error and the end', () => {
    const stream = new Driven(POST);
    const refusal = stream.receive({ type: 'refused', of: 'a', fault: 'overloaded' });
    expect(errorsIn(refusal)).toEqual([[1, 'overloaded', 'not_sent']]);
    expect(stream.isDone).toBe(true);
  });

  test('[R-1] [F-83] a client cut off for reading slowly is told no outcome: its call goes on and can be resumed', () => {
    const stalled = { type: 'refused', of: 'a', fault: 'overloaded' } as const;
    const resumable = new Driven(POST);
    resumable.event(1);
    expect(resumable.receive(stalled)).toEqual(['cut', 'hangUp']);
    const last = new Driven({ ...POST, kind: STREAM_KINDS.modern });
    last.event(1);
    expect(errorsIn(last.receive(stalled))).toEqual([[1, 'overloaded', 'sent']]);
  });

  test('[F-83] [F-95] one that cannot resume has cancelled by it', () => {
    const stream = new Driven({ ...POST, kind: STREAM_KINDS.modern });
    stream.event(1);
    expect(stream.receive({ type: 'refused', of: 'a', fault: 'overloaded' }).slice(-3)).toEqual([
      'cut',
      'send {"type":"cancel","stream":"a"}',
      'hangUp',
    ]);
  });

  test('[D3] a listen lets the actor sleep: once it stands, few beats are heeded', () => {
    const stream = new Driven({ ...POST, kind: STREAM_KINDS.listen });
    expect([stream.beat(), stream.beat()]).toEqual([[ack('a', 0)], [ack('a', 0)]]);
    stream.event(1);
    stream.drained();
    const said = Array.from({ length: 80 }, () => stream.beat()).filter(({ length }) => length > 0);
    expect(said).toEqual([[ack('a', 1)], [ack('a', 1)]]);
  });

  test('[F-52] while something is owed, each beat says where the stream stands, for the actor to look at the link', () => {
    const stream = new Driven(POST);
    stream.event(1);
    stream.drained();
    expect(stream.beat()).toEqual([ack('a', 1)]);
    stream.event(2, '{}', true);
    expect(stream.beat()).toEqual([]);
  });

  test('[F-601] a stream that never owes anything needs no beats, and says so from the first', () => {
    const standing = new Driven(GET);
    expect(standing.mayOwe()).toBe(false);
    standing.receive({ type: 'linked' });
    standing.attached(0);
    standing.receive({ type: 'owes', ids: ['1'] });
    standing.event(1);
    expect(standing.beat()).toEqual([]);
    for (const options of [POST, SSE]) expect(new Driven(options).mayOwe()).toBe(true);
  });

  test('[F-83] what waits behind a slow client is not acknowledged with what left', () => {
    const stream = new Driven(POST);
    stream.event(1);
    stream.event(2);
    expect(stream.drained(1)).toEqual([ack('a', 1)]);
    expect(stream.drained()).toEqual([ack('a', 2)]);
  });

  test('[R-5] a client without resumption gets no event ids', () => {
    const stream = new Driven({ ...POST, kind: STREAM_KINDS.modern });
    expect(stream.event(1)).toEqual(['settle attached', 'write data: {"n":1}\n\n']);
  });
});

describe('a modern stream', () => {
  const MODERN: ClientStreamOptions = { ...POST, kind: STREAM_KINDS.modern };

  test('[F-95] cancels what was asked when its client goes, and hangs up behind that', () => {
    const stream = new Driven(MODERN);
    stream.receive({ type: 'linked' });
    expect(stream.cancelled()).toEqual(['send {"type":"cancel","stream":"a"}', 'hangUp']);
    expect([stream.cancelled(), stream.event(1)]).toEqual([[], []]);
  });

  test('cancels nothing that has its answer', () => {
    const stream = new Driven(MODERN);
    stream.event(1, '{}', true);
    expect(stream.cancelled()).toEqual(['hangUp']);
    const spent = new Driven(MODERN);
    spent.event(1, '{}', true);
    spent.drained();
    expect(spent.cancelled()).toEqual([]);
  });

  test('[F-343] of an opening ends the session when its client leaves before the first event', () => {
    const kind = STREAM_KINDS.opening;
    expect(new Driven({ ...POST, kind }).cancelled()).toEqual(['send {"type":"end"}', 'hangUp']);
    for (const isFinal of [false, true]) {
      const told = new Driven({ ...POST, kind });
      told.event(1, '{}', isFinal);
      expect(told.cancelled()).toEqual(['hangUp']);
    }
    // With an event id it may come back for the answer.
    expect(new Driven({ ...POST, kind: STREAM_KINDS.primedOpening }).cancelled()).toEqual([
      'hangUp',
    ]);
  });

  test('of a legacy client leaves the call to whoever resumes it', () => {
    expect(new Driven(POST).cancelled()).toEqual(['hangUp']);
  });
});

describe('a GET stream', () => {
  test('attaches, tells that it is attached once, and goes on from there', () => {
    const stream = new Driven(GET);
    expect(stream.receive({ type: 'linked' })).toEqual([attach('get', null)]);
    expect(stream.attached(4)).toEqual(['settle attached']);
    expect(stream.event(5)).toEqual(['write id: get.5\ndata: {"n":5}\n\n']);
    expect(stream.receive({ type: 'linked' })).toEqual([attach('get', 5)]);
    expect(stream.attached(5)).toEqual([]);
  });

  test('[R-4] takes nothing that was meant for an earlier follower: what is owed follows `attached`', () => {
    const stream = new Driven(GET);
    stream.receive({ type: 'linked' });
    // On its way to the follower before, which may never have got 4.
    stream.event(5);
    stream.attached(3);
    expect([stream.event(4), stream.event(5)].flat()).toEqual([
      'write id: get.4\ndata: {"n":4}\n\n',
      'write id: get.5\ndata: {"n":5}\n\n',
    ]);
  });

  test('[LP16] tells why a cursor cannot be resumed, and ends', () => {
    const stream = new Driven({ ...GET, after: 7 });
    expect(stream.receive({ type: 'linked' })).toEqual([attach('get', 7)]);
    expect(stream.receive({ type: 'refused', of: 'get', fault: 'replay_evicted' })).toEqual([
      'settle replay_evicted',
      'finish',
      'hangUp',
    ]);
  });

  test('[R-4] resumes behind the client’s cursor: nothing before it, no gap', () => {
    const stream = new Driven({ ...GET, after: 2 });
    stream.attached(2);
    expect(stream.event(2)).toEqual([]);
    expect(stream.event(4)).toEqual([attach('get', 2)]);
    expect(stream.event(3)).toEqual(['write id: get.3\ndata: {"n":3}\n\n']);
  });

  test('a probe writes to the client at once', () => {
    expect(new Driven(GET).receive({ type: 'probe' })).toEqual(['probe']);
  });

  test('leaves without a word to the runner when its client goes', () => {
    const stream = new Driven(GET);
    expect(stream.cancelled()).toEqual(['hangUp']);
    expect([
      stream.cancelled(),
      stream.event(1),
      stream.broken(0),
      stream.receive({ type: 'linked' }),
    ]).toEqual([[], [], [], []]);
  });
});

describe('an HTTP+SSE stream', () => {
  test('[LP21] ends the session when its client goes', () => {
    expect(new Driven(SSE).cancelled()).toEqual(['send {"type":"end"}', 'hangUp']);
  });

  test('[R-1] answers what it owes when the session is gone, without what was answered', () => {
    const stream = new Driven(SSE);
    stream.attached(0);
    stream.receive({ type: 'owes', ids: ['1', '"b"'] });
    stream.event(1, '{"jsonrpc":"2.0","id":1,"result":{}}');
    expect(errorsIn(stream.receive({ type: 'gone', fault: 'runner_lost' }))).toEqual([
      ['b', 'runner_lost', 'sent'],
    ]);
  });
});

describe('[R-1] what an HTTP+SSE stream owes', () => {
  const answer = (id: number): string => `{"jsonrpc":"2.0","id":${id},"result":{}}`;

  test('is not owed again when it is told a second time, however many answers came between', () => {
    const stream = new Driven(SSE);
    stream.attached(0);
    const ids = Array.from({ length: 500 }, (_, n) => n + 1);
    // The last of all is answered first; the actor repeats what it told last.
    stream.receive({ type: 'owes', ids: ids.map(String) });
    for (const [n, id] of [500, ...ids.slice(0, -1)].entries()) stream.event(n + 1, answer(id));
    stream.broken(0);
    stream.receive({ type: 'owes', ids: ids.slice(-OWED_IDS).map(String) });
    expect(errorsIn(stream.receive({ type: 'gone', fault: 'runner_lost' }))).toEqual([]);
  });

  test('is not owed when it is told after the answer', () => {
    const stream = new Driven(SSE);
    stream.receive({ type: 'attached', stream: 'sse', after: 0, owes: ['1', '2'] });
    stream.event(1, answer(1));
    stream.event(2, answer(3));
    stream.receive({ type: 'owes', ids: ['1', '3'] });
    expect(errorsIn(stream.receive({ type: 'gone', fault: 'runner_lost' }))).toEqual([
      [2, 'runner_lost', 'sent'],
    ]);
  });

  test('is exactly what was told and is not answered, whatever breaks', () => {
    const op = fc.constantFrom('post', 'post', 'answer', 'answer', 'break', 'late');
    fc.assert(
      fc.property(fc.array(op, { maxLength: 400 }), fc.infiniteStream(fc.nat()), (ops, picks) => {
        const stream = new Driven(SSE);
        stream.attached(0);
        const open: number[] = [];
        let told: number[] = [];
        let last = 0;
        let seq = 0;
        const tell = (ids: readonly number[]): void => {
          stream.receive({ type: 'owes', ids: ids.map(String) });
        };
        const posted = (): number => {
          told = [...told, ++last].slice(-OWED_IDS);
          return last;
        };
        for (const op of ops) {
          if (op === 'post') {
            open.push(posted());
            tell([last]);
          } else if (op === 'late') {
            // The answer confirms its post, so it is told first.
            stream.event(++seq, answer(posted()));
            tell([last]);
          } else if (op === 'answer' && open.length > 0) {
            const at = (picks.next().value ?? 0) % open.length;
            for (const id of open.splice(at, 1)) stream.event(++seq, answer(id));
          } else if (op === 'break') {
            // The last post may have been told to a socket that was breaking: it is told with the others again.
            tell(told);
          }
        }
        const owed = errorsIn(stream.receive({ type: 'gone', fault: 'runner_lost' }));
        expect(owed.map(([id]) => Number(id)).toSorted((a, b) => a - b)).toEqual(open);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a socket to the actor that breaks', () => {
  test('is dialled again with growing, jittered waits', () => {
    const stream = new Driven(GET);
    const waits = Array.from({ length: 8 }, (_, n) => stream.broken(n, 0.999)[0]);
    expect(waits).toEqual([50, 100, 200, 400, 799, 1_598, 1_998, 1_998].map((ms) => `dial ${ms}`));
    expect(new Driven(GET).broken(0, 0)).toEqual(['dial 0']);
  });

  test('starts over with short waits once the stream is attached again', () => {
    const stream = new Driven(GET);
    for (let n = 0; n < 5; n++) stream.broken(n, 0.5);
    stream.attached(0);
    expect(stream.broken(20_000, 0.5)).toEqual(['dial 25']);
  });

  test('[R-7] for longer than the grace is the end, with one error for each open request', () => {
    const stream = new Driven(POST);
    stream.receive({ type: 'accepted', id: 'a' });
    expect(stream.broken(1_000)).toHaveLength(1);
    expect(stream.broken(1_000 + LINK_GRACE_MS)).toHaveLength(1);
    const given = stream.broken(1_001 + LINK_GRACE_MS);
    expect(errorsIn(given)).toEqual([[1, 'runner_lost', 'unknown']]);
    expect(given.slice(-2)).toEqual(['finish', 'hangUp']);
    expect(stream.broken(2_000_000)).toEqual([]);
  });

  test.each([
    ['HTTP+SSE, since one may have been accepted that it did not hear of', SSE, true],
    ['a POST, which has its own requests only', POST, undefined],
  ])(
    '[F-347] [R-1] that ends in a refusal leaves requests unsure for %s',
    (_, options, isUnsure) => {
      const ends = (stream: ClientStream): ClientStreamEffect[] =>
        stream.refused({ fault: 'session_not_found' }).filter((effect) => effect.do === 'finish');
      const stream = new ClientStream(options);
      stream.broken(1_000, 0.5);
      expect(ends(stream)).toEqual([{ do: 'finish', ...(isUnsure && { isUnsure }) }]);
      const back = new ClientStream(options);
      back.broken(1_000, 0.5);
      back.receive({ type: 'attached', stream: 'x', after: 0 }, undefined);
      expect(ends(back)).toEqual([{ do: 'finish' }]);
    },
  );

  test('that the actor refuses for good is the end', () => {
    const stream = new Driven(POST);
    expect(errorsIn(stream.refused({ fault: 'session_not_found' }))).toEqual([
      [1, 'session_not_found', 'not_sent'],
    ]);
    expect(stream.refused({ fault: 'session_not_found' })).toEqual([]);
  });
});
