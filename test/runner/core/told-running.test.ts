// What the edge's owner is told of the processes of a runner, while the owner looks (LP34, F-930).
import { describe, expect, test } from 'vitest';

import { ToldRunning, type Living, type LivingProcess } from '../../../runner/core/told-running.ts';
import { controlUp } from '../../../shared/link/control-frames.ts';
import { decodeText, encodeText } from '../../../shared/link/codec.ts';

const living = (startedAt: number, more: Partial<LivingProcess> = {}): LivingProcess => ({
  server: 'files',
  state: 'running',
  pid: 4711,
  startedAt,
  sessions: [],
  ...more,
});

describe('[LP34] [F-930] what runs', () => {
  test('is told when the owner looks, and again when it is another, once a second at most', () => {
    const told = new ToldRunning();
    let now: Living = { processes: [living(0)], virtual: [] };
    const looked: number[] = [];
    const at = (time: number) =>
      told.news(() => {
        looked.push(time);
        return now;
      }, time);
    expect([at(5_000), told.wakeAt]).toEqual([undefined, undefined]);
    told.watched(10_000);
    expect(at(10_000)).toEqual({
      type: 'running',
      count: 1,
      processes: [{ server: 'files', state: 'running', pid: 4711, ageS: 10, sessions: [] }],
      virtual: [],
    });
    expect(told.wakeAt).toBe(11_000);
    now = { processes: [living(0, { state: 'ending' })], virtual: [] };
    expect(at(10_999)).toBeUndefined();
    expect(at(11_000)?.processes[0]?.state).toBe('ending');
    // It is older, and no other.
    expect(at(12_000)).toBeUndefined();
    // The edge says again that somebody looks: perhaps it has forgotten all.
    told.watched(20_000);
    expect(at(20_000)).toBeDefined();
    now = { processes: [], virtual: [] };
    expect([at(35_000), told.wakeAt]).toEqual([undefined, undefined]);
    expect(looked).toEqual([10_000, 11_000, 12_000, 20_000]);
  });

  test('[F-881] of a process that many sessions share, how many they are', () => {
    const told = new ToldRunning();
    const sessions = Array.from({ length: 200 }, (_, at) => `session-${at}`);
    told.watched(1_000);
    const look = (): Living => ({
      processes: [living(0, { sessions, sharedBy: sessions.length })],
      virtual: [],
    });
    const [process] = told.news(look, 1_000)?.processes ?? [];
    expect(process).toMatchObject({ sharedBy: 200, sessions: sessions.slice(0, 8) });
  });

  test('is not told any more without the socket on which somebody asked', () => {
    const told = new ToldRunning();
    told.watched(0);
    told.unlinked();
    expect(told.news(() => ({ processes: [], virtual: [] }), 0)).toBeUndefined();
  });

  test('is a frame that the edge takes, with the oldest, however much there is', () => {
    const told = new ToldRunning();
    told.watched(1e6);
    const names = Array.from({ length: 500 }, (_, at) => `${at}`.padEnd(64, 'x'));
    const sessions = Array.from({ length: 50 }, (_, at) => `${at}`.padEnd(22, 's'));
    const frame = told.news(
      () => ({
        processes: names.map((server, at) => living(1e6 - 1_000 * at, { server, sessions })),
        virtual: names.map((server) => ({ server, members: names })),
      }),
      1e6,
    );
    expect(frame?.count).toBe(500);
    expect(frame?.processes.map(({ ageS }) => ageS)).toEqual(
      Array.from({ length: 64 }, (_, at) => 499 - at),
    );
    const text = frame ? encodeText(frame) : '';
    expect(text.length).toBeLessThan(100 * 1024);
    expect(decodeText(controlUp, text)).toMatchObject({ ok: true, frame: { header: frame } });
  });
});
