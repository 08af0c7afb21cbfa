// What the compiler holds: ids of one shape cannot take each other's place.
import { expectTypeOf, test } from 'vitest';
import type { listenEnd } from '../../runner/core/listen-end.ts';
import type { BridgeRequestId, ClientRequestId } from '../../shared/ids.ts';

test('a request id of the bridge is a number, and no number is one unasked', () => {
  expectTypeOf<BridgeRequestId>().toExtend<number>();
  expectTypeOf<number>().not.toExtend<BridgeRequestId>();
});

test('a request id of a client is text, and no text is one unasked', () => {
  expectTypeOf<ClientRequestId>().toExtend<string>();
  expectTypeOf<string>().not.toExtend<ClientRequestId>();
});

test('a swapped pair does not compile', () => {
  type Ends = Parameters<typeof listenEnd>;
  expectTypeOf<[BridgeRequestId, ClientRequestId]>().toExtend<Ends>();
  expectTypeOf<[ClientRequestId, BridgeRequestId]>().not.toExtend<Ends>();
});
