// Reads small public documents. With the flag `global_fetch_strictly_public` no fetch reaches a private address or the zone's own
// services, and workerd's own network has public addresses only.
import { askingProviders } from '../../http/ask-provider.ts';
import { OUTSIDE, type OutsidePort, type ProviderPort } from '../../http/ports.ts';
import type { Env } from './env.ts';
import { boundedText } from '../../http/bounded-text.ts';

export const fetchedOutside: OutsidePort = async (url) => {
  try {
    const signal = AbortSignal.timeout(OUTSIDE.timeoutMs);
    const headers = { Accept: 'application/json' };
    const response = await fetch(url, { redirect: 'manual', signal, headers });
    const text =
      response.status === 200 && response.body
        ? await boundedText(response.body, OUTSIDE.limitBytes)
        : undefined;
    if (text === undefined) await response.body?.cancel();
    return text === undefined
      ? undefined
      : { text, cacheControl: response.headers.get('cache-control') };
  } catch {
    return undefined;
  }
};

/** Asks the identity providers of the operator, in the network that the binding names if there is one. */
export const fetchedProvider = ({ PROVIDERS: network }: Env): ProviderPort =>
  askingProviders((url, init, timeoutMs) => {
    const timed = { ...init, signal: AbortSignal.timeout(timeoutMs) };
    return network ? network.fetch(url, timed) : fetch(url, timed);
  });
