// How much a virtual server does for each call: counted, since it does it for every message of every member.
import { expect, test } from 'vitest';

import type { Dues } from '../../../shared/dues.ts';
import { LARGE_PARAMS, LARGE_RESULT } from '../../fixtures/large-call.ts';
import { workOn, type Work } from '../../fixtures/passes.ts';
import { DrivenVirtualServer, member, viewOf } from './driven-virtual-server.ts';

const NONE: Work = { passes: 0, copies: 0, conversions: 0, parses: 0, searches: 0 };

const TWELVE = 'abcdefghijkl'.split('');

const driven = (prefixes: readonly string[]): DrivenVirtualServer => {
  const server = new DrivenVirtualServer(
    prefixes.map((prefix, place) => member(`m${place}`, { prefix })),
  );
  server.initialize();
  server.client({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  server.answer(() => ({ tools: [{ name: 'echo' }] }));
  return server;
};

const call = (name: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id: 3,
  method: 'tools/call',
  params: { ...params, name },
});

test.each([
  { ways: 'one member, names as they are', prefixes: [''], name: 'echo', copies: 0 },
  { ways: 'one member, prefixed', prefixes: ['a'], name: 'a__echo', copies: 1 },
  { ways: 'twelve members', prefixes: TWELVE, name: 'a__echo', copies: 1 },
])('a call is not passed over again, and its answer once: $ways', async (each) => {
  const server = driven(each.prefixes);
  const request = viewOf(call(each.name, LARGE_PARAMS));
  const { length } = request.bytes;
  const down = await workOn(length, () => server.machine.fromSession(request, server.now));
  const answer = { jsonrpc: '2.0', id: 3, result: LARGE_RESULT };
  const line = new TextEncoder().encode(JSON.stringify(answer));
  const slot = server.slotOf('m0');
  const up = await workOn(line.length, () => server.machine.fromMember(slot, line, server.now));
  expect({ down, up }).toEqual({
    down: { ...NONE, copies: each.copies },
    up: { ...NONE, passes: 1 },
  });
});

test('the name is not read where there is one member, whose names are as they are', async () => {
  const server = driven(['']);
  const name = 'n'.repeat(10_000);
  const request = viewOf(call(name));
  const work = await workOn(name.length, () => server.machine.fromSession(request, server.now));
  expect(work).toEqual(NONE);
  expect(server.machine.wakeAt()).toBeUndefined();
});

/** What is done when each time comes. */
function actsOf(dues: Dues): unknown[] {
  const acts: unknown[] = [];
  dues((_at, act) => acts.push(act));
  return acts;
}

test('to tell when something is due makes nothing, however many members there are', () => {
  const { machine } = driven(TWELVE);
  const first = actsOf(machine.dues);
  expect(first.length).toBeGreaterThan(12);
  for (const [at, act] of actsOf(machine.dues).entries()) expect(act).toBe(first[at]);
});
