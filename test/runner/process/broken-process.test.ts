// Processes that live, but that nobody can speak with any more: gone at once for their listener, ended behind it.
import { expect, onTestFinished, test } from 'vitest';
import { describeExit, isFailure } from '../../../runner/process/exit.ts';
import { isAlive, statOf } from '../../../runner/process/process-table.ts';
import { type RecordedProcess, startFixture, startScript } from './recorded-process.ts';

/** Far less than any deadline of a call; what is promised at once takes under a second on a quiet machine. */
const AT_ONCE_MS = 4_000;

const INITIALIZE = { id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } };

function owned(recorded: RecordedProcess): RecordedProcess {
  onTestFinished(async () => void (await recorded.process.terminate('the test is over')));
  return recorded;
}

test('[F-130] stdout closed before anything was said: gone at once, and ended though it is deaf', async () => {
  const startedAt = performance.now();
  const recorded = owned(startFixture('closes.mjs', ['1', 'start']));
  const stat = statOf(recorded.process.pid ?? 0);
  recorded.send(INITIALIZE);
  const facts = await recorded.exit();
  expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
  expect(facts).toMatchObject({ reason: 'broken', because: 'closed its stdout' });
  expect(describeExit(facts)).toBe('closed its stdout, and was ended by the runner');
  expect(isFailure(facts, true)).toBe(true);
  expect(recorded.process.state).toBe('exited');
  expect(recorded.send(INITIALIZE)).toBe(false);
  await recorded.process.terminate('clear up');
  expect(stat && isAlive(stat)).toBe(false);
  expect(recorded.exits).toEqual([facts]);
});

test('[F-130] stdout closed under a call: what was said before comes first', async () => {
  const recorded = owned(startFixture('closes.mjs', ['1', 'call']));
  recorded.send(INITIALIZE);
  await recorded.until(() => recorded.messages().find(({ id }) => id === 1));
  recorded.send({ id: 2, method: 'tools/call', params: { name: 'echo' } });
  expect(await recorded.exit()).toMatchObject({ because: 'closed its stdout' });
  expect(recorded.linesAtExit).toBe(1);
});

test('[F-130] only the last of the lines is half: it comes, and then the end', async () => {
  const recorded = owned(
    startScript(
      `const fs = require('node:fs'); fs.writeSync(1, 'one\\ntw'); fs.closeSync(1); setInterval(() => {}, 9e4)`,
    ),
  );
  expect(await recorded.exit()).toMatchObject({ reason: 'broken' });
  expect(recorded.lines).toEqual(['one', 'tw']);
});

test('[F-130] stdout closed by one that then exits: the exit is what counts', async () => {
  const recorded = owned(
    startScript(`require('node:fs').closeSync(1); setTimeout(() => process.exit(6), 40)`),
  );
  expect(await recorded.exit()).toMatchObject({ reason: 'exited', code: 6 });
});

test.each(['start', 'call'])(
  '[F-130] stdin closed at the %s: gone once something is written',
  async (when) => {
    const recorded = owned(startFixture('closes.mjs', ['0', when]));
    if (when === 'call') await recorded.call('echo', { text: 'x' });
    await recorded.until(() => {
      recorded.send({ id: 7, method: 'ping' });
      return recorded.process.unwrittenBytes === 0 ? true : undefined;
    });
    const again = setInterval(() => recorded.send({ id: 8, method: 'ping' }), 50);
    onTestFinished(() => clearInterval(again));
    expect(await recorded.exit()).toMatchObject({ reason: 'broken', because: 'closed its stdin' });
  },
);

test('[F-130] stderr closed is nobody else’s business', async () => {
  const recorded = owned(startFixture('closes.mjs', ['2', 'start']));
  expect(await recorded.call('echo', { text: 'still here' })).toBe('still here');
});

test('[F-130] one that takes nothing from its full stdin and says nothing is gone in seconds; one that reads slowly is not, nor one whose output nobody takes', async () => {
  const stuck = owned(startScript('process.stdin.pause(); setInterval(() => {}, 9e4)'));
  // Out of one large line: as a whole it takes longer than a stuck process is given.
  const slow = owned(
    startScript(
      `const fs = require('node:fs'); const piece = Buffer.alloc(65536);
        setInterval(() => { try { fs.readSync(0, piece); } catch {} }, 1000)`,
    ),
  );
  const unheard = owned(
    startScript(
      `const fs = require('node:fs'); process.stdin.pause();
        for (;;) fs.writeSync(1, 'x'.repeat(9999) + '\\n')`,
    ),
  );
  unheard.process.pause();
  slow.process.write(new Uint8Array(4 * 1024 * 1024).fill(120));
  for (const { process } of [unheard, stuck]) {
    while (process.write(new Uint8Array(65_536).fill(120)));
  }
  const fullAt = performance.now();
  expect(await stuck.exit()).toMatchObject({ because: 'did not read its stdin for 10 s' });
  expect(performance.now() - fullAt).toBeGreaterThan(9_000);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect([...slow.exits, ...unheard.exits]).toEqual([]);
});
