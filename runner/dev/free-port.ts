// Finds a port that is free now, for those who must know it before anything listens on it.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Chosen by the system on 127.0.0.1. Another program may take it before the caller does. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
