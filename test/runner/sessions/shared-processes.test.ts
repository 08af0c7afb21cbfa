// Hosts of shared processes, with a process that the test plays: who waits for whom, who loses a seat, and when a process ends.
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { SessionName } from '../../../shared/ids.ts';
import type { Log } from '../../../runner/log.ts';
import type { ExitFacts } from '../../../runner/process/exit.ts';
import type {
  ServerProcess,
  ServerProcessListener,
} from '../../../runner/sessions/pooled-process.ts';
import type { Seat } from '../../../runner/sessions/seat.ts';
import { SharedProcesses, type StartShared } from '../../../runner/sessions/shared-processes.ts';
import { GREETING, initialize } from '../seats/driven-hub.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const lineOf = (message: object): Uint8Array =>
  encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message }));

interface Written {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly requestId?: number };
}

class Played implements ServerProcess {
  pid: number | undefined = 4_711;
  state: ServerProcess['state'] = 'running';
  hasServed = false;
  isPaused = false;
  /** As a process that was left while it started. */
  leaves = false;
  takes = true;
  terminated: string | undefined;
  listener: ServerProcessListener | undefined;
  readonly written: Written[] = [];

  listen(listener: ServerProcessListener): void {
    this.listener = listener;
  }

  write(line: Uint8Array): boolean {
    this.written.push(JSON.parse(decoder.decode(line)) as Written);
    return this.takes;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  async terminate(reason: string): Promise<void> {
    this.terminated ??= reason;
  }

  leave(): boolean {
    return this.leaves;
  }

  print(message: object): void {
    this.listener?.onLine(lineOf(message));
  }

  /** Answers what it got last. */
  answer(result: object = {}): void {
    this.print({ id: this.written.findLast(({ id }) => id !== undefined)?.id, result });
  }
}

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

class PlayedServer {
  readonly processes: Played[] = [];
  readonly shared: SharedProcesses;
  refusal: string | undefined;

  constructor(limits = { sessionsPerProcess: 3, mostProcesses: 2 }) {
    this.shared = new SharedProcesses({
      sharing: { by: 'principal', ...limits },
      hub: { requestTimeoutMs: 60_000, startTimeoutMs: 30_000, quote: () => '' },
      log: SILENT,
      showsStderr: false,
    });
  }

  /** A session at a seat, which has said its `initialize`. */
  session(name?: SessionName): Session {
    const start: StartShared = () => {
      if (this.refusal !== undefined) return { ok: false, words: this.refusal };
      const process = new Played();
      this.processes.push(process);
      return { ok: true, process };
    };
    return new Session(this.shared.seat('group', name, start));
  }

  /** Sessions at one process, which has greeted them. */
  greeted(count: number): Session[] {
    const sessions = Array.from({ length: count }, () => this.session());
    this.processes.at(-1)?.answer(GREETING);
    return sessions;
  }
}

class Session {
  readonly seat: Seat;
  readonly heard: Written[] = [];
  readonly exits: ExitFacts[] = [];
  drains = 0;
  /** A fault of the bridge's own in this session. */
  fails = false;

  constructor(seat: Seat) {
    this.seat = seat;
    seat.listen({
      onLine: (bytes) => {
        if (this.fails) throw new Error('a fault');
        this.heard.push(JSON.parse(decoder.decode(bytes)) as Written);
      },
      onOverlong: () => undefined,
      onStderr: () => undefined,
      onDrain: () => void (this.drains += 1),
      onExit: (facts) => void this.exits.push(facts),
    });
    this.say(initialize());
  }

  say(message: object): boolean {
    return this.seat.write(lineOf(message));
  }
}

const noted = (text: string): object => ({
  method: 'notifications/message',
  params: { level: 'info', data: text },
});

const only = <T>(all: readonly T[]): T => {
  const [one] = all;
  if (one === undefined) throw new Error('there is one');
  return one;
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('[F-879] a session that does not read', () => {
  it('has its messages kept in order, and holds the process up only if nobody reads', () => {
    const bridge = new PlayedServer();
    const [lazy, busy] = bridge.greeted(2);
    const process = only(bridge.processes);
    lazy?.seat.pause();
    for (const text of ['1', '2', '3']) process.print(noted(text));
    expect(process.isPaused).toBe(false);
    expect(lazy?.heard).toHaveLength(1);
    expect(busy?.heard).toHaveLength(4);
    busy?.seat.pause();
    expect(process.isPaused).toBe(true);
    lazy?.seat.resume();
    expect(process.isPaused).toBe(false);
    expect(lazy?.heard.slice(1)).toEqual(busy?.heard.slice(1));
  });

  it('loses its seat when too much waits for it, and nobody else does', async () => {
    const bridge = new PlayedServer();
    const [lazy, busy] = bridge.greeted(2);
    const process = only(bridge.processes);
    lazy?.say({ id: 7, method: 'tools/call', params: {} });
    const { id } = process.written.at(-1) ?? {};
    lazy?.seat.pause();
    const large = 'x'.repeat(4 * 1024 * 1024);
    for (let n = 0; n < 5; n += 1) process.print(noted(large));
    await vi.advanceTimersByTimeAsync(1);
    expect(lazy?.exits).toMatchObject([{ reason: 'terminated' }]);
    expect(lazy?.exits[0]?.because).toContain('did not read');
    expect(process.written.at(-1)).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: id },
    });
    expect([busy?.exits, process.terminated]).toEqual([[], undefined]);
    process.print(noted('on'));
    expect(busy?.heard).toHaveLength(7);
  });
});

describe('a session in which the bridge fails', () => {
  it('loses its seat, and the others go on', async () => {
    const bridge = new PlayedServer();
    const [failing, other] = bridge.greeted(2);
    const process = only(bridge.processes);
    if (failing) failing.fails = true;
    process.print(noted('1'));
    process.print(noted('2'));
    await vi.advanceTimersByTimeAsync(1);
    expect(failing?.exits).toMatchObject([{ reason: 'terminated' }]);
    expect(other?.heard).toHaveLength(3);
    expect([other?.exits, process.terminated]).toEqual([[], undefined]);
  });

  it('keeps no other from hearing that the process is gone', async () => {
    const bridge = new PlayedServer();
    const [failing, other] = bridge.greeted(2);
    const process = only(bridge.processes);
    failing?.seat.pause();
    process.print(noted('1'));
    if (failing) failing.fails = true;
    process.listener?.onExit({ reason: 'exited', code: 1, stderrTail: [], ranMs: 1 });
    await vi.advanceTimersByTimeAsync(1);
    expect(failing?.exits).toHaveLength(1);
    expect(other?.exits).toMatchObject([{ reason: 'exited' }]);
  });
});

describe('[F-877] a process that does not read', () => {
  it('holds its sessions back until it has drained', () => {
    const bridge = new PlayedServer();
    const [one] = bridge.greeted(2);
    const process = only(bridge.processes);
    process.takes = false;
    expect(one?.say({ id: 1, method: 'tools/list' })).toBe(false);
    process.listener?.onDrain();
    expect(one?.drains).toBe(1);
    process.takes = true;
    expect(one?.say({ id: 2, method: 'tools/list' })).toBe(true);
  });
});

test('[F-941] a session that comes while a process owes an answer and is silent gets another one', async () => {
  const bridge = new PlayedServer();
  const [one] = bridge.greeted(1);
  one?.say({ id: 1, method: 'tools/call', params: { name: 'hangs' } });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(bridge.session().heard).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(bridge.session().heard).toEqual([]);
  expect(bridge.processes).toHaveLength(2);
});

test('[F-942] a session at a process that served others knows it; one at a process that is started does not', () => {
  const bridge = new PlayedServer({ sessionsPerProcess: 2, mostProcesses: 2 });
  const [first] = bridge.greeted(1);
  expect(first?.seat.processHasServed).toBe(false);
  if (first) first.seat.hasServed = true;
  const second = bridge.session();
  expect([second.seat.hasServed, second.seat.processHasServed]).toEqual([false, true]);
  expect(bridge.session().seat.processHasServed).toBe(false);
});

test('[F-887] a server at a URL, which has no process id, tells how many sessions share it', () => {
  const bridge = new PlayedServer();
  bridge.session('one');
  bridge.session('two');
  const process = only(bridge.processes);
  process.pid = undefined;
  expect(bridge.shared.sessionsByProcess()(process)).toEqual(['one', 'two']);
});

describe('[F-876] a process whose sessions are gone', () => {
  it('waits a minute for the next', async () => {
    const bridge = new PlayedServer();
    const [first] = bridge.greeted(1);
    const process = only(bridge.processes);
    await first?.seat.terminate('the session ended');
    await vi.advanceTimersByTimeAsync(59_000);
    expect(first?.exits).toMatchObject([{ reason: 'terminated', because: 'the session ended' }]);
    const second = bridge.session();
    expect(second.heard).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(process.terminated).toBeUndefined();
    await second.seat.terminate('the session ended');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(process.terminated).toBe('no session needed it any more');
    bridge.session();
    expect(bridge.processes).toHaveLength(2);
  });

  it('ends at once where its server is no longer offered, and with its last session', async () => {
    const bridge = new PlayedServer();
    const [one, two] = bridge.greeted(2);
    await bridge.shared.close();
    const process = only(bridge.processes);
    await one?.seat.terminate('x');
    expect(process.terminated).toBeUndefined();
    await two?.seat.terminate('x');
    expect(process.terminated).toBe('the server is no longer offered');
  });

  it('goes on starting for the next if it has not answered yet', () => {
    const bridge = new PlayedServer();
    const [one, two] = [bridge.session(), bridge.session()];
    const process = only(bridge.processes);
    process.leaves = true;
    expect([one.seat.leave(), two.seat.leave()]).toEqual([true, true]);
    expect(process.terminated).toBeUndefined();
    // Whoever comes next takes it over from the pool.
    bridge.session();
    expect(bridge.processes).toHaveLength(2);
  });

  it('that has answered is left by nobody: its sessions end', () => {
    const [one] = new PlayedServer().greeted(1);
    expect(one?.seat.leave()).toBe(false);
  });
});

describe('[F-871] a process that exits, or cannot be started', () => {
  it('tells all its sessions', () => {
    const bridge = new PlayedServer();
    const sessions = bridge.greeted(3);
    const facts: ExitFacts = { reason: 'exited', code: 1, stderrTail: [], ranMs: 1 };
    only(bridge.processes).listener?.onExit(facts);
    expect(sessions.map(({ exits }) => exits)).toEqual([[facts], [facts], [facts]]);
    expect(sessions[0]?.say({ id: 1, method: 'ping' })).toBe(false);
    bridge.session();
    expect(bridge.processes).toHaveLength(2);
  });

  it('says why to the session that asked', async () => {
    const bridge = new PlayedServer();
    bridge.refusal = 'it keeps failing to start';
    const session = bridge.session();
    await vi.advanceTimersByTimeAsync(1);
    expect(session.exits).toMatchObject([
      { reason: 'spawn_failed', spawnError: { words: 'it keeps failing to start' } },
    ]);
  });

  it('[F-880] more sessions than there may be places are refused', async () => {
    const bridge = new PlayedServer({ sessionsPerProcess: 1, mostProcesses: 1 });
    bridge.greeted(1);
    expect(bridge.shared.hasRoom('group')).toBe(false);
    const second = bridge.session();
    await vi.advanceTimersByTimeAsync(1);
    expect(second.exits[0]?.spawnError?.words).toContain('taken');
    expect(bridge.processes).toHaveLength(1);
  });
});
