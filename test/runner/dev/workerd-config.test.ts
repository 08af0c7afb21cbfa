import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import {
  EDGE_ACTORS,
  EDGE_COMPATIBILITY_DATE,
  EDGE_COMPATIBILITY_FLAGS,
  workerdConfig,
} from '../../../runner/dev/workerd-config.ts';

const wranglerToml = readFileSync(new URL('../../../wrangler.toml', import.meta.url), 'utf8');

test('the local edge runs with the compatibility date and flags of the deployed one', () => {
  expect(/^compatibility_date = "(.*)"$/mu.exec(wranglerToml)?.[1]).toBe(EDGE_COMPATIBILITY_DATE);
  const flags = /^compatibility_flags = (\[.*\])$/mu.exec(wranglerToml)?.[1] ?? '';
  expect(JSON.parse(flags)).toEqual(EDGE_COMPATIBILITY_FLAGS);
});

test('the local edge binds the actors of the deployed one, all with SQLite', () => {
  const bindings = [...wranglerToml.matchAll(/^name = "(\w+)"\nclass_name = "(\w+)"$/gmu)];
  expect(Object.fromEntries(bindings.map((found) => [found[1], found[2]]))).toEqual(EDGE_ACTORS);
  const migrated = [...wranglerToml.matchAll(/^new_sqlite_classes = (\[.*\])$/gmu)];
  const classes = migrated.flatMap((found) => JSON.parse(found[1] ?? '') as string[]);
  expect(classes).toEqual(Object.values(EDGE_ACTORS));
});

test('a config holds names of settings, the port, and paths as Cap’n Proto strings', () => {
  const config = workerdConfig({
    bundlePath: '../a "b"\\c/worker.js',
    actorsPath: 'actors',
    port: 8787,
    settingNames: ['BRIDGE_SECRET'],
  });
  expect(config).toContain('embed "../a \\"b\\"\\\\c/worker.js"');
  expect(config).toContain('v8Flags = ["--max-semi-space-size=4"]');
  expect(config).toContain('address = "127.0.0.1:8787"');
  expect(config).toContain('(name = "BRIDGE_SECRET", fromEnvironment = "BRIDGE_SECRET")');
});
