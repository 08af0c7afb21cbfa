// An official client of one test's own, which ends with the test.
import { onTestFinished } from 'vitest';

import type { Bridge } from './harness.ts';
import type { ConnectOptions, OfficialClient, OfficialClientKind } from './official-clients.ts';

export async function ownClient(
  { url }: Pick<Bridge, 'url'>,
  kind: OfficialClientKind,
  server: string,
  options: ConnectOptions = {},
): Promise<OfficialClient> {
  const client = await kind.connect(new URL(`/${server}`, url), options);
  onTestFinished(() => client.end().catch(() => undefined));
  return client;
}
