// Members of a virtual server, on stdio and at a URL, that are killed, stopped and restarted while calls run: their tools leave and come
// back, and calls of others are not touched.
import { beforeAll, describe, expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { everything } from './http-servers.ts';
import {
  failureOf,
  MODERN_CLIENTS,
  OFFICIAL_CLIENTS,
  type OfficialClient,
} from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { startWholeBridge, toolNames, type WholeBridge } from './virtual-features.ts';

let whole: WholeBridge;

beforeAll(async () => {
  whole = await startWholeBridge();
  return () => whole.stop();
});

describe.each([...OFFICIAL_CLIENTS, ...MODERN_CLIENTS])('$name over $transport', (kind) => {
  const connect = async (): Promise<OfficialClient> => {
    const official = await ownClient(whole.bridge, kind, 'all');
    await official.watch([]);
    return official;
  };
  const toldOf = ({ notifications }: OfficialClient): number =>
    notifications.filter(({ method }) => method === 'notifications/tools/list_changed').length;
  const pidOf = async ({ call }: OfficialClient): Promise<number> =>
    (JSON.parse(await call('echo__whoami')) as { pid: number }).pid;

  test('[R-16] [F-911] a member is killed while calls run: its tools leave and come back, and clients hear of both', async () => {
    const official = await connect();
    expect(await toolNames(official)).toContain('echo__echo');
    const pid = await pidOf(official);
    const failing = failureOf(official.call('echo__hang'));
    const others = [
      official.call('everything__trigger-long-running-operation', { duration: 2, steps: 2 }),
      official.call('remote__trigger-long-running-operation', { duration: 2, steps: 2 }),
    ];
    await official.call('echo__echo');
    const before = toldOf(official);
    process.kill(pid, 'SIGKILL');
    expect(await failing).toMatch(/^42003: /u);
    // It left, and it is back.
    await vi.waitFor(() => expect(toldOf(official)).toBeGreaterThanOrEqual(before + 2), PATIENCE);
    await vi.waitFor(
      async () => expect(await toolNames(official)).toContain('echo__echo'),
      PATIENCE,
    );
    expect(await pidOf(official)).not.toBe(pid);
    for (const answer of await Promise.all(others)) expect(answer).toContain('completed');
  });

  test('[R-16] [F-912] a member is stopped while calls run, and goes on: its call is answered late, others at once', async () => {
    const official = await connect();
    const pid = await pidOf(official);
    const label = `${kind.name} ${kind.transport}`;
    const waiting = official.call('echo__slow', { ms: 500, label });
    await vi.waitUntil(
      () => whole.facts().some((fact) => fact.pid === pid && fact.arguments?.['label'] === label),
      PATIENCE,
    );
    process.kill(pid, 'SIGSTOP');
    let isAnswered = false;
    const late = waiting.finally(() => {
      isAnswered = true;
    });
    const unheard = official.call('echo__echo', { text: 'sent while it stood' });
    try {
      const numbers = [1, 2, 3, 4, 5];
      const sums = numbers.map((a) => official.call('everything__get-sum', { a, b: 1 }));
      expect(await Promise.all(sums)).toHaveLength(5);
      expect(await official.call('remote__echo', { message: 'here' })).toBe('Echo: here');
      const long = { duration: 0.5, steps: 1 };
      expect(await official.call('remote__trigger-long-running-operation', long)).toContain(
        'completed',
      );
      expect(isAnswered).toBe(false);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await late).toBe('waited 500 ms');
    expect(await unheard).toBe('sent while it stood');
    expect(await pidOf(official)).toBe(pid);
  });

  test('[R-16] [F-913] a member at a URL is killed while calls run, and started again: its tools leave and come back', async () => {
    const official = await connect();
    expect(await toolNames(official)).toContain('remote__echo');
    const long = { duration: 60, steps: 2 };
    const failing = failureOf(official.call('remote__trigger-long-running-operation', long));
    const other = official.call('echo__slow', { ms: 1_500 });
    await official.call('remote__echo', { message: 'runs' });
    const before = toldOf(official);
    await whole.remote.kill();
    expect(await failing).toMatch(/^4200\d: /u);
    await vi.waitFor(
      async () => expect(await toolNames(official)).not.toContain('remote__echo'),
      PATIENCE,
    );
    expect(await official.call('memory__read_graph')).toContain('entities');
    expect(await other).toBe('waited 1500 ms');
    expect(await failureOf(official.call('remote__echo', { message: 'gone' }))).toMatch(
      /^4200\d: /u,
    );
    whole.remote = await everything('streamableHttp', whole.remote.port);
    await vi.waitFor(
      async () => expect(await toolNames(official)).toContain('remote__echo'),
      PATIENCE,
    );
    expect(await official.call('remote__echo', { message: 'back' })).toBe('Echo: back');
    await vi.waitFor(() => expect(toldOf(official)).toBeGreaterThanOrEqual(before + 2), PATIENCE);
  });
});
