// One pipe of a process, read in turns: what it works off before others have theirs.
import { Readable } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { CommonShare, OutputShare } from '../../../runner/core/output-share.ts';
import { PacedPipe } from '../../../runner/process/paced-pipe.ts';

afterEach(() => void vi.restoreAllMocks());

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('[F-281] many chunks that one poll of the event loop reads count as one turn', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const stream = new Readable({ read: () => undefined });
  let read = 0;
  let hasChunk = false;
  const reader = {
    push: () => {
      hasChunk = true;
    },
    // A chunk of empty lines: one step, and a third of a slice.
    step: () => {
      if (hasChunk) {
        read += 1;
        now += 0.35;
      }
      hasChunk = false;
      return false;
    },
    isAmidLine: false,
  };
  const { stdout: share } = new OutputShare(new CommonShare());
  const pipe = new PacedPipe({ stream, reader, share });
  await turn();
  const CHUNKS = 30;
  for (let n = 0; n < CHUNKS; n += 1) stream.push(new Uint8Array([0x0a]));
  const reads = [read];
  for (let n = 0; n < CHUNKS; n += 1) {
    const before = read;
    await turn();
    reads.push(read - before);
  }
  expect(read).toBe(CHUNKS);
  expect(Math.max(...reads)).toBeLessThanOrEqual(4);
  pipe.finish();
});
