// What an edge counts of its requests, and what /metrics says of it.
import { describe, expect, test } from 'vitest';

import { signSession } from '../../../edge/access/session-id.ts';
import { hashCredential } from '../../../runner/credential.ts';
import { ANN, EDGE_BINDINGS } from '../../fixtures/edge-settings.ts';
import { headersOf, PlayedEdge, request } from './modern-client.ts';

const METRICS_KEY = 'the-key-of-the-metrics-page';
const SETTINGS = {
  BRIDGE_CLIENT_AUTH: 'keys',
  BRIDGE_METRICS_KEY: hashCredential(METRICS_KEY),
};
const key = { Authorization: `Bearer ${ANN.key}` };
const CANARY = 'canary"} 1\n';
const call = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: CANARY },
});
const sessionId = await signSession(EDGE_BINDINGS.BRIDGE_SECRET, {
  name: 'abcdefghijklmnopqrstuv',
  server: 'files',
  principal: 'ann',
  clientKind: 'streamable',
});

/** The samples of /metrics, without buckets. */
async function samples(edge: PlayedEdge): Promise<string[]> {
  edge.servers = ['files'];
  const headers = { Authorization: `Bearer ${METRICS_KEY}` };
  const response = await edge.send({ headers }, '/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  return text.split('\n').filter((line) => /^[^#]/u.test(line) && !line.includes('_bucket{'));
}

describe.each(['all', 'off'])('with BRIDGE_RECORD %s', (level) => {
  const settings = { ...SETTINGS, BRIDGE_RECORD: level };

  test('calls are counted by server, with their time at the edge and beyond it', async () => {
    const edge = new PlayedEdge(settings);
    edge.session.legacyAnswer = { kind: 'answered', message: '{}' };
    await edge.post(call, { ...key, 'Mcp-Session-Id': sessionId });
    edge.session.script = [() => ({ kind: 'answered', message: '{}' })];
    const modern = request('tools/call', { name: 'echo' });
    await edge.post(modern, { ...key, ...headersOf('tools/call', 'echo') });
    const told = await samples(edge);
    expect(told).toContain(
      'mcp_bridge_calls_total{server="files",hop="edge",outcome="answered"} 2',
    );
    for (const hop of ['edge', 'link'])
      expect(told).toContain(
        `mcp_bridge_call_duration_seconds_count{server="files",hop="${hop}"} 2`,
      );
    expect(told.join('\n')).not.toContain('canary');
  });

  test('[F-649] a call that fails on its way is one of those of its server, by fault', async () => {
    const edge = new PlayedEdge(settings);
    edge.session.script = [
      () => ({ kind: 'refused', fault: { fault: 'process_exited' } }),
      () => ({ kind: 'refused', fault: { fault: 'not_found' } }),
    ];
    const modern = request('tools/call', { name: 'echo' });
    for (let n = 0; n < 2; n++)
      await edge.post(modern, { ...key, ...headersOf('tools/call', 'echo') });
    const told = (await samples(edge)).filter((line) => line.startsWith('mcp_bridge_calls_total'));
    expect(told).toEqual([
      'mcp_bridge_calls_total{server="files",hop="edge",outcome="process_exited"} 1',
    ]);
  });

  test('[F-631] a server that a client invents is no series, and its refusal is one by fault', async () => {
    const edge = new PlayedEdge(settings);
    for (let index = 0; index < 20; index++)
      await edge.send({ method: 'POST', body: call, headers: key }, `/invented-${index}/mcp`);
    const told = await samples(edge);
    expect(
      told.filter((line) => /^mcp_bridge_refusals_total\{fault="[a-z_]+"\} 20$/u.test(line)),
    ).toHaveLength(1);
    expect(told.join('\n')).not.toContain('invented');
  });
});

test('what is told twice is counted once', async () => {
  const edge = new PlayedEdge(SETTINGS);
  await edge.send({ method: 'POST', body: call }, '/files/mcp');
  const line = 'mcp_bridge_refusals_total{fault="unauthorized"} 1';
  expect(await samples(edge)).toContain(line);
  expect(await samples(edge)).toContain(line);
});

test('[F-633] a fleet that cannot be reached loses nothing of what was counted', async () => {
  const edge = new PlayedEdge(SETTINGS);
  await edge.send({ method: 'POST', body: call }, '/files/mcp');
  const headers = { Authorization: `Bearer ${METRICS_KEY}` };
  edge.figures.all = () => {
    throw new Error('the actor broke away');
  };
  edge.figures.add = () => undefined;
  expect((await edge.send({ headers }, '/metrics')).status).toBe(500);
  expect(edge.tally.take()).toContainEqual({
    key: 'refusals',
    labels: ['unauthorized'],
    value: 1,
  });
});

test('[F-604] what the fleet has taken is counted once, also if its view cannot be had', async () => {
  const edge = new PlayedEdge(SETTINGS);
  await edge.send({ method: 'POST', body: call }, '/files/mcp');
  const headers = { Authorization: `Bearer ${METRICS_KEY}` };
  // It has no servers to show: the view fails.
  expect((await edge.send({ headers }, '/metrics')).status).toBe(500);
  expect(await samples(edge)).toContain('mcp_bridge_refusals_total{fault="unauthorized"} 1');
});
