// What `check` and `doctor` say of traces.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';

import { checkTraces } from '../../../runner/check/traces.ts';
import type { RunnerConfig } from '../../../runner/config/runner-config.ts';
import { startCollector } from '../../fixtures/collector.ts';

const config = (traces: string | undefined, traceRatio = 0): RunnerConfig => ({
  file: 'mcp.json',
  envFiles: [],
  serversAt: ['mcpServers'],
  runner: 'vm',
  capacity: 1,
  drainTimeoutMs: 0,
  servers: new Map(),
  virtual: new Map(),
  leftOut: [],
  warnings: [],
  traceRatio,
  ...(traces !== undefined && { traces }),
});

test('nothing, if nothing is traced', async () => {
  expect(await checkTraces(config(undefined))).toBeUndefined();
});

test('that they are on, if the collector takes them', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const endpoint = `${collector.url}/v1/traces`;
  const outcome = await checkTraces(config(endpoint, 0.25));
  expect(outcome).toMatchObject({ verdict: 'ok', subject: 'traces' });
  expect(outcome?.what).toContain(`25 % of all others, are told to ${endpoint}`);
  expect(collector.problems).toEqual([]);
});

test('what to do, if it does not', async () => {
  const server = createServer((_request, response) => response.writeHead(401).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}/v1/traces`;
  const refused = await checkTraces(config(endpoint));
  expect(refused).toMatchObject({ verdict: 'warn', fix: expect.stringContaining('HEADERS') });
  expect(refused?.what).toContain('answers 401');
  server.close();
  server.closeAllConnections();
  expect(await checkTraces(config(endpoint))).toMatchObject({ verdict: 'warn' });
});
