// The network between two ends as a test wants it: it cuts, swallows, slows, slices and counts what passes on 127.0.0.1.
// What it does it does to bytes; what the ends say to each other it does not know.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** `up`: from whoever dialled to the target. */
export type Direction = 'up' | 'down';

/** One dialled connection and its other half at the target. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Nothing passes any more, not even its end: both halves stay up. */
  isSwallowed: boolean;
}

/** Read ahead of a slow line; the system's own buffers hold more. */
const READ_BYTES = 16 * 1024;

/** A line is given this much at a time, so that its connections take turns. */
const LINE_PIECE_BYTES = 1_400;

/** What a line makes up for when it was served late. */
const LINE_LATE_MS = 200;

/** A slow direction is served this often, or more often in smaller pieces. */
const SLOW_TICK_MS = 50;

export class TcpProxy {
  readonly url: string;
  /** When each connection was dialled, refused ones too, by `performance.now()`. */
  readonly dialledAt: number[] = [];
  /** Bytes that passed, over all connections. */
  readonly passed: Record<Direction, number> = { up: 0, down: 0 };
  /** Bytes a second that each connection lets pass in a direction; without a figure, as fast as they come. */
  readonly bytesPerSecond: Partial<Record<Direction, number>> = {};
  /** Bytes a second that all connections share in a direction, as on one uplink. What the ends send beyond it waits at them. */
  readonly lineBytesPerSecond: Partial<Record<Direction, number>> = {};
  /** Each byte is a write of its own. */
  isSliced = false;
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #pairs = new Set<Pair>();
  /** When the line has carried what it was given, by `performance.now()`. */
  readonly #lineFreeAt: Record<Direction, number> = { up: 0, down: 0 };
  #isDown = false;
  #isSwallowing = false;
  #gate: PromiseWithResolvers<void> | undefined;
  #cutAt: { readonly direction: Direction; left: number; done(): void } | undefined;

  private constructor(server: Server, target: string) {
    const { hostname, port } = new URL(target);
    this.#server = server;
    this.#target = { host: hostname, port: Number(port) };
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (near) => this.#accept(near));
  }

  /** Opens on a free port, in front of the origin `target`, which need not be there yet. */
  /** `port`: 0 for any free one. */
  static async open(target: string, port = 0): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: READ_BYTES });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  /** Connections that are up. */
  get size(): number {
    return this.#pairs.size;
  }

  /** Resets every connection. New ones are served. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  /** Resets every connection, and every new one until {@link mend}. */
  goDown(): void {
    this.#isDown = true;
    this.cut();
  }

  /** Swallows what is sent on the connections there are; with `newToo`, on those to come until {@link mend} as well. */
  swallow(newToo = false): void {
    this.#isSwallowing = newToo;
    for (const pair of this.#pairs) pair.isSwallowed = true;
  }

  /** Swallows what is sent on the connection that has been up longest. */
  swallowOldest(): void {
    const [oldest] = this.#pairs;
    if (oldest) oldest.isSwallowed = true;
  }

  /** Resets every new connection until {@link mend}; those that are up stay. */
  refuseNew(): void {
    this.#isDown = true;
  }

  /** New connections are served again. */
  mend(): void {
    this.#isDown = false;
    this.#isSwallowing = false;
  }

  /** Reads nothing more, so that the ends feel back-pressure, until {@link resume}. */
  pause(): void {
    this.#gate ??= Promise.withResolvers();
  }

  resume(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** Cuts all connections once that many more bytes have passed in one direction; resolves then. */
  cutAfter(direction: Direction, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cutAt = { direction, left: bytes, done: resolve };
    });
  }

  /** Forgets a {@link cutAfter} that has not come to pass. */
  forgetCut(): void {
    this.#cutAt?.done();
    this.#cutAt = undefined;
  }

  async close(): Promise<void> {
    this.resume();
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    this.dialledAt.push(performance.now());
    near.on('error', () => undefined);
    if (this.#isDown) return void near.resetAndDestroy();
    const far = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const pair: Pair = { near, far, isSwallowed: this.#isSwallowing };
    this.#pairs.add(pair);
    // Each half's end shows where it is read; an error beyond that is told nobody.
    far.on('error', () => undefined);
    void Promise.all([this.#pump(pair, near, far, 'up'), this.#pump(pair, far, near, 'down')]).then(
      () => {
        near.destroy();
        far.destroy();
        this.#pairs.delete(pair);
      },
    );
  }

  async #pump(pair: Pair, from: Socket, to: Socket, direction: Direction): Promise<void> {
    try {
      for await (const chunk of from) {
        await this.#gate?.promise;
        if (!pair.isSwallowed) await this.#pass(chunk as Buffer, to, direction);
      }
      if (!pair.isSwallowed) to.end();
    } catch {
      if (!pair.isSwallowed) to.resetAndDestroy();
    }
  }

  async #pass(chunk: Buffer, to: Socket, direction: Direction): Promise<void> {
    const cut = this.#cutAt?.direction === direction ? this.#cutAt : undefined;
    const piece = cut ? chunk.subarray(0, cut.left) : chunk;
    await this.#write(piece, to, direction);
    if (!cut) return;
    cut.left -= piece.length;
    if (cut.left > 0 || this.#cutAt !== cut) return;
    this.#cutAt = undefined;
    this.cut();
    cut.done();
  }

  async #write(bytes: Buffer, to: Socket, direction: Direction): Promise<void> {
    if (this.lineBytesPerSecond[direction] !== undefined) {
      return this.#writeOnLine(bytes, to, direction);
    }
    const rate = this.bytesPerSecond[direction];
    if (rate === undefined && !this.isSliced) return this.#push(bytes, to, direction);
    const size = this.isSliced ? 1 : Math.max(1, Math.floor(((rate ?? 0) * SLOW_TICK_MS) / 1000));
    for (let at = 0; at < bytes.length && !to.destroyed; at += size) {
      const piece = bytes.subarray(at, at + size);
      await this.#push(piece, to, direction);
      if (rate === undefined) await nextTurn();
      else await sleep((1000 * piece.length) / rate);
    }
  }

  async #writeOnLine(bytes: Buffer, to: Socket, direction: Direction): Promise<void> {
    for (let at = 0; at < bytes.length && !to.destroyed; at += LINE_PIECE_BYTES) {
      const piece = bytes.subarray(at, at + LINE_PIECE_BYTES);
      const ms = (1_000 * piece.length) / (this.lineBytesPerSecond[direction] ?? Infinity);
      // Timers are late, and the more so the busier the machine: the line catches up.
      const from = Math.max(performance.now() - LINE_LATE_MS, this.#lineFreeAt[direction]);
      const freeAt = from + ms;
      this.#lineFreeAt[direction] = freeAt;
      const waitMs = freeAt - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      await this.#push(piece, to, direction);
    }
  }

  /** Waits until the system took the bytes: a receiver that does not read holds up the sender. */
  async #push(bytes: Buffer, to: Socket, direction: Direction): Promise<void> {
    // The callback comes with an error too; the pump of that half tells it.
    await new Promise<void>((resolve) => {
      to.write(bytes, () => resolve());
    });
    this.passed[direction] += bytes.length;
  }
}
