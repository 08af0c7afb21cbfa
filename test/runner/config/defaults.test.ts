// The defaults stand in runner/config/defaults.ts. The published schema is made from them; what the README says is compared here.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { byteCount, byteText } from '../../../runner/config/byte-size.ts';
import * as defaults from '../../../runner/config/defaults.ts';
import { durationMs, durationText } from '../../../runner/config/duration.ts';
import { runnerBlock, serverBlock } from '../../../runner/config/schema.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

/** Of a server's block, as the README writes them; `undefined`: the README says it in its own words. */
const SERVER: Readonly<Record<keyof typeof serverBlock.entries, string | undefined>> = {
  warm: String(defaults.WARM),
  sharing: 'session',
  sessionsPerProcess: String(defaults.SESSIONS_PER_PROCESS),
  stderr: `\`${defaults.STDERR}\``,
  inheritEnv: undefined,
  idleTimeout: durationText(defaults.IDLE_TIMEOUT_MS),
  vanishTimeout: durationText(defaults.VANISH_TIMEOUT_MS),
  requestTimeout: durationText(defaults.REQUEST_TIMEOUT_MS),
  requestLimit: durationText(defaults.REQUEST_LIMIT_MS),
  startTimeout: durationText(defaults.START_TIMEOUT_MS),
  maxLineBytes: byteText(defaults.MAX_LINE_BYTES),
  maxInFlight: String(defaults.MAX_IN_FLIGHT),
  maxSessions:
    defaults.SESSIONS_PER_SERVER === Infinity ? 'capacity' : String(defaults.SESSIONS_PER_SERVER),
  stateless: String(defaults.STATELESS),
  maxProcesses: String(defaults.MAX_PROCESSES),
  parkTimeout: durationText(defaults.PARK_TIMEOUT_MS),
  tools: undefined,
  methods: undefined,
  discovery: '`list`',
  pin: 'false',
  served: 'true',
  perUser: undefined,
  user: undefined,
  limits: undefined,
};

/** The README's table of a server's settings. A row may have several, and then as many defaults. */
function table(): Map<string, string> {
  const section = readme.split('`mcpServers.<name>.bridge`:')[1]?.split('\n\n')[1] ?? '';
  const rows = [...section.matchAll(/^\| (`[^|]+`) \| ([^|]+) \|/gmu)];
  return new Map(
    rows.flatMap(([, names = '', values = '']) => {
      const settings = [...names.matchAll(/`(\w+)`/gu)].map(([, name = '']) => name);
      const each = settings.length > 1 ? values.split(', ') : [values];
      return settings.map((name, index) => [name, each[index] ?? ''] as const);
    }),
  );
}

describe('the README names the default', () => {
  test.each(Object.entries(SERVER).filter(([, value]) => value !== undefined))(
    'of %s',
    (name, value) => {
      expect(table().get(name)).toBe(value);
    },
  );

  test('of every setting of a server, and of none that does not exist', () => {
    const all = Object.keys(serverBlock.entries);
    expect([...table().keys()].toSorted()).toEqual(all.toSorted());
  });

  test('of the settings of the runner', () => {
    const line = readme.split('Top-level `bridge`:')[1]?.split('\n\n')[0] ?? '';
    expect(line).toContain(`\`capacity\` (${defaults.CAPACITY} sessions)`);
    expect(line).toContain(`\`drainTimeout\` (${durationText(defaults.DRAIN_TIMEOUT_MS)})`);
    for (const name of Object.keys(runnerBlock.entries)) expect(line).toContain(`\`${name}\``);
  });
});

test('amounts read back as they are written', () => {
  for (const ms of [1, 999, 1_000, 90_000, 300_000, 3_600_000, 5_400_000])
    expect(durationMs(durationText(ms))).toBe(ms);
  for (const bytes of [1024, 16 * 1024 ** 2, 3 * 1024 ** 3])
    expect(byteCount(byteText(bytes).replace(' ', ''))).toBe(bytes);
  expect(durationText(1_800_000)).toBe('30m');
});
