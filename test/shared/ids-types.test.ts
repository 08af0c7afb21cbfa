// What the compiler holds: ids of one shape cannot take each other's place.
import { expectTypeOf, test } from 'vitest';
import type { Relay } from '../../edge/core/relay.ts';
import type { listenEnd } from '../../runner/core/listen-end.ts';
import type {
  ActorName,
  actorOf,
  BootId,
  BridgeRequestId,
  ClientRequestId,
  PrincipalName,
  RunnerName,
  ServerName,
  SessionName,
  SocketId,
  StreamId,
} from '../../shared/ids.ts';

test('a request id of the bridge is a number, and no number is one unasked', () => {
  expectTypeOf<BridgeRequestId>().toExtend<number>();
  expectTypeOf<number>().not.toExtend<BridgeRequestId>();
});

test('a request id of a client is text, and no text is one unasked', () => {
  expectTypeOf<ClientRequestId>().toExtend<string>();
  expectTypeOf<string>().not.toExtend<ClientRequestId>();
});

test('names of two things cannot take each other’s place, and text from outside becomes what it is used as', () => {
  expectTypeOf<string>().toExtend<SessionName>();
  expectTypeOf<ServerName>().not.toExtend<RunnerName>();
  expectTypeOf<RunnerName>().not.toExtend<BootId>();
  expectTypeOf<BootId>().not.toExtend<SessionName>();
  expectTypeOf<SessionName>().not.toExtend<ActorName>();
  expectTypeOf<ActorName>().not.toExtend<PrincipalName>();
  expectTypeOf<PrincipalName>().not.toExtend<ServerName>();
  expectTypeOf<StreamId>().not.toExtend<SocketId>();
  expectTypeOf<Parameters<typeof actorOf>>().not.toExtend<[ActorName]>();
});

test('a swapped pair does not compile', () => {
  type Follows = Parameters<Relay['follow']>;
  expectTypeOf<[StreamId, SocketId]>().toExtend<Follows>();
  expectTypeOf<[SocketId, StreamId]>().not.toExtend<Follows>();
  type Ends = Parameters<typeof listenEnd>;
  expectTypeOf<[BridgeRequestId, ClientRequestId]>().toExtend<Ends>();
  expectTypeOf<[ClientRequestId, BridgeRequestId]>().not.toExtend<Ends>();
});
