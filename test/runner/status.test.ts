// The runner's status pages (F-69b).
import { once } from 'node:events';
import { request, type IncomingHttpHeaders } from 'node:http';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { RunnerSnapshot } from '../../runner/running-runner.ts';
import { CallFigures, Figures } from '../../shared/figures.ts';
import { startStatus, type StatusServer } from '../../runner/status/http.ts';

const SESSION = {
  server: 'a',
  state: 'linked',
  idleMs: 0,
  stdinQueueBytes: 5,
  linkQueueBytes: 7,
  unacknowledgedBytes: 11,
};

const FIGURES = new Figures();
FIGURES.count('processStarts', 'a');
FIGURES.count('processExits', 'a', 'signalled');
const CALLS = new CallFigures(FIGURES, 'process').of('a');
CALLS.ended('result');
CALLS.took(30);

const SNAPSHOT: RunnerSnapshot = {
  runner: 'vm',
  boot: 'boot-secret',
  linked: true,
  draining: false,
  sessions: [
    { ...SESSION, session: 'session-id', pid: 4711, inFlight: 2 },
    { ...SESSION, session: 'session-id-2', inFlight: 1, idleMs: 5 },
  ],
  processes: [{ server: 'a', pid: 4711, state: 'running' }],
  spares: [{ server: 'a', state: 'ready' }],
  heldBack: new Map([['a', true]]),
  figures: FIGURES,
};

const failures: unknown[] = [];
let status: StatusServer | undefined;
afterEach(async () => {
  failures.length = 0;
  await status?.close();
  status = undefined;
});

async function serve(snapshot: Partial<RunnerSnapshot> = {}): Promise<number> {
  return open(() => ({ ...SNAPSHOT, ...snapshot }));
}

async function open(snapshot: () => RunnerSnapshot): Promise<number> {
  status = await startStatus({ port: 0, snapshot, failed: (error) => failures.push(error) });
  return status.port;
}

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

function ask(
  port: number,
  path: string,
  options: { method?: string; host?: string } = {},
): Promise<Answer> {
  const { method = 'GET', host = `127.0.0.1:${port}` } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { host } },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body }),
        );
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

it('is live as soon as it listens, and ready when linked', async () => {
  const port = await serve({ linked: false });
  expect(await ask(port, '/livez')).toMatchObject({ status: 200, body: 'live\n' });
  expect(await ask(port, '/readyz')).toMatchObject({
    status: 503,
    body: 'not linked to the edge\n',
  });
  await status?.close();
  expect(await ask(await serve(), '/readyz')).toMatchObject({ status: 200, body: 'ready\n' });
});

it('is not ready while it drains', async () => {
  expect(await ask(await serve({ draining: true }), '/readyz')).toMatchObject({
    status: 503,
    body: 'draining\n',
  });
});

it('gives metrics as Prometheus text, without ids', async () => {
  const { headers, body } = await ask(await serve(), '/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = body.split('\n').filter((line) => !/^#|_bucket\{/u.test(line));
  expect(lines).toEqual([
    'mcp_bridge_linked 1',
    'mcp_bridge_draining 0',
    'mcp_bridge_sessions{server="a",state="linked"} 2',
    'mcp_bridge_processes{server="a",state="running"} 1',
    'mcp_bridge_spares{server="a",state="ready"} 1',
    'mcp_bridge_process_starts_held_back{server="a"} 1',
    'mcp_bridge_requests_in_flight{server="a"} 3',
    'mcp_bridge_stdin_queue_bytes{server="a"} 10',
    'mcp_bridge_link_queue_bytes{server="a"} 14',
    'mcp_bridge_unacknowledged_bytes{server="a"} 22',
    'mcp_bridge_calls_total{server="a",hop="process",outcome="result"} 1',
    'mcp_bridge_call_duration_seconds_sum{server="a",hop="process"} 0.03',
    'mcp_bridge_call_duration_seconds_count{server="a",hop="process"} 1',
    'mcp_bridge_process_starts_total{server="a"} 1',
    'mcp_bridge_process_exits_total{server="a",reason="signalled"} 1',
    '',
  ]);
  expect(body).toContain('# TYPE mcp_bridge_process_exits_total counter\n');
  expect(body).not.toMatch(/session-id|boot-secret|4711/u);
});

it('[F-249] answers at once beside any number of silent connections, and lets none of those stay', async () => {
  const port = await serve();
  const silent = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of silent) socket.destroy();
  });
  const closed = silent.map(
    (socket) =>
      new Promise((resolve) => {
        socket.on('error', () => undefined).on('close', resolve);
        socket.resume();
      }),
  );
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  const askedAt = performance.now();
  expect((await ask(port, '/livez')).status).toBe(200);
  // Node by itself would leave them for 30 s and more; a loaded machine is late by less.
  expect(performance.now() - askedAt).toBeLessThan(5_000);
  await Promise.all(closed);
  expect(performance.now() - askedAt).toBeLessThan(10_000);
});

it('[F-241] answers 500 for a page that cannot be made, and goes on', async () => {
  const failure = new Error('no snapshot');
  const port = await open(() => {
    throw failure;
  });
  expect((await ask(port, '/metrics')).status).toBe(500);
  expect(failures).toEqual([failure]);
  expect((await ask(port, '/livez')).status).toBe(200);
});

describe('[F-69b] only this machine is answered, and only reading', () => {
  it.each(['localhost', 'localhost:1', '127.0.0.1', '[::1]:1'])(
    'Host %s is answered',
    async (host) => {
      expect((await ask(await serve(), '/livez', { host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
  ])('Host %s gets 421', async (host) => {
    const port = await serve();
    for (const path of ['/livez', '/readyz', '/metrics']) {
      const { status: code, body } = await ask(port, path, { host });
      expect(code).toBe(421);
      expect(body).not.toContain('mcp_bridge');
    }
  });

  it('a request without Host is refused', async () => {
    const port = await serve();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /metrics HTTP/1.0\r\n\r\n');
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 421 /u);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s gets 405', async (method) => {
    expect(await ask(await serve(), '/metrics', { method })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
  });

  it('HEAD gets the headers alone', async () => {
    const answer = await ask(await serve(), '/livez', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'content-length': '5' } });
  });

  it('other paths get 404', async () => {
    expect((await ask(await serve(), '/livez/../x')).status).toBe(404);
  });

  it('nothing listens on the addresses that others can reach', async () => {
    const port = await serve();
    const outward = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address?.internal === false && address.family === 'IPv4');
    for (const address of outward) {
      const refused = new Promise<string | undefined>((resolve) => {
        const socket = connect(port, address?.address ?? '');
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
        socket.on('connect', () => {
          socket.destroy();
          resolve('connected');
        });
      });
      expect(await refused).toBe('ECONNREFUSED');
    }
  });
});

it('rejects when the port is taken', async () => {
  const port = await serve();
  const failed = (): void => undefined;
  await expect(startStatus({ port, snapshot: () => SNAPSHOT, failed })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
