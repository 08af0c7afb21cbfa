// Finds a port that is free now, for those who must know it before anything listens on it.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/**
 * Below the ports that systems choose for outgoing connections (32768 and up on Linux, 49152 and up elsewhere): one of those may be
 * taken by any connection that is opened meanwhile.
 */
const [FIRST, END] = [10_000, 32_000];
const TRIES = 50;

/** On 127.0.0.1, chosen by chance. Another program may take it before the caller does, which is then unlikely. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST, END);
    // oxlint-disable-next-line no-await-in-loop -- one after the other until one is free
    if ((await listenedOn(port)) === port) return port;
  }
  const chosen = await listenedOn(0);
  if (chosen === undefined) throw new Error('No port of 127.0.0.1 is free.');
  return chosen;
}

/** The port that could be listened on, and is closed again; undefined if it is taken. */
async function listenedOn(wanted: number): Promise<number | undefined> {
  const probe = createServer();
  const listening = once(probe, 'listening').then(
    () => true,
    () => false,
  );
  probe.listen(wanted, '127.0.0.1');
  if (!(await listening)) return undefined;
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
