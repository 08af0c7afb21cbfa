// The stores and sockets on Node keep what the edge's rules are promised. A crash is a copy of the files as another program would find
// them: nothing is closed, and nothing that only this program holds is in it.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { NodeSockets } from '../../../../edge/hosts/node/node-sockets.ts';
import { Alarms } from '../../../../edge/hosts/node/alarms.ts';
import { Database } from '../../../../edge/hosts/node/database.ts';
import { Wakers } from '../../../../edge/hosts/node/wakers.ts';
import { AccessTables } from '../../../../edge/core/access-tables.ts';
import { FleetTables } from '../../../../edge/core/fleet-tables.ts';
import { Mail } from '../../../../edge/hosts/node/mail.ts';
import { NodeSessionStore } from '../../../../edge/hosts/node/session-store.ts';
import type { SocketEnd } from '../../../../edge/hosts/node/socket.ts';
import { socketPair } from '../../../../edge/hosts/node/socket-pair.ts';
import { WebSocketEnd } from '../../../../edge/hosts/node/web-socket-end.ts';
import { accessStoreContract } from '../../../contract/access.ts';
import { socketContract, type Peer } from '../../../contract/sockets.ts';
import {
  fleetStoreContract,
  sessionStoreContract,
  type StoreHarness,
} from '../../../contract/stores.ts';

const ACTOR = 's'.repeat(22);

/** A store made anew for each step, on a database that a crash leaves as it is on disk. */
async function harness<Store>(
  make: (database: Database, queue: Wakers) => Store,
  wakesAt: (database: Database) => number | undefined,
): Promise<StoreHarness<Store>> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-store-'));
  const queue = new Wakers();
  let life = 0;
  let database = await Database.open(join(folder, 'life0'));
  onTestFinished(() => {
    queue.clear();
    database.close();
    rmSync(folder, { recursive: true });
  });
  return {
    step: async (work) => database.step(() => work(make(database, queue))),
    wakesAt: async () => wakesAt(database),
    crash: async () => {
      const [from, to] = [`life${life}`, `life${++life}`];
      for (const end of ['', '-wal'])
        cpSync(join(folder, from + end), join(folder, to + end), { force: true });
      database.close();
      database = await Database.open(join(folder, to));
    },
  };
}

/** A value that a query gives under the name `at`. */
const at = (database: Database, query: string): number | undefined =>
  database.rows<{ at: number | null }>(query)[0]?.at ?? undefined;

sessionStoreContract(() =>
  harness(
    (database, queue) =>
      new NodeSessionStore(ACTOR, database, new Alarms(database, queue, () => undefined)),
    (database) => at(database, 'SELECT wake_at AS at FROM actors'),
  ),
);

fleetStoreContract(() =>
  harness(
    (database) => new FleetTables(database, () => undefined),
    (database) => at(database, 'SELECT value AS at FROM fleet'),
  ),
);

accessStoreContract(() =>
  harness(
    (database) => new AccessTables(database, () => undefined),
    (database) => at(database, 'SELECT value AS at FROM access'),
  ),
);

type Dial = (accept: (end: SocketEnd) => void) => Promise<Peer>;

const harnessOf = async (dial: Dial, isLocal: boolean) => {
  const sockets = new NodeSockets<string>({
    message: () => undefined,
    carried: () => undefined,
    gone: () => undefined,
  });
  let dials = 0;
  return {
    isLocal,
    dial: async () => {
      const id = `socket${++dials}`;
      const peer = await dial((end) => sockets.accept(id, end));
      return { id, peer };
    },
    step: async <T>(work: (actor: typeof sockets) => T) => work(sockets),
    until: async (holds: () => boolean) => void (await vi.waitUntil(holds)),
  };
};

socketContract<string>(() => {
  const mail = new Mail();
  return harnessOf(async (accept) => {
    const [inside, outside] = socketPair(mail);
    const received: string[] = [];
    let closedWith: number | undefined;
    outside.listen({
      message: (text = '') => void received.push(text),
      closed: (code) => {
        closedWith = code;
      },
    });
    accept(inside);
    return {
      received,
      get closedWith() {
        return closedWith;
      },
      send: (text) => outside.send(text),
      close: (code) => outside.close(code, 'test'),
    };
  }, true);
}, ['one', 'two']);

socketContract<string>(async () => {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => void http.close());
  const server = new WebSocketServer({ server: http });
  return harnessOf(async (accept) => {
    server.once('connection', (socket) => accept(new WebSocketEnd(socket)));
    const { port } = http.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    const received: string[] = [];
    let closedWith: number | undefined;
    socket.on('message', (data: Buffer) => received.push(data.toString()));
    socket.on('close', (code) => {
      closedWith = code;
    });
    await once(socket, 'open');
    return {
      received,
      get closedWith() {
        return closedWith;
      },
      send: (text) => socket.send(text),
      close: (code) => socket.close(code, 'test'),
    };
  }, false);
}, ['one', 'two']);
