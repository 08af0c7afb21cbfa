// One run of the official conformance suite against one URL: its program started, its report read.
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { spawnBound } from '../../runner/dev/bound-child.ts';

/** The scenarios to run: all, each at the revision it was made for, or those of one revision at that revision. */
export const SUITES = {
  all: ['--suite', 'all'],
  '2026-07-28': ['--suite', 'all', '--spec-version', '2026-07-28'],
} as const;

export type SuiteName = keyof typeof SUITES;

/** A check that the server under test met or did not meet; a warning is not met. */
export interface Check {
  readonly id: string;
  readonly isMet: boolean;
  readonly words: string;
}

export interface ScenarioOutcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** A check that is made several times is here several times; one that was skipped is not here. */
  readonly checks: readonly Check[];
}

/** What the suite writes of a check. */
interface WrittenCheck {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly description: string;
  readonly errorMessage?: string;
}

const program = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);

/** A line of the summary, which is the last part of the suite's output. */
const SUMMARY_LINE = /^[✓✗] (\S+): (\d+) passed, (\d+) failed$/gmu;

/** Runs the suite. Rejects when it ends without a summary, with what it said. */
export async function runSuite(suite: SuiteName, url: URL): Promise<ScenarioOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-conformance-'));
  try {
    const output = await outputOf([
      'server',
      '--url',
      url.href,
      ...SUITES[suite],
      '--output-dir',
      folder,
    ]);
    const lines = [...output.matchAll(SUMMARY_LINE)];
    if (lines.length === 0) throw new Error(`The suite gave no summary:\n${output}`);
    return lines.map(([, name = '', passed, failed]) => ({
      name,
      passed: Number(passed),
      failed: Number(failed),
      checks: checksOf(folder, name, Number(failed)),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both outputs of the program; its exit code says no more than its summary. */
async function outputOf(args: readonly string[]): Promise<string> {
  const child = spawnBound(process.execPath, [program, ...args], {
    cwd: process.cwd(),
    env: process.env,
  });
  child.control.resume();
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child.process, 'exit'),
  ]);
  return `${stdout}\n${stderr}`;
}

function checksOf(folder: string, scenario: string, failed: number): Check[] {
  const path = checksPath(folder, scenario);
  if (path === undefined) {
    // The scenario itself threw; the suite then counts one failed check of the scenario's name.
    return failed > 0 ? [{ id: scenario, isMet: false, words: 'the scenario threw' }] : [];
  }
  const checks = JSON.parse(readFileSync(path, 'utf8')) as WrittenCheck[];
  return checks
    .filter(({ status }) => status !== 'SKIPPED' && status !== 'INFO')
    .map(({ id, status, description, errorMessage }) => ({
      id,
      isMet: status === 'SUCCESS',
      words: errorMessage ?? description,
    }));
}

/** The suite puts each scenario's checks in a folder of the scenario's name and the time. */
function checksPath(folder: string, scenario: string): string | undefined {
  const found = readdirSync(folder).find(
    (each) => each.replace(/-\d{4}-\d{2}-\d{2}T.*$/u, '') === `server-${scenario}`,
  );
  if (found === undefined) return undefined;
  const path = join(folder, found, 'checks.json');
  return existsSync(path) ? path : undefined;
}
