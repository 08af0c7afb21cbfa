// A member of a virtual server that stands still: a list waits for it ten seconds, and nobody else does.
import { beforeAll, describe, expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { MODERN_CLIENTS, OFFICIAL_CLIENTS, type OfficialClient } from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { fixture } from './raw-session.ts';

let bridge: Bridge;

beforeAll(async () => {
  const echo = { command: process.execPath, args: [fixture('echo')] };
  bridge = await startBridge({
    servers: { one: echo, two: echo },
    bridge: { virtual: { work: { members: { one: {}, two: {} } } } },
  });
  return () => bridge.stop();
});

const namesOf = async ({ client }: OfficialClient): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);

const pidOf = async ({ call }: OfficialClient): Promise<number> =>
  (JSON.parse(await call('two__whoami')) as { pid: number }).pid;

describe.each([...OFFICIAL_CLIENTS.slice(0, 1), ...MODERN_CLIENTS.slice(1)])(
  '$name over $transport',
  (kind) => {
    test('[R-16] [F-752] one that stands still: the list comes without it, and with it when it goes on', async () => {
      const official = await ownClient(bridge, kind, 'work');
      const pid = await pidOf(official);
      process.kill(pid, 'SIGSTOP');
      try {
        const names = await namesOf(official);
        expect(names).toContain('one__echo');
        expect(names).not.toContain('two__echo');
        expect(await official.call('one__echo', { text: 'here' })).toBe('here');
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await vi.waitFor(
        async () => expect(await namesOf(official)).toContain('two__echo'),
        PATIENCE,
      );
      expect(await pidOf(official)).toBe(pid);
    });
  },
);
