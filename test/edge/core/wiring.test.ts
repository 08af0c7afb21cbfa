// The three machines on one bench: a runner's session, the actor's relay and the workers' client streams, joined by queues
// that are flushed by hand and cut anywhere. No host, no time but what the test says.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { STREAM_KINDS } from '../../../edge/core/stream-kinds.ts';
import { ClientStream, type ClientStreamEffect } from '../../../edge/core/client-stream.ts';
import type { PostAnswer } from '../../../edge/core/ports.ts';
import { Relay } from '../../../edge/core/relay.ts';
import type { RelayEffect } from '../../../edge/core/relay-effects.ts';
import type { SessionEffect } from '../../../runner/core/session-effects.ts';
import { Session } from '../../../runner/core/session.ts';
import { decodeText, encodeText } from '../../../shared/link/codec.ts';
import { sessionDown, streamDown } from '../../../shared/link/session-frames.ts';
import { LIMITS } from '../../runner/core/driven-session.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One exchange: a client's request, and all it was told about it. */
interface Exchange {
  readonly id: string;
  readonly message: string;
  /** Numbers of its progress notifications, as they came. */
  readonly progress: number[];
  readonly outcomes: string[];
  /** Sequence numbers of its SSE events. */
  readonly seqs: number[];
  stream: ClientStream | undefined;
  socket: string | undefined;
  needsDial: boolean;
  toWorker: string[];
  toRelay: string[];
}

class Bench {
  now = 1_000_000;
  readonly exchanges: Exchange[] = [];
  /** The requests that stood on stdin, by the exchange they are for. */
  readonly written: string[] = [];
  #session = new Session({ limits: LIMITS, clientKind: 'streamable' }, this.now);
  #relay = new Relay({ state: 'awaited', until: this.now + 10_000 });
  #isLinked = false;
  #epoch = 0;
  #down: string[] = [];
  #up: string[] = [];
  #sockets = 0;
  /** Requests the process has and has not answered: its id, the exchange's, and how far its progress is. */
  #open: { bridgeId: number; id: string; progress: number }[] = [];

  // What a test does.

  post(): void {
    const id = `p${this.exchanges.length}`;
    const message = `{"jsonrpc":"2.0","id":"${id}","method":"tools/call","params":{"for":"${id}","_meta":{"progressToken":"${id}"}}}`;
    const exchange: Exchange = {
      id,
      message,
      progress: [],
      outcomes: [],
      seqs: [],
      stream: undefined,
      socket: undefined,
      needsDial: false,
      toWorker: [],
      toRelay: [],
    };
    this.exchanges.push(exchange);
    const post = { id, stream: id, message, wants: 'answer', requestIds: [`"${id}"`] } as const;
    this.#perform(this.#relay.post(post, this.now));
  }

  link(): void {
    this.cut();
    this.#isLinked = true;
    this.#epoch += 1;
    this.#perform(this.#relay.linked(this.#epoch));
  }

  /** Breaks the link: what is on the way is lost. */
  cut(): void {
    if (!this.#isLinked) return;
    this.#isLinked = false;
    this.#down = [];
    this.#up = [];
    this.#perform(this.#relay.unlinked(this.now));
    this.#do(this.#session.unlinked(this.now));
  }

  /** The actor loses its memory and every socket. Workers that wait for it take to a stream. */
  crash(): void {
    this.#isLinked = false;
    this.#down = [];
    this.#up = [];
    this.#do(this.#session.unlinked(this.now));
    this.#relay = new Relay({ state: 'lost', since: this.now, isExpired: false });
    for (const exchange of this.exchanges) {
      if (exchange.socket !== undefined) this.#lose(exchange);
      else if (!exchange.stream && exchange.outcomes.length === 0) this.#follow(exchange, false);
    }
  }

  /** Breaks the socket between a worker and the actor; the actor notices. */
  cutFollower(index: number): void {
    const exchange = this.#followed(index);
    const { socket } = exchange ?? {};
    if (!exchange || socket === undefined) return;
    this.#lose(exchange);
    this.#perform(this.#relay.unfollow(exchange.id, socket));
  }

  redial(): void {
    for (const exchange of this.exchanges) {
      if (!exchange.needsDial || exchange.stream?.isDone !== false) continue;
      exchange.needsDial = false;
      exchange.socket = `s${this.#sockets++}`;
      this.#perform(this.#relay.follow(exchange.id, exchange.socket));
    }
  }

  /** Lets up to `count` frames through in one direction. */
  flow(direction: 'down' | 'up' | 'toWorker' | 'toRelay', count: number): void {
    for (let n = 0; n < count; n++) {
      if (direction === 'down') this.#toRunner(this.#down.shift());
      else if (direction === 'up') this.#fromRunner(this.#up.shift());
      else for (const exchange of this.exchanges) this.#pass(exchange, direction);
    }
  }

  progress(index: number): void {
    const open = this.#open[index % Math.max(1, this.#open.length)];
    if (!open) return;
    open.progress += 1;
    const params = { progressToken: open.bridgeId, progress: open.progress };
    this.#print({ jsonrpc: '2.0', method: 'notifications/progress', params });
  }

  answer(index: number): void {
    const [open] = this.#open.splice(index % Math.max(1, this.#open.length), 1);
    if (open) this.#print({ jsonrpc: '2.0', id: open.bridgeId, result: { of: open.id } });
  }

  /** What was written to a client has left: it is acknowledged. */
  drain(index: number): void {
    const exchange = this.#followed(index);
    if (exchange?.stream) this.#tell(exchange, exchange.stream.drained(exchange.stream.written));
  }

  pass(ms: number): void {
    this.now += ms;
    this.#perform(this.#relay.tick(this.now));
    this.#do(this.#session.tick(this.now));
  }

  /** Everything comes back and runs until nothing moves any more. */
  settle(): void {
    if (!this.#isLinked) this.link();
    for (let turn = 0; turn < 60; turn++) {
      this.redial();
      for (const direction of ['toRelay', 'down', 'up', 'toWorker'] as const)
        this.flow(direction, 50);
      while (this.#open.length > 0) this.answer(0);
      this.exchanges.forEach((exchange) => {
        if (exchange.stream) this.#tell(exchange, exchange.stream.drained(exchange.stream.written));
      });
      this.pass(20);
    }
  }

  // How the parts are joined.

  #followed(index: number): Exchange | undefined {
    const followed = this.exchanges.filter(({ socket }) => socket !== undefined);
    return followed[index % Math.max(1, followed.length)];
  }

  #lose(exchange: Exchange): void {
    exchange.socket = undefined;
    exchange.toWorker = [];
    exchange.toRelay = [];
    if (exchange.stream) this.#tell(exchange, exchange.stream.broken(this.now, 0));
  }

  #follow(exchange: Exchange, isAccepted: boolean): void {
    const { id, message } = exchange;
    exchange.stream = new ClientStream({
      stream: id,
      post: { id, message, isAccepted },
      after: 0,
      requestIds: [`"${id}"`],
      kind: STREAM_KINDS.streamable,
    });
    exchange.needsDial = true;
  }

  #toRunner(text: string | undefined): void {
    if (text === undefined) return;
    const reading = decodeText(sessionDown, text);
    if (!reading.ok) throw new Error(reading.reason);
    const { header, message } = reading.frame;
    const bytes = message === undefined ? undefined : encoder.encode(message);
    this.#do(this.#session.receive(header, bytes, this.now));
  }

  #fromRunner(text: string | undefined): void {
    if (text !== undefined) this.#perform(this.#relay.fromRunner(text, this.now));
  }

  #pass(exchange: Exchange, direction: 'toWorker' | 'toRelay'): void {
    const text = exchange[direction].shift();
    if (text === undefined) return;
    if (direction === 'toRelay') return this.#perform(this.#relay.fromWorker(text));
    const reading = decodeText(streamDown, text);
    if (!reading.ok) throw new Error(reading.reason);
    const { header, message } = reading.frame;
    this.#tell(exchange, exchange.stream?.receive(header, message) ?? []);
  }

  #print(message: object): void {
    this.#do(this.#session.line(encoder.encode(JSON.stringify(message)), this.now));
  }

  #do(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'send' && this.#isLinked) {
        const { frame, message } = effect;
        this.#up.push(encodeText(frame, message && decoder.decode(message)));
      }
      if (effect.do === 'write') {
        const { id: bridgeId, params } = JSON.parse(decoder.decode(effect.line));
        const id: string = params.for;
        this.written.push(id);
        this.#open.push({ bridgeId, id, progress: 0 });
      }
    }
  }

  #perform(effects: readonly RelayEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'link':
          if (this.#isLinked) this.#down.push(effect.text);
          break;
        case 'tell':
          this.exchanges.find(({ socket }) => socket === effect.socket)?.toWorker.push(effect.text);
          break;
        case 'answer':
          this.#answered(effect.id, effect.answer);
          break;
        case 'omit':
          // Nothing waits here: what is said is on its way at once.
          break;
        default:
          throw new Error(`unexpected: ${effect.do}`);
      }
    }
  }

  #answered(id: string, answer: PostAnswer): void {
    const exchange = this.exchanges.find((exchange) => exchange.id === id);
    if (!exchange) throw new Error('an answer to nobody');
    if (answer.kind === 'answered') exchange.outcomes.push(String(answer.message));
    else if (answer.kind === 'follow') this.#follow(exchange, answer.isAccepted);
    else throw new Error(`unexpected: ${JSON.stringify(answer)}`);
  }

  #tell(exchange: Exchange, effects: readonly ClientStreamEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'send' && exchange.socket !== undefined) exchange.toRelay.push(effect.text);
      if (effect.do === 'dial') exchange.needsDial = true;
      if (effect.do === 'write') this.#read(exchange, effect.text);
      if (effect.do === 'hangUp' && exchange.socket !== undefined) {
        const { socket } = exchange;
        for (const text of exchange.toRelay.splice(0)) this.#perform(this.#relay.fromWorker(text));
        exchange.socket = undefined;
        this.#perform(this.#relay.unfollow(exchange.id, socket));
      }
    }
  }

  /** Reads an SSE event as the client does. */
  #read(exchange: Exchange, text: string): void {
    const [, seq, message = ''] = /^id: \w+\.(\d+)\ndata: (.*)\n\n$/u.exec(text) ?? [];
    exchange.seqs.push(Number(seq));
    const { method, params } = JSON.parse(message);
    if (method === undefined) exchange.outcomes.push(message);
    else exchange.progress.push(params.progress);
  }
}

const action = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['post', 0] as const) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('answer' as const), fc.nat({ max: 9 })) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('progress' as const), fc.nat({ max: 9 })) },
  {
    weight: 12,
    arbitrary: fc.tuple(
      fc.constantFrom('down' as const, 'up' as const, 'toWorker' as const, 'toRelay' as const),
      fc.integer({ min: 1, max: 4 }),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('drain', 'cutFollower'), fc.nat({ max: 9 })) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('cut', 'link', 'redial'), fc.constant(0)) },
  { weight: 1, arbitrary: fc.constant(['crash', 0] as const) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('pass' as const), fc.nat({ max: 150 })) },
);

function play(bench: Bench, [name, n]: readonly [string, number]): void {
  switch (name) {
    case 'post':
      return bench.post();
    case 'answer':
      return bench.answer(n);
    case 'progress':
      return bench.progress(n);
    case 'drain':
      return bench.drain(n);
    case 'cutFollower':
      return bench.cutFollower(n);
    case 'cut':
      return bench.cut();
    case 'link':
      return bench.link();
    case 'redial':
      return bench.redial();
    case 'crash':
      return bench.crash();
    case 'pass':
      return bench.pass(n);
    case 'down':
    case 'up':
    case 'toWorker':
    case 'toRelay':
      return bench.flow(name, n);
    default:
      throw new Error(name);
  }
}

test('[R-1] [R-2] [R-4] [R-8] wherever it is cut: one outcome a request, one line on stdin, every event once and in order', () => {
  let cuts = 0;
  let streams = 0;
  fc.assert(
    fc.property(fc.array(action, { minLength: 10, maxLength: 120 }), (actions) => {
      const bench = new Bench();
      bench.link();
      for (const action of actions) {
        if (['cut', 'cutFollower', 'crash'].includes(action[0])) cuts += 1;
        play(bench, action);
      }
      bench.settle();
      for (const { id, outcomes, progress, seqs } of bench.exchanges) {
        expect(outcomes.map((outcome) => JSON.parse(outcome))).toEqual([
          { jsonrpc: '2.0', id, result: { of: id } },
        ]);
        expect(progress).toEqual(progress.map((_, index) => index + 1));
        expect(seqs).toEqual(seqs.map((_, index) => index + 1));
        if (seqs.length > 0) streams += 1;
      }
      expect(bench.written.toSorted()).toEqual(bench.exchanges.map(({ id }) => id).toSorted());
    }),
    { numRuns: 4_000 },
  );
  // A bench on which nothing breaks would prove nothing.
  expect(cuts).toBeGreaterThan(400);
  expect(streams).toBeGreaterThan(100);
});
