// Each room's compiler knows no names but the room's own: what belongs to one runtime does not compile where any host may run it.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
// Beside the packages that the compiler resolves.
mkdirSync(join(ROOT, '.tsc'), { recursive: true });
const folder = mkdtempSync(join(ROOT, '.tsc/walls-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The 1-based lines of a file that the compiler refuses, were the file part of a room's project. */
async function refusedLines(room: string, lines: readonly string[]): Promise<number[]> {
  const name = room.replaceAll('/', '-');
  writeFileSync(join(folder, `${name}.ts`), `${lines.join('\n')}\n`);
  const config = join(folder, `tsconfig.${name}.json`);
  const platforms = [...new Set(['shared', room])].map((owner) =>
    join(ROOT, owner, 'platform.d.ts'),
  );
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(ROOT, room, 'tsconfig.json'),
      compilerOptions: { composite: false, emitDeclarationOnly: false, noEmit: true },
      include: [],
      // Only those that there are.
      files: [`${name}.ts`, ...platforms.filter((path) => existsSync(path))],
      references: [],
    }),
  );
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [tsc, '-p', config], { cwd: ROOT });
  const output = await run.then(
    () => '',
    (error: { stdout?: string }) => error.stdout ?? '',
  );
  const places = output.matchAll(/^.*\.ts\((\d+),\d+\): error /gmu);
  return [...new Set([...places].map(([, line]) => Number(line)))].toSorted((a, b) => a - b);
}

/** Names of one runtime or the other. */
const FOREIGN = [
  `export { DurableObject } from 'cloudflare:workers';`,
  'export const pair = new WebSocketPair();',
  'export let state: DurableObjectState | undefined;',
  'export const cf = (request: { cf?: IncomingRequestCfProperties }) => request.cf;',
  `export { readFileSync } from 'node:fs';`,
  'export const memory = process.memoryUsage();',
  `export const bytes = Buffer.from('');`,
  'export const page = document.title;',
];

/** What every host gives. */
const WEB = [
  `export const answer = new Response('', { headers: { Vary: 'Accept' } });`,
  `export const parsed = URL.parse('https://edge.example');`,
  'export const timer = setTimeout(() => undefined, 1);',
];

test('edge/http compiles with the APIs that every host has, and with no name of one host', async () => {
  const own = `export const text = new TextEncoder().encode('');`;
  const expected = FOREIGN.map((_, at) => at + 1 + WEB.length + 1);
  expect(await refusedLines('edge/http', [own, ...WEB, ...FOREIGN])).toEqual(expected);
});

test.each(['shared', 'edge/core', 'runner/core'])('%s compiles with none of them', async (room) => {
  const own = `export const text = new TextEncoder().encode('');`;
  const expected = [...WEB, ...FOREIGN].map((_, at) => at + 2);
  expect(await refusedLines(room, [own, ...WEB, ...FOREIGN])).toEqual(expected);
});
