// A fixture behind an edge where people sign in, as somebody meets it who did: the suite cannot show a token, so one is put into its
// requests on the way.
import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { startBridge, type Bridge, type ServerEntry } from '../e2e/harness.ts';
import { KeptSignIn, SIGNING_CLIENTS } from '../e2e/signed-in-clients.ts';
import { BearerProxy } from './bearer-proxy.ts';
import type { Served } from './served.ts';

/** Serves one fixture under this name. */
export async function serveSignedIn(name: string, server: ServerEntry): Promise<Served> {
  const proxy = await BearerProxy.open();
  const key = mintOwnerKey();
  const bridge = await startBridge({
    servers: { [name]: server },
    settings: { BRIDGE_CLIENT_AUTH: 'keys' },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
    moreHosts: [new URL(proxy.url).host],
  });
  const stop = async (): Promise<void> => {
    await proxy.close();
    await bridge.stop();
  };
  try {
    const token = await tokenFor(bridge, name, key);
    await refusesStrangers(bridge.mcpUrl(name));
    proxy.target = { url: bridge.url, token };
    return { url: new URL(`/${name}/mcp`, proxy.url), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of an official client that signs in and leaves again. */
async function tokenFor(bridge: Bridge, name: string, key: string): Promise<string> {
  const signIn = new KeptSignIn();
  const client = await SIGNING_CLIENTS[0]?.connect(new URL(`/${name}`, bridge.url), signIn, key);
  await client?.close();
  return signIn.kept?.access_token ?? '';
}

/** Else a run with a token would show nothing. */
async function refusesStrangers(url: URL): Promise<void> {
  const { status } = await fetch(url, { method: 'POST' });
  if (status !== 401) throw new Error(`Without a token the edge answers ${status}.`);
}
