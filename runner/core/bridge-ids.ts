// Reads the ids that the bridge gave to requests of its processes, in whatever spelling they come back.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { integerIn, integerOf } from '../../shared/jsonrpc/numbers.ts';

/** The bridge's id in the raw JSON text of an id or a progress token; undefined if there is none or it is not an integer. */
export const bridgeIdOf = (raw: string | undefined): BridgeRequestId | undefined =>
  raw === undefined ? undefined : (integerOf(raw) as BridgeRequestId | undefined);

/** {@link bridgeIdOf} for a string that was decoded already. */
export const bridgeIdIn = (text: string | undefined): BridgeRequestId | undefined =>
  text === undefined ? undefined : (integerIn(text) as BridgeRequestId | undefined);
