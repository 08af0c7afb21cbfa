// The record of a whole bridge: the same call under the same id at both ends, sessions and runners that come and go, and nothing of
// what was said.
import { expect, onTestFinished, test, vi } from 'vitest';

import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { keyedFetch } from './keyed-fetch.ts';
import { MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';
import { fixture } from './raw-session.ts';

const CANARY = 'canary-4711-of-an-argument';

interface Line {
  readonly message: string;
  readonly callId?: string;
  readonly tool?: string;
  readonly outcome?: string;
  readonly app?: string;
  readonly principal?: string;
  readonly ms?: number;
  readonly edgeMs?: number;
  readonly processMs?: number;
  readonly linkMs?: number;
}

/** Lines of both logs that are JSON, without what stands before them. */
const linesOf = (bridge: Bridge): Line[] =>
  bridge.logs().flatMap((line) => {
    const json = line.slice(line.indexOf('{'));
    try {
      return [JSON.parse(json) as Line];
    } catch {
      return [];
    }
  });

test('[F-99] [F-458] [F-732] each call is in both records under one id, by tool, person and app; and no canary in any line', async () => {
  const key = mintClientKey();
  const bridge = await startBridge({
    servers: {
      echo: {
        command: process.execPath,
        args: [fixture('echo')],
        env: { SECRET: 'canary-4711-of-the-environment' },
      },
    },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ ann: { key: hashCredential(key), servers: ['*'] } }),
    },
  });
  onTestFinished(() => bridge.stop());
  const wrong = await fetch(bridge.mcpUrl('echo'), {
    method: 'POST',
    headers: { Authorization: 'Bearer canary-4711-of-a-key', 'X-Canary': CANARY },
  });
  expect(wrong.status).toBe(401);
  for (const kind of [...OFFICIAL_CLIENTS, ...MODERN_CLIENTS]) {
    const official = await kind.connect(new URL('/echo', bridge.url), { fetch: keyedFetch(key) });
    expect(await official.call('echo', { text: CANARY })).toBe(CANARY);
    await official.end();
  }
  const clients = OFFICIAL_CLIENTS.length + MODERN_CLIENTS.length;
  const calls = (message: string): Line[] =>
    linesOf(bridge).filter((line) => line.message === message && line.tool === 'echo');
  await vi.waitUntil(
    () => calls('call').length >= clients && calls('edge: call').length >= clients,
    PATIENCE,
  );
  const atEdge = calls('edge: call');
  const atRunner = calls('call');
  expect(new Set(atEdge.map(({ callId }) => callId))).toEqual(
    new Set(atRunner.map(({ callId }) => callId)),
  );
  for (const { principal } of [...atEdge, ...atRunner]) expect(principal).toBe('ann');
  for (const { callId, ms = 0, edgeMs = Number.NaN, outcome, processMs, linkMs } of atEdge) {
    const atProcess = atRunner.find((line) => line.callId === callId)?.ms;
    expect(atProcess).toEqual(expect.any(Number));
    const atRunnerMs = Math.round(atProcess ?? Number.NaN);
    expect(edgeMs).toBeLessThanOrEqual(ms);
    // On HTTP+SSE the answer comes elsewhere, when the POST is over.
    const isTold = outcome !== 'accepted';
    expect([callId, processMs]).toEqual([callId, isTold ? atRunnerMs : undefined]);
    expect(linkMs).toBe(isTold ? Math.max(0, ms - edgeMs - atRunnerMs) : undefined);
  }
  expect(atRunner.every(({ app }) => app !== undefined)).toBe(true);
  // At the edge, requests of 2026-07-28 name their client, and so does `initialize`.
  expect(linesOf(bridge).filter(({ message, app }) => message === 'edge: call' && app)).not.toEqual(
    [],
  );
  const messages = new Set(linesOf(bridge).map(({ message }) => message));
  for (const message of ['session opened', 'session ended', 'runner connected', 'request refused'])
    expect(messages).toContain(`edge: ${message}`);
  const all = bridge.logs().join('\n');
  expect(all).not.toContain('canary-4711');
  expect(all).not.toContain(key);
});
