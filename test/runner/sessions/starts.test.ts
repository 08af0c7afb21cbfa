// Processes that wait for their turn to start.
import { expect, test } from 'vitest';

import type { ExitFacts } from '../../../runner/process/exit.ts';
import type { ProcessListener, StdioProcess } from '../../../runner/process/stdio-process.ts';
import { Starts } from '../../../runner/sessions/starts.ts';
import { ToldProcess } from './told-process.ts';

class Heard implements ProcessListener {
  drains = 0;
  readonly exits: ExitFacts[] = [];

  onLine(): void {}
  onOverlong(): void {}
  onStderr(): void {}
  onDrain(): void {
    this.drains += 1;
  }
  onExit(facts: ExitFacts): void {
    this.exits.push(facts);
  }
}

const line = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Starts of one principal beside others: one at a time on two processors, and never more than a few. */
function held(): { starts: Starts; release: () => void } {
  const starts = new Starts(() => true);
  const others = Array.from({ length: 64 }, () =>
    starts.process('alice', () => new ToldProcess(), new Heard()),
  );
  return {
    starts,
    release: () => {
      for (const { over } of others) over();
    },
  };
}

test('[F-253] a process starts at once where there is room', () => {
  const process = new ToldProcess();
  const inTurn = new Starts(() => true).process('alice', () => process, new Heard());
  expect(inTurn.process.pid).toBe(1);
  expect(inTurn.process.write(line('hello'))).toBe(true);
  expect(process.told).toEqual(['hello']);
});

test('[F-372] of starts whose turn comes at once, one begins in each turn of the event loop', async () => {
  const starts = new Starts(() => false);
  const begun: string[] = [];
  for (const name of ['a', 'b'])
    starts.process(name, () => (begun.push(name), new ToldProcess()), new Heard());
  expect(begun).toEqual(['a']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual(['a', 'b']);
});

test('[F-550] a start waits until the system is ready for it, and the one behind it too', async () => {
  const made: (() => void)[] = [];
  const ready = (): Promise<void> => new Promise((resolve) => made.push(resolve));
  const starts = new Starts(() => false, ready);
  const begun: string[] = [];
  const [first] = ['a', 'b', 'c'].map((name) =>
    starts.process(name, () => (begun.push(name), new ToldProcess()), new Heard()),
  );
  expect(first?.process.pid).toBeUndefined();
  /** Two of them: what is made ready is heard of in one, and begins the next. */
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  expect([begun, made.length]).toEqual([[], 1]);
  made[0]?.();
  await turns();
  // Nothing begins while the system is made ready for another.
  expect([begun, made.length]).toEqual([['a'], 2]);
  first?.over();
  await turns();
  expect([begun, made.length]).toEqual([['a'], 2]);
  made[1]?.();
  await turns();
  expect(begun).toEqual(['a', 'b']);
  made[2]?.();
  await turns();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('[F-253] what it is told while it waits it hears when it starts, and only the first line is not held back', async () => {
  const { starts, release } = held();
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const process = new ToldProcess();
  const heard = new Heard();
  const start = (): StdioProcess => {
    resolve();
    return process;
  };
  const { process: waiting } = starts.process('alice', start, heard);
  expect(waiting).toMatchObject({ pid: undefined, state: 'running' });
  waiting.pause();
  expect(waiting.write(line('one'))).toBe(true);
  expect(waiting.write(line('two'))).toBe(false);
  expect(waiting.unwrittenBytes).toBe(6);
  release();
  await begun;
  expect(process.told).toEqual(['(pause)', 'one', 'two']);
  expect(heard.drains).toBe(1);
  expect(waiting.stderrTail()).toEqual(['said']);
});

test.each(['pause', 'resume'] as const)(
  '[F-253] the last word on its output holds when it starts: %s',
  async (word) => {
    const { starts, release } = held();
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const process = new ToldProcess();
    const start = (): StdioProcess => {
      resolve();
      return process;
    };
    const { process: waiting } = starts.process('alice', start, new Heard());
    waiting.pause();
    waiting.resume();
    waiting[word]();
    release();
    await begun;
    expect(process.told).toEqual([`(${word})`]);
  },
);

test('[F-253] one that is ended while it waits never starts, and its listener hears the end after that', async () => {
  const { starts, release } = held();
  const heard = new Heard();
  let isStarted = false;
  const start = (): StdioProcess => {
    isStarted = true;
    return new ToldProcess();
  };
  const { process, over } = starts.process('alice', start, heard);
  const ending = process.terminate('nobody waits');
  expect(process.state).toBe('exited');
  expect(heard.exits).toEqual([]);
  expect(await ending).toMatchObject({ reason: 'terminated', because: 'nobody waits' });
  expect(heard.exits).toHaveLength(1);
  over();
  release();
  expect(process.write(line('late'))).toBe(false);
  expect(isStarted).toBe(false);
});
