// Tells the modern clients of one principal apart, as far as they let it: they have no session, so a client is its name and
// what it declares. Its state lies in one process.
import type { ClientCall } from './client-call.ts';
import { at, canonical } from './json.ts';
import type { Digest } from './request-state.ts';

/** Of a name more than this tells nobody apart. */
const NAME_CHARACTERS = 200;

/** The name in a `clientInfo`; empty where there is none. */
export function clientName(clientInfo: unknown): string {
  const name = at(clientInfo, 'name');
  return typeof name === 'string' ? name.slice(0, NAME_CHARACTERS) : '';
}

/** Equal for the requests of one client. */
export const clientKey = (
  { clientInfo, capabilities }: Pick<ClientCall, 'clientInfo' | 'capabilities'>,
  digest: Digest,
): string => digest(canonical([clientName(clientInfo), capabilities]));
