// Reads the ids that the bridge gave to requests of its processes, in whatever spelling they come back.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { integerIn, integerOf } from '../../shared/jsonrpc/numbers.ts';

/** The id that the raw JSON text of an id or of a progress token stands for; undefined for none, and for what is no integer. */
export const bridgeIdOf = (raw: string | undefined): BridgeRequestId | undefined =>
  raw === undefined ? undefined : (integerOf(raw) as BridgeRequestId | undefined);

/** {@link bridgeIdOf} for a string that was decoded already. */
export const bridgeIdIn = (text: string | undefined): BridgeRequestId | undefined =>
  text === undefined ? undefined : (integerIn(text) as BridgeRequestId | undefined);
