// The commands that README.md and REFERENCE.md have in their fenced `sh` blocks, and those that test/e2e/readme.test.ts does not run, with the reason.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const textOf = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', name), 'utf8');

export const README = textOf('README.md');

/** All that users read. */
export const MANUAL = `${README}\n${textOf('shared/REFERENCE.md')}`;

/** In their order, without what stands behind a #. */
export const README_COMMANDS: readonly string[] = [
  ...MANUAL.matchAll(/^```sh\n([^]*?)^```/gmu),
].flatMap(([, block = '']) =>
  block
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)#.*$/u, '').trim())
    .filter((line) => line !== ''),
);

/** Run in another test, which contains the words. */
export const RUN_ELSEWHERE: readonly (readonly [command: RegExp, file: string, words: string])[] = [
  [/^npx mcp-edge-bridge up -- npx -y \S+$/u, 'test/e2e/package.test.ts', "'--offline',"],
  [/^npm install -g mcp-edge-bridge$/u, 'test/e2e/package.test.ts', "'install', '--offline'"],
  [/^npm ci && npm start$/u, 'test/e2e/start.test.ts', 'npm start'],
  [/^npm ci$/u, '.ci/run', 'npm ci'],
  [/^npm run deploy:dry-run$/u, 'package.json', 'npm run deploy:dry-run'],
  [/^mcp-bridge deploy/u, 'test/e2e/deploy.test.ts', "'deploy'"],
  [/^mcp-bridge pins\b/u, 'test/e2e/pins.test.ts', "'pins'"],
];

/** Run nowhere as they stand. */
export const NOT_RUN: readonly (readonly [command: RegExp, why: string])[] = [
  [
    /^npx wrangler deploy$/u,
    'It needs an account at Cloudflare: npm test runs it with --dry-run, and deploy against a stand-in of the API.',
  ],
  [/\bwrangler secret put \w+$/u, 'It needs an account at Cloudflare.'],
  [
    /^(?:sudo )?mcp-bridge service (?:install|status)/u,
    "It changes this machine's service manager: what it writes is verified by systemd-analyze.",
  ],
];

const isOf =
  (rows: readonly (readonly [RegExp, ...unknown[]])[]) =>
  (command: string): boolean =>
    rows.some(([pattern]) => pattern.test(command));

/** What is left: each of these is run as it stands, with the names of this machine for those in angle brackets. */
export const RUN_HERE: readonly string[] = README_COMMANDS.filter(
  (command) => !isOf(RUN_ELSEWHERE)(command) && !isOf(NOT_RUN)(command),
);
