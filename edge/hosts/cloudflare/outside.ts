// Reads small public documents. With the flag `global_fetch_strictly_public` no fetch reaches a private address or the zone's own
// services, and workerd's own network has public addresses only.
import { OUTSIDE, type OutsidePort } from '../../http/ports.ts';
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
