// A line of a certain length: a TCP proxy on 127.0.0.1 that delivers everything later by half of its round trip, a connection's first
// byte and its end as well. It carries as much as it is given.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface DelayLine {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Connections from now on go to this origin. */
  leadTo(origin: string): void;
  close(): Promise<void>;
}

/** On its way in one direction of one connection; beyond it the sender is not read. */
const UNDER_WAY_BYTES = 16 * 1024 * 1024;

/** `roundTripMs`: what a ping would take beside the ends' own time. */
export async function openDelayLine(roundTripMs: number): Promise<DelayLine> {
  let target = { host: '127.0.0.1', port: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    // The handshake of a connection takes a round trip, before the first byte can leave.
    const dialled = setTimeout(() => {
      const far = connect({ ...target, allowHalfOpen: true, noDelay: true });
      for (const socket of [near, far]) keep(socket);
      carry(near, far, roundTripMs / 2);
      carry(far, near, roundTripMs / 2);
    }, roundTripMs);
    near.on('close', () => clearTimeout(dialled));
    near.on('error', () => undefined);
    sockets.add(near);
  });
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (origin) => {
      const { hostname: host, port } = new URL(origin);
      target = { host, port: Number(port) };
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Timers of one duration fire in the order they were set, so bytes keep their order. */
function carry(from: Socket, to: Socket, ms: number): void {
  let underWay = 0;
  from.on('data', (chunk: Buffer) => {
    underWay += chunk.length;
    if (underWay > UNDER_WAY_BYTES) from.pause();
    setTimeout(() => {
      to.write(chunk);
      underWay -= chunk.length;
      if (underWay <= UNDER_WAY_BYTES) from.resume();
    }, ms);
  });
  from.on('end', () => setTimeout(() => to.end(), ms));
  from.on('close', (hadError) =>
    setTimeout(() => (hadError ? to.resetAndDestroy() : to.destroy()), ms),
  );
}
