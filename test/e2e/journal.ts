// What a fixture server wrote into its JOURNAL, and a folder for it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One line of a fixture server's journal (test/fixtures/servers/serve.mjs). */
export interface JournalFact {
  readonly pid: number;
  /** `start`: of processes with the variable JOURNAL_STARTS. */
  readonly type: 'start' | 'call' | 'cancelled' | 'line';
  /** The request's id towards the process. */
  readonly id?: number;
  readonly tool?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly line?: string;
}

export function readJournal(path: string): JournalFact[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  // A last line without a line break is still being written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as JournalFact);
}

export function temporaryFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-clients-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
