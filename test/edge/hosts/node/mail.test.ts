// In-memory sockets of one program: what is sent comes later and in order, a frame that is carried soon, and never at the cost of all others.
import { setImmediate as turn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { Mail } from '../../../../edge/hosts/node/mail.ts';
import { socketPair } from '../../../../edge/hosts/node/socket-pair.ts';
import type { CarriedDown, CarriedUp } from '../../../../shared/link/carried.ts';

const down = (stream: string): CarriedDown => ({
  frame: { type: 'cancel', stream },
  message: undefined,
});
const up: CarriedUp = { frame: { type: 'accepted', id: 'a' }, message: undefined };

/** A link of which the runner's end notes what it hears once it listens. */
function link() {
  const [edge, runner] = socketPair(new Mail());
  const heard: string[] = [];
  const listen = (): void =>
    runner.listen({
      message: (text = '') => void heard.push(text),
      carried: ({ frame }) => void heard.push('stream' in frame ? frame.stream : frame.type),
      closed: (code) => void heard.push(String(code)),
    });
  const carry = (stream: string, bytes = 0): void => edge.carry?.(down(stream), bytes);
  return { edge, runner, heard, listen, carry };
}

test('[F-591] a frame is there once its sender is done, and not sooner', async () => {
  const { heard, listen, carry } = link();
  listen();
  carry('a');
  carry('b');
  expect(heard).toEqual([]);
  await Promise.resolve();
  expect(heard).toEqual(['a', 'b']);
});

test('[F-591] frames and texts keep their order, also before somebody listens', async () => {
  const { edge, heard, listen, carry } = link();
  carry('a');
  listen();
  carry('b');
  edge.send('text');
  carry('c');
  edge.close(1000, '');
  await Promise.resolve();
  expect(heard).toEqual([]);
  await turn();
  expect(heard).toEqual(['a', 'b', 'text', 'c', '1000']);
});

test('a text waits for a turn: whoever has just opened the socket is ready by then', async () => {
  const { edge, heard, listen } = link();
  listen();
  edge.send('text');
  await Promise.resolve();
  expect(heard).toEqual([]);
  await turn();
  expect(heard).toEqual(['text']);
});

test('[F-590] two ends that answer each other without end let all others have their turn', async () => {
  const [edge, runner] = socketPair(new Mail());
  let answers = 0;
  let isOver = false;
  const answer = (carry: () => void) => ({
    message: () => undefined,
    carried: () => {
      answers += 1;
      if (!isOver) carry();
    },
    closed: () => undefined,
  });
  edge.listen(answer(() => edge.carry?.(down('a'), 1)));
  runner.listen(answer(() => runner.carry?.(up, 1)));
  edge.carry?.(down('a'), 1);
  await turn();
  expect(answers).toBeGreaterThan(1);
  const before = answers;
  await turn();
  expect(answers).toBeGreaterThan(before);
  isOver = true;
});

test('large frames and many are delivered in order, some in each turn', async () => {
  const { edge, heard, listen, carry } = link();
  listen();
  const sent = Array.from({ length: 1_000 }, (_, n) => String(n));
  for (const [n, stream] of sent.entries()) carry(stream, n % 100 === 0 ? 512 * 1024 : 1);
  await turn();
  expect(heard.length).toBeLessThan(sent.length);
  while (heard.length < sent.length) await turn();
  expect(heard).toEqual(sent);
  expect(edge.unreadBytes).toBe(0);
});
