// The bridge's own requests of a process: their ids, whose answers they are, and what becomes of those that nobody waits for.
import { expect, test } from 'vitest';
import { OWN_IDS_FROM } from '../../../runner/core/request-ids.ts';
import { Effects } from '../../../runner/translate/effects.ts';
import { OwnRequests, type OwnAnswer } from '../../../runner/translate/own-requests.ts';
import { onlyMessageIn, type MessageView } from '../../../shared/jsonrpc/view.ts';

function answerTo(id: number | string, body: object): MessageView {
  const text = JSON.stringify({ jsonrpc: '2.0', id, ...body });
  const message = onlyMessageIn(new TextEncoder().encode(text));
  if (!message) throw new Error('this is one message');
  return message;
}

test('each has an id of its own range, whoever minted it, and its answer is found by it in any spelling', () => {
  const own = new OwnRequests(new Effects());
  const heard: OwnAnswer[] = [];
  expect(own.mint()).toBe(OWN_IDS_FROM);
  own.send(1, 'initialize', {}, (answer) => heard.push(answer));
  expect(own.owed(1)).toEqual([OWN_IDS_FROM + 1]);
  const result = { protocolVersion: '2025-11-25', more: { deep: 1 } };
  expect(own.answer(1, answerTo(String(OWN_IDS_FROM + 1), { result }), 0)).toBe(true);
  expect(heard).toMatchObject([{ ok: true, result: { protocolVersion: '2025-11-25' } }]);
  expect(own.owed(1)).toEqual([]);
});

test('an answer of another process, or to no such request, is nobody’s', () => {
  const own = new OwnRequests(new Effects());
  const heard: OwnAnswer[] = [];
  own.send(1, 'ping', {}, (answer) => heard.push(answer));
  expect(own.answer(2, answerTo(OWN_IDS_FROM, { result: {} }), 0)).toBe(true);
  expect(own.answer(1, answerTo(7, { result: {} }), 0)).toBe(false);
  expect(heard).toEqual([]);
  expect(own.owed(1)).toEqual([OWN_IDS_FROM]);
});

test('a process that is gone owes nothing; one that nobody waits for owes its newest answers only', () => {
  const own = new OwnRequests(new Effects());
  for (let n = 0; n < 20; n++) own.send(1, 'logging/setLevel', {});
  expect(own.owed(1)).toHaveLength(16);
  expect(own.owed(1).at(-1)).toBe(OWN_IDS_FROM + 19);
  own.forget(1);
  expect(own.owed(1)).toEqual([]);
});
