// Reloads one by one, whatever calls for them: the last state of the file is read, and a mistake changes nothing.
import { expect, it } from 'vitest';
import { configReloader } from '../../../runner/config/reload.ts';
import { logConfig } from '../../../runner/config/report.ts';
import type { ConfigReading, RunnerConfig } from '../../../runner/config/runner-config.ts';
import { createLog } from '../../../runner/log.ts';
import { accepted, GOOD, namesOf } from './reading.ts';

function journal() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'debug',
    pretty: false,
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const said = () =>
    lines.map(({ level, message, server, path }) =>
      [level, message, server, path].filter((word) => typeof word === 'string').join(' '),
    );
  return { log, said, forget: () => void lines.splice(0) };
}

const of = (...names: string[]) =>
  accepted({ mcpServers: Object.fromEntries(names.map((name) => [name, GOOD])) });

it('reads once more after a reading during which the file changed again, and no more (F-228)', async () => {
  const { log } = journal();
  const taken: string[][] = [];
  const readings: PromiseWithResolvers<ConfigReading>[] = [];
  const asked: (() => void)[] = [];
  const reload = configReloader({
    started: await of('a'),
    log,
    read() {
      const reading = Promise.withResolvers<ConfigReading>();
      readings.push(reading);
      asked.shift()?.();
      return reading.promise;
    },
    take: (config) => void taken.push(namesOf(config)),
  });
  const nextRead = () => new Promise<void>((resolve) => void asked.push(resolve));
  reload();
  for (let i = 0; i < 50; i++) reload();
  expect(readings).toHaveLength(1);
  const second = nextRead();
  readings[0]?.resolve({ ok: true, config: await of('b') });
  await second;
  reload();
  const third = nextRead();
  readings[1]?.reject(new Error('a fault of ours'));
  await third;
  readings[2]?.resolve({ ok: true, config: await of('c') });
  await new Promise(setImmediate);
  expect(readings).toHaveLength(3);
  expect(taken).toEqual([['b'], ['c']]);
});

it('a mistake changes nothing, and an entry that stays broken is told once (F-228)', async () => {
  const { log, said, forget } = journal();
  const taken: RunnerConfig[] = [];
  const files: ConfigReading[] = [];
  const done = Promise.withResolvers<void>();
  const reload = configReloader({
    started: await of('a', 'b'),
    log,
    read() {
      const next = files.shift();
      if (next === undefined) throw new Error('Nothing is left to read.');
      if (files.length === 0) done.resolve();
      return Promise.resolve(next);
    },
    take: (config) => void taken.push(config),
  });
  const broken = await accepted({ mcpServers: { a: { command: 1 }, c: GOOD } });
  files.push({ ok: true, config: broken });
  reload();
  await done.promise;
  await new Promise(setImmediate);
  expect(said()).toEqual([
    'warn server kept as it was before a mcpServers.a.command',
    'info server offered c',
    'info config reloaded',
  ]);
  forget();
  const problem = { file: 'f', path: 'line 1, column 1', what: 'x', fix: 'y' };
  files.push({ ok: false, problems: [problem] });
  reload();
  await new Promise(setImmediate);
  files.push({ ok: true, config: broken });
  reload();
  await new Promise(setImmediate);
  expect(said()).toEqual(['error config not reloaded line 1, column 1', 'info config reloaded']);
  expect(taken.map((config) => namesOf(config).toSorted())).toEqual([
    ['a', 'c'],
    ['a', 'c'],
  ]);
});

it('a start says of every entry what became of it', async () => {
  const { log, said } = journal();
  const config = await accepted({
    mcpServers: {
      'a b': { ...GOOD, timeout: 5 },
      off: { ...GOOD, enabled: false },
      away: { type: 'builtin', name: 'x' },
      bad: { command: 'x', args: {}, cwd: 5 },
    },
  });
  logConfig(log, config);
  expect(said()).toEqual([
    'warn config warning mcpServers["a b"].timeout',
    'warn config warning mcpServers["a b"]',
    'info server left out off mcpServers.off.enabled',
    'warn server left out away mcpServers.away.type',
    'warn server left out bad mcpServers.bad.args',
    'warn server left out bad mcpServers.bad.cwd',
    'info server offered a-b',
  ]);
});
