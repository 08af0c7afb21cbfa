// The clock is set by a day while a runner serves: nothing is due sooner or later for it.
import { writeFileSync } from 'node:fs';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { readConfig } from '../../runner/config/read.ts';
import { createLog } from '../../runner/log.ts';
import { fixedToken } from '../../runner/runner-token.ts';
import { startRunner } from '../../runner/runner.ts';
import { FakeEdge, type FakeLink } from './fake-edge.ts';
import { temporaryFolder } from './journal.ts';
import { askOver, frameWith, linkOf, offer } from './lone-runner.ts';
import { fixture, initialize, toolCall } from './raw-session.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Longest silence of a request here. */
const REQUEST_MS = 1_500;

let edge: FakeEdge;
let link: FakeLink;

beforeEach(async () => {
  edge = await FakeEdge.start();
  const { folder, remove } = temporaryFolder();
  const bridge = { requestTimeout: `${REQUEST_MS}ms` };
  const echo = { command: process.execPath, args: [fixture('echo')], bridge };
  writeFileSync(`${folder}/mcp.json`, JSON.stringify({ mcpServers: { echo } }));
  const reading = await readConfig(`${folder}/mcp.json`, {});
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const log = createLog({ level: 'error', pretty: false, write: () => undefined });
  const runner = startRunner({
    config: reading.config,
    token: fixedToken('token'),
    edge: edge.url,
    log,
  });
  offer(await edge.controls.next(), 's');
  link = await linkOf(edge, 's');
  await askOver(link, 'init', initialize());
  return async () => {
    vi.restoreAllMocks();
    runner.kill();
    await edge.stop();
    remove();
  };
});

/** From now on the wall clock is off by so much. */
function setClock(ms: number): void {
  const real = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms);
}

describe.each([DAY_MS, -DAY_MS])('[F-244] a clock that is set by %i ms', (ms) => {
  test('ends no call and no session before its time', async () => {
    link.say({ type: 'post', stream: 'slow', id: 'slow' }, toolCall(1, 'slow', { ms: 700 }));
    await frameWith(link, '"accepted"');
    setClock(ms);
    expect(await frameWith(link, '"stream":"slow"', '"final":true')).toContain('waited 700 ms');
    expect(await askOver(link, 'next', toolCall(2, 'echo', { text: 'still' }))).toContain('still');
  });

  test('lets a call that is due be due', async () => {
    const askedAt = performance.now();
    link.say({ type: 'post', stream: 'hang', id: 'hang' }, toolCall(1, 'hang'));
    setClock(ms);
    expect(await frameWith(link, '"stream":"hang"', '"final":true')).toContain('42007');
    const tookMs = performance.now() - askedAt;
    expect(tookMs).toBeGreaterThan(REQUEST_MS - 50);
    expect(tookMs).toBeLessThan(REQUEST_MS + 10_000);
  });

  test('lets a lost link come back at once', async () => {
    setClock(ms);
    await link.send('no frame');
    link = await linkOf(edge, 's');
    expect(await askOver(link, 'next', toolCall(2, 'echo', { text: 'again' }))).toContain('again');
  });
});
