// [F-131] [F-280] How much of the runner and of the edge the output of processes takes, by a clock of the test's own.
import { expect, test } from 'vitest';
import {
  ASKED_BYTES,
  ASKED_MS,
  COMMON_BYTES,
  COMMON_BYTES_PER_SECOND,
  COMMON_MESSAGES,
  COMMON_MESSAGES_PER_SECOND,
  COMMON_MS,
  COMMON_MS_PER_SECOND,
  CommonShare,
  OutputShare,
  OWN_BYTES,
  OWN_BYTES_PER_SECOND,
  OWN_MESSAGES,
  OWN_MESSAGES_PER_SECOND,
  OWN_MS,
  OWN_MS_PER_SECOND,
  type StdoutShare,
} from '../../../runner/core/output-share.ts';
import { PROCESS_LINE_BYTES } from '../../../shared/limits.ts';

const stdoutOf = (common: CommonShare): StdoutShare => new OutputShare(common).stdout;

/** Lets processes work in slices of a millisecond whenever they may, for a while; gives what each has used. */
function work(shares: readonly StdoutShare[], from: number, to: number): number[] {
  const used = shares.map(() => 0);
  for (let now = from; now < to; now += 1) {
    for (const [index, share] of shares.entries()) {
      if (share.restMs(now) > 0) continue;
      share.spend(1, now);
      used[index] = (used[index] ?? 0) + 1;
    }
  }
  return used;
}

/** Passes messages on, one every so many milliseconds, from one time to another; gives how long it had to wait in all. */
function waitOf(share: StdoutShare, everyMs: number, from: number, to: number): number {
  let waited = 0;
  for (let now = from; now < to; now += everyMs) {
    waited += share.restMs(now);
    share.messagePassed();
    share.spend(0.02, now);
  }
  return waited;
}

/** Prints messages as fast as it may, a dozen a slice; gives how many. */
function flood(share: StdoutShare, now: number): number {
  if (share.restMs(now) > 0) return 0;
  for (let n = 0; n < 12; n += 1) share.messagePassed();
  share.spend(0.2, now);
  return 12;
}

test.each(['stderr', 'noise'] as const)(
  '[F-373] %s, which reaches hardly anybody, is read at a quarter of the pace of messages',
  (kind) => {
    const bytesRead = (read: (share: OutputShare) => void, of: 'stdout' | 'stderr'): number => {
      const share = new OutputShare(new CommonShare());
      let count = 0;
      for (let now = 0; now < 60_000; now += 10) {
        for (; share[of].restMs(now) === 0; share[of].spend(0, now), count += 1) read(share);
      }
      return count;
    };
    const chunk = 64 * 1024;
    const messages = bytesRead(({ stdout }) => stdout.read(chunk), 'stdout');
    const noise =
      kind === 'stderr'
        ? bytesRead(({ stderr }) => stderr.read(chunk), 'stderr')
        : bytesRead(({ stdout }) => (stdout.read(chunk), stdout.noise(chunk)), 'stdout');
    expect(messages / noise).toBeGreaterThan(3.9);
    expect(messages / noise).toBeLessThan(4.1);
  },
);

test('[F-131] one that prints without end gets its start, and then a small share', () => {
  const [used = 0] = work([stdoutOf(new CommonShare())], 0, 60_000);
  const most = OWN_MS + COMMON_MS + 60 * (OWN_MS_PER_SECOND + COMMON_MS_PER_SECOND);
  expect(used).toBeGreaterThan(most * 0.8);
  expect(used).toBeLessThanOrEqual(most + 2);
});

test('[F-131] ten of them get no more together than the common share beside their own', () => {
  const common = new CommonShare();
  const shares = Array.from({ length: 10 }, () => stdoutOf(common));
  work(shares, 0, 10_000);
  const used = work(shares, 10_000, 20_000);
  const total = used.reduce((sum, each) => sum + each, 0);
  expect(total).toBeLessThanOrEqual(10 * (COMMON_MS_PER_SECOND + 10 * OWN_MS_PER_SECOND) + 20);
  expect(Math.min(...used)).toBeGreaterThan(0);
});

test('[F-280] being asked pays for answers, not for a flood beside them', () => {
  const share = stdoutOf(new CommonShare());
  let used = 0;
  for (let now = 0; now < 20_000; now += 1) {
    // A client that calls a hundred times a second.
    if (now % 10 === 0) share.asked();
    if (now >= 10_000) used += work([share], now, now + 1)[0] ?? 0;
    else work([share], now, now + 1);
  }
  const most = 10 * (OWN_MS_PER_SECOND + COMMON_MS_PER_SECOND + 100 * ASKED_MS);
  expect(used).toBeLessThanOrEqual(most + 20);
});

test('[F-280] messages without end go on at the pace of the common share, however cheap they are', () => {
  const common = new CommonShare();
  const shares = Array.from({ length: 4 }, () => stdoutOf(common));
  let messages = 0;
  for (let now = 0; now < 10_000; now += 1) {
    for (const share of shares) {
      if (now % 20 === 0) share.asked();
      messages += flood(share, now);
    }
  }
  const own = OWN_MESSAGES + 10 * (OWN_MESSAGES_PER_SECOND + 50 * 10);
  const most = COMMON_MESSAGES + 10 * COMMON_MESSAGES_PER_SECOND + shares.length * own;
  expect(messages).toBeLessThanOrEqual(most + 100);
  expect(messages).toBeGreaterThan(10 * COMMON_MESSAGES_PER_SECOND);
});

test('[F-280] who logs a hundred messages a second for hours never waits, beside a flood too', () => {
  const common = new CommonShare();
  const [loud, honest] = [stdoutOf(common), stdoutOf(common)];
  let waited = 0;
  for (let now = 0; now < 3_600_000; now += 10) {
    flood(loud, now);
    waited += waitOf(honest, 10, now, now + 10);
  }
  expect(waited).toBe(0);
});

test('[F-280] a thousand progress notifications in one call do not wait', () => {
  const share = stdoutOf(new CommonShare());
  share.asked();
  let waited = 0;
  for (let n = 0; n < 1_000; n += 1) waited += waitOf(share, 1, 0, 1);
  expect(waited).toBe(0);
});

test('two thousand calls a second never wait, beside a flood too', () => {
  const common = new CommonShare();
  const [loud, asked] = [stdoutOf(common), stdoutOf(common)];
  let waits = 0;
  for (let now = 0; now < 20_000; now += 0.5) {
    flood(loud, now);
    asked.asked();
    if (asked.restMs(now) > 0) waits += 1;
    asked.messagePassed();
    asked.spend(0.2, now);
  }
  expect(waits).toBe(0);
});

test('a few results as large as a line may be do not wait, nor do large ones once a second', () => {
  const share = stdoutOf(new CommonShare());
  const largest = (now: number): number => {
    share.asked();
    const rest = share.restMs(now);
    share.read(PROCESS_LINE_BYTES);
    share.messagePassed();
    share.spend(200, now);
    return rest;
  };
  expect([0, 0, 0, 0].map(largest)).toEqual([0, 0, 0, 0]);
  const later = Array.from({ length: 60 }, (_, second) => largest((second + 2) * 1_000));
  expect(Math.max(...later)).toBeLessThan(1_000);
});

test('[F-280] bytes without end go on at the pace of the common share, however often it is asked', () => {
  const share = stdoutOf(new CommonShare());
  let bytes = 0;
  for (let now = 0; now < 10_000; now += 1) {
    if (now % 10 === 0) share.asked();
    for (let n = 0; n < 8 && share.restMs(now) === 0; n += 1) {
      share.read(65_536);
      share.spend(0.01, now);
      bytes += 65_536;
    }
  }
  const perSecond = OWN_BYTES_PER_SECOND + COMMON_BYTES_PER_SECOND + 100 * ASKED_BYTES;
  expect(bytes).toBeLessThanOrEqual(OWN_BYTES + COMMON_BYTES + 10 * perSecond + 65_536 * 2);
  expect(bytes).toBeGreaterThan(10 * COMMON_BYTES_PER_SECOND);
});

test('stderr takes of the same credit', () => {
  const { stdout, stderr } = new OutputShare(new CommonShare());
  for (let n = 0; n < 2 * OWN_MS; n += 1) stderr.spend(1, 0);
  expect(stderr.restMs(0)).toBeGreaterThan(0);
  expect(stdout.restMs(0)).toBe(stderr.restMs(0));
});

test('who has waited as long as told may go on', () => {
  const share = stdoutOf(new CommonShare());
  for (let n = 0; n < 2 * OWN_MS; n += 1) {
    share.spend(1, 0);
  }
  const rest = share.restMs(0);
  expect(rest).toBeGreaterThan(0);
  expect(share.restMs(rest)).toBe(0);
});
