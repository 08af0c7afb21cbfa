import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeExit } from '../../../runner/process/exit.ts';
import type { ProcessSpec } from '../../../runner/process/process-spec.ts';
import { RecordedProcess, startFixture, startScript } from './recorded-process.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stdio-process-'));
});
afterAll(() => rm(folder, { recursive: true }));

function owned(recorded: RecordedProcess): RecordedProcess {
  onTestFinished(async () => {
    await recorded.process.terminate('test over');
  });
  return recorded;
}

/** Lets go a script that reads its stdin from SIGUSR2 on. */
function readsFromNowOn({ process: { pid } }: RecordedProcess): void {
  if (pid !== undefined) process.kill(pid, 'SIGUSR2');
}

test('lines go in and come out; the end of stdin is a clean exit', async () => {
  const recorded = owned(startFixture('echo.mjs'));
  expect(recorded.process.state).toBe('running');
  expect(await recorded.call('echo', { text: 'one' }, 1)).toBe('one');
  expect(await recorded.call('echo', { text: 'two' }, 2)).toBe('two');
  const facts = await recorded.process.terminate('session closed');
  expect(facts).toMatchObject({ reason: 'terminated', because: 'session closed', code: 0 });
  expect(recorded.process.state).toBe('exited');
  expect(recorded.exits).toEqual([facts]);
});

test('[F-70] a failed start is an exit with advice, after startProcess has returned', async () => {
  await writeFile(join(folder, 'plain.txt'), 'not a program');
  await writeFile(join(folder, 'lost.sh'), '#!/nowhere/interpreter\n');
  await chmod(join(folder, 'lost.sh'), 0o755);
  const cases: [Partial<ProcessSpec>, string, RegExp][] = [
    [{ command: 'no-such-foo' }, 'ENOENT', /'no-such-foo' not found: install it or give its full/u],
    [{ command: join(folder, 'no-foo') }, 'ENOENT', /no-foo' not found/u],
    [{ command: join(folder, 'plain.txt') }, 'EACCES', /may not be executed: .*chmod \+x/u],
    [{ command: folder }, 'EACCES', /may not be executed/u],
    [{ command: join(folder, 'lost.sh') }, 'ENOENT', /interpreter its first line names was not/u],
    [{ cwd: join(folder, 'gone') }, 'ENOENT', /directory '.*gone' does not exist: correct/u],
    [{ cwd: join(folder, 'plain.txt') }, 'ENOTDIR', /plain.txt' is not a directory/u],
    [{ args: ['a\0b'] }, 'ERR_INVALID_ARG_VALUE', /NUL byte/u],
    [{ command: '' }, 'ERR_INVALID_ARG_VALUE', /is empty/u],
    [{ args: ['x'.repeat(3_000_000)] }, 'E2BIG', /shorten/u],
  ];
  await Promise.all(
    cases.map(async ([spec, code, message]) => {
      const recorded = new RecordedProcess(spec);
      expect(recorded.exits).toEqual([]);
      expect(recorded.process.write(new Uint8Array(1))).toBe(false);
      const facts = await recorded.exit();
      expect(facts).toMatchObject({ reason: 'spawn_failed', spawnError: { code } });
      expect(describeExit(facts)).toMatch(message);
      expect(recorded.process.state).toBe('exited');
      expect(await recorded.process.terminate('late')).toBe(facts);
      expect(recorded.exits.length).toBe(1);
    }),
  );
});

test('a command is no shell text', async () => {
  const recorded = owned(new RecordedProcess({ command: `touch ${join(folder, 'pwned')};` }));
  expect((await recorded.exit()).spawnError?.code).toBe('ENOENT');
  const echoed = owned(
    startScript('process.stdout.write(process.argv[1] + "\\n")', {
      args: ['-e', 'console.log(process.argv[1])', '$(id); `id` | & > *'],
    }),
  );
  await echoed.exit();
  expect(echoed.lines).toEqual(['$(id); `id` | & > *']);
});

test('[F-70] an exit before anything was served tells code and last words', async () => {
  const facts = await owned(startFixture('exits-at-once.mjs', ['7'])).exit();
  expect(facts).toMatchObject({
    reason: 'exited',
    code: 7,
    stderrTail: ['cannot start: the fixture was asked to fail'],
  });
  expect(facts).not.toHaveProperty('signal');
  expect(facts.ranMs).toBeGreaterThan(0);
});

test.each(['SIGSEGV', 'SIGKILL', 'SIGABRT'])('[F-71] death by %s is told', async (name) => {
  const recorded = owned(startFixture('echo.mjs'));
  recorded.send({ id: 1, method: 'tools/call', params: { name: 'signal', arguments: { name } } });
  const facts = await recorded.exit();
  expect(facts).toMatchObject({ reason: 'signalled', signal: name });
  expect(facts).not.toHaveProperty('code');
});

test('all lines come before the exit, the unfinished last one too', async () => {
  const script = `
    for (let i = 0; i < 20000; i += 1) process.stdout.write('line ' + i + '\\n');
    process.stdout.write('no line break');
    process.exitCode = 3;`;
  const recorded = owned(startScript(script));
  expect(await recorded.exit()).toMatchObject({ code: 3 });
  expect(recorded.linesAtExit).toBe(20001);
  expect(recorded.lines[19999]).toBe('line 19999');
  expect(recorded.lines[20000]).toBe('no line break');
});

test('a paused listener still gets what the pipe held when the process exits', async () => {
  const recorded = owned(startScript(`setTimeout(() => console.log('a\\nb\\nc'), 20)`));
  recorded.process.pause();
  await recorded.exit();
  expect(recorded.lines).toEqual(['a', 'b', 'c']);
});

test('a pause stalls the process and resuming loses nothing', async () => {
  const script = `
    const { writeSync } = require('node:fs');
    const line = 'x'.repeat(999) + '\\n';
    for (let i = 0; i < 3000; i += 1) writeSync(1, line);
    writeSync(2, 'all written\\n');`;
  const recorded = owned(startScript(script));
  recorded.onLine = () => {
    if (recorded.lines.length === 1) recorded.process.pause();
  };
  await recorded.until(() => recorded.lines[0]);
  // Far less than the 3 MB has been taken: the process hangs in its write.
  const race = await Promise.race([
    recorded.until(() => recorded.stderr[0]),
    new Promise((resolve) => setTimeout(resolve, 300, 'stalled')),
  ]);
  expect(race).toBe('stalled');
  expect(recorded.lines.length).toBeLessThan(1000);
  recorded.process.resume();
  await recorded.exit();
  expect(recorded.lines.length).toBe(3000);
});

test('characters of four bytes survive a process that writes byte by byte', async () => {
  const recorded = owned(startFixture('utf8-bytes.mjs'));
  expect(await recorded.call('echo', { text: '🦊é👩‍💻' })).toBe('🦊é👩‍💻');
});

test('CRLF ends a line and CR between tokens does not', async () => {
  const recorded = owned(startFixture('crlf.mjs'));
  expect(await recorded.call('echo', { text: 'x' })).toBe('x');
  expect(recorded.lines.length).toBe(1);
});

test('[F-41] banners are lines like any other and do not end the process', async () => {
  const recorded = owned(startFixture('noisy-stdout.mjs'));
  expect(await recorded.call('echo', { text: 'x' })).toBe('x');
  expect(recorded.lines).toContain('Listening on stdio...');
  expect(recorded.lines).toContain('debug: a call came in');
});

test('[F-43] an overlong line is told and reading goes on after it', async () => {
  const recorded = owned(startFixture('echo.mjs', [], { maxLineBytes: 10_000 }));
  recorded.send({
    id: 1,
    method: 'tools/call',
    params: { name: 'big', arguments: { bytes: 1e6 } },
  });
  expect(await recorded.call('echo', { text: 'after' }, 2)).toBe('after');
  expect(recorded.overlong.length).toBe(1);
  expect(recorded.overlong[0]).toBeGreaterThan(10_000);
});

test('[F-43] a line that never ends is told once, holds no memory and can be ended', async () => {
  const recorded = owned(startFixture('endless-line.mjs', [], { maxLineBytes: 100_000 }));
  void recorded.call('echo');
  await recorded.until(() => recorded.overlong[0]);
  const facts = await recorded.process.terminate('line too long');
  expect(facts.reason).toBe('terminated');
  expect(recorded.overlong.length).toBe(1);
  expect(recorded.lines).toEqual([]);
});

test('[F-45] 30 MB of stderr are drained while calls go on, and are capped', async () => {
  const script = `
    const line = '\\u001b[31m' + 'e'.repeat(20000) + '\\n';
    for (let i = 0; i < 1500; i += 1) process.stderr.write(line);
    console.log('done');`;
  const recorded = owned(startScript(script));
  await recorded.line('done');
  await recorded.exit();
  expect(recorded.stderr[0]).toMatch(/^e{8187}$/u);
  expect(recorded.stderr.length).toBeLessThan(1500);
  expect(recorded.stderr.at(-1)).toMatch(/^\(\d+ lines of stderr withheld\)$/u);
});

test('a process that does not read holds the writer back, and drains when it does', async () => {
  const script = `
    process.on('SIGUSR2', () => {
      let bytes = 0;
      process.stdin.on('data', (chunk) => {
        bytes += chunk.length;
        if (bytes === Number(process.argv[1])) console.log('got all');
      });
    });
    setInterval(() => {}, 9e4);
    console.log('ready');`;
  const line = new Uint8Array(64 * 1024 - 1).fill(120);
  const recorded = owned(
    startScript(script, { args: ['-e', script, String(40 * (line.length + 1))] }),
  );
  await recorded.line('ready');
  let taken = 0;
  while (recorded.process.write(line)) taken += 1;
  taken += 1;
  expect(taken).toBeLessThan(40);
  expect(recorded.process.unwrittenBytes).toBeGreaterThan(0);
  readsFromNowOn(recorded);
  while (taken < 40) {
    const { drains } = recorded;
    if (!recorded.process.write(line)) {
      await recorded.until(() => (recorded.drains > drains ? true : undefined));
    }
    taken += 1;
  }
  await recorded.line('got all');
  expect(recorded.process.unwrittenBytes).toBe(0);
  expect(recorded.drains).toBeGreaterThan(0);
});

test('small lines are held back too once the pipe is full, and a drain follows', async () => {
  const recorded = owned(
    startScript(`
      process.on('SIGUSR2', () => process.stdin.resume());
      setInterval(() => {}, 9e4);
      console.log('ready');`),
  );
  await recorded.line('ready');
  const line = new Uint8Array(100).fill(120);
  let taken = 0;
  while (recorded.process.write(line)) taken += 1;
  expect(taken).toBeGreaterThan(100);
  expect(recorded.process.unwrittenBytes).toBeLessThanOrEqual(101);
  readsFromNowOn(recorded);
  await recorded.until(() => (recorded.drains > 0 ? true : undefined));
  expect(recorded.process.write(line)).toBe(true);
});

test('a write of many megabytes arrives whole', async () => {
  const recorded = owned(startFixture('echo.mjs', [], { maxLineBytes: 8_000_000 }));
  const text = '🦊'.repeat(1_000_000);
  expect(await recorded.call('echo', { text })).toBe(text);
});

test('[R-10] a process that asks on and on, and reads no answer, is ended before the answers fill the runner', async () => {
  const script = `
    process.stdin.pause();
    const line = '{"jsonrpc":"2.0","id":1,"method":"ping"}\\n'.repeat(1_000);
    const more = () => { while (process.stdout.write(line)); process.stdout.once('drain', more); };
    more();`;
  const recorded = owned(startScript(script));
  const answer = { id: 1, result: { padding: 'x'.repeat(4_096) } };
  let mostBytes = 0;
  recorded.onLine = () => {
    recorded.send(answer);
    recorded.lines.length = 0;
    mostBytes = Math.max(mostBytes, recorded.process.unwrittenBytes);
  };
  expect(await recorded.exit()).toMatchObject({
    reason: 'broken',
    because: 'did not read its stdin',
  });
  expect(mostBytes).toBeLessThan(64 * 1024 * 1024);
});

test('EPIPE: a process that closes its stdin and lives on is ended', async () => {
  const recorded = owned(
    startScript(
      `require('node:fs').closeSync(0); console.log('closed'); setInterval(() => {}, 9e4)`,
    ),
  );
  await recorded.line('closed');
  recorded.send({ id: 1, method: 'ping' });
  const facts = await recorded.exit();
  expect(facts).toMatchObject({ reason: 'broken', because: 'closed its stdin' });
});

test('EPIPE: writing to a process in the act of exiting leaves its exit code standing', async () => {
  const recorded = owned(
    startScript(`require('node:fs').closeSync(0); process.exitCode = 5;
    console.log('closed'); setTimeout(() => {}, 60)`),
  );
  await recorded.line('closed');
  for (let i = 0; i < 100; i += 1) recorded.send({ id: i, method: 'ping' });
  expect(await recorded.exit()).toMatchObject({ reason: 'exited', code: 5 });
  expect(recorded.send({ id: 1, method: 'ping' })).toBe(false);
});
