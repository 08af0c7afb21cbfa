// Faults of the runner's own, injected where the pure machines are: what throws ends its session or process, and the runner
// goes on.
import { writeFileSync } from 'node:fs';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { readConfig } from '../../runner/config/read.ts';
import { Session } from '../../runner/core/session.ts';
import { KeptLink } from '../../runner/link/kept-link.ts';
import { createLog } from '../../runner/log.ts';
import { fixedToken } from '../../runner/runner-token.ts';
import { startRunner } from '../../runner/runner.ts';
import type { RunningRunner } from '../../runner/running-runner.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { FakeEdge, type FakeLink } from './fake-edge.ts';
import { temporaryFolder } from './journal.ts';
import { askOver, frameWith, linkOf, offer } from './lone-runner.ts';
import { fixture, initialize, toolCall } from './raw-session.ts';

let edge: FakeEdge;
let runner: RunningRunner;
let control: FakeLink;
let lines: string[];

beforeEach(async () => {
  edge = await FakeEdge.start();
  const { folder, remove } = temporaryFolder();
  const servers = { echo: { command: process.execPath, args: [fixture('echo')] } };
  writeFileSync(`${folder}/mcp.json`, JSON.stringify({ mcpServers: servers }));
  const reading = await readConfig(`${folder}/mcp.json`, {});
  if (!reading.ok) throw new Error('The config is in order.');
  lines = [];
  const log = createLog({ level: 'info', pretty: false, write: (line) => lines.push(line) });
  runner = startRunner({ config: reading.config, token: fixedToken('token'), edge: edge.url, log });
  control = await edge.controls.next();
  return async () => {
    vi.restoreAllMocks();
    runner.kill();
    await edge.stop();
    remove();
  };
});

/** A session with a link, initialized. */
async function open(letter: string): Promise<FakeLink> {
  offer(control, letter);
  const link = await linkOf(edge, letter);
  await askOver(link, 'init', initialize());
  return link;
}

const says = (words: string): Promise<unknown> =>
  vi.waitUntil(() => lines.some((line) => line.includes(words)), PATIENCE);

/** One session with a call in flight, and its neighbour. */
async function twoSessions(): Promise<{ ill: FakeLink; well: FakeLink }> {
  const ill = await open('i');
  const well = await open('w');
  ill.say({ type: 'post', stream: 'hang', id: 'hang' }, toolCall(1, 'hang'));
  await frameWith(ill, '"accepted"');
  return { ill, well };
}

async function expectServed(well: FakeLink): Promise<void> {
  expect(await askOver(well, 'well', toolCall(7, 'echo', { text: 'well' }))).toContain('well');
  expect(runner.snapshot().linked).toBe(true);
  // And a new one.
  const fresh = await open('f');
  expect(await askOver(fresh, 'fresh', toolCall(8, 'echo', { text: 'fresh' }))).toContain('fresh');
}

const boom = (): never => {
  throw new RangeError('boom');
};

describe('[F-241] a fault of our own', () => {
  test('over a frame of the edge ends its session, whose calls are answered', async () => {
    const { ill, well } = await twoSessions();
    vi.spyOn(Session.prototype, 'receive').mockImplementationOnce(boom);
    ill.say({ type: 'ack', stream: 'hang', seq: 0 });
    expect(await frameWith(ill, '"stream":"hang"', '"final":true')).toContain('42003');
    await frameWith(ill, '"ended"');
    await says('the session failed and is ended');
    await says('"error":"RangeError: boom"');
    await expectServed(well);
  });

  test('over a line of a process ends that process', async () => {
    const { ill, well } = await twoSessions();
    vi.spyOn(Session.prototype, 'line').mockImplementationOnce(boom);
    ill.say({ type: 'post', stream: 'echo', id: 'echo' }, toolCall(2, 'echo', { text: 'x' }));
    expect(await frameWith(ill, '"stream":"hang"', '"final":true')).toContain('42003');
    await says('the output of a process could not be handled');
    await expectServed(well);
  });

  test('over what time brings ends its session', async () => {
    const { ill, well } = await twoSessions();
    vi.spyOn(Session.prototype, 'tick').mockImplementationOnce(boom);
    // Its acceptance is due 100 ms later.
    ill.say({ type: 'post', stream: 'more', id: 'more' }, toolCall(2, 'hang'));
    expect(await frameWith(ill, '"stream":"hang"', '"final":true')).toContain('42003');
    await expectServed(well);
  });

  test('that comes again when the session is ended: the process ends all the same', async () => {
    const { ill, well } = await twoSessions();
    const { processes } = runner.snapshot();
    vi.spyOn(Session.prototype, 'receive').mockImplementationOnce(boom);
    vi.spyOn(Session.prototype, 'end').mockImplementationOnce(boom);
    ill.say({ type: 'ack', stream: 'hang', seq: 0 });
    expect(await ill.closed).toBe(1011);
    await says('session closed');
    expect(runner.snapshot().processes).toHaveLength(processes.length - 1);
    await expectServed(well);
  });

  test('at the end of a link: it is dialled again', async () => {
    const { ill, well } = await twoSessions();
    vi.spyOn(Session.prototype, 'unlinked').mockImplementationOnce(boom);
    await ill.send(Buffer.from([0]));
    const again = await linkOf(edge, 'i');
    expect(await frameWith(again, '"ended"')).toContain('The bridge had an internal error');
    await expectServed(well);
  });

  test('at the opening of a session: it is refused, and its process ended', async () => {
    const well = await open('w');
    const { processes } = runner.snapshot();
    vi.spyOn(KeptLink.prototype, 'start').mockImplementationOnce(boom);
    offer(control, 'i');
    const refusal = JSON.parse(await frameWith(control, '"refused"'));
    expect(refusal).toMatchObject({ session: 'i'.repeat(22), fault: 'process_start_failed' });
    await vi.waitUntil(() => runner.snapshot().processes.length === processes.length, PATIENCE);
    await expectServed(well);
  });
});
