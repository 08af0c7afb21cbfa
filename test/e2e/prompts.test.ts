// What `up` asks a person at a terminal, answered as people answer: yes, no, nothing, nonsense, Ctrl-C, and the end of the input.
// The terminal is a real one, so keys and echo are those of a person; what is not agreed to is not done.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, onTestFinished, test } from 'vitest';

import { inTerminal, KEYS, noTerminal, type Terminal } from '../fixtures/terminal.ts';
import { fixture } from './raw-session.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** What is typed at a question, and with which exit code the program ends then. */
const NONE = [
  ['a no', `n${KEYS.enter}`],
  ['Ctrl-C', KEYS.ctrlC],
  ['Ctrl-C after some letters', `abc${KEYS.ctrlC}`],
  ['Ctrl-D, the end of the input', KEYS.ctrlD],
] as const;

describe.skipIf(noTerminal !== undefined)(
  `up asks which servers to serve ${noTerminal ?? ''}`,
  () => {
    const QUESTION = 'q for none: ';

    /** `up` in a home where two programs have a server each. */
    function up(): Terminal {
      const home = mkdtempSync(join(tmpdir(), 'mcp-bridge-prompt-'));
      onTestFinished(() => rmSync(home, { recursive: true, force: true }));
      for (const folder of ['work', '.cursor']) mkdirSync(join(home, folder));
      const echo = { command: process.execPath, args: [fixture('echo')] };
      const write = (name: string, server: string): void =>
        writeFileSync(join(home, name), JSON.stringify({ mcpServers: { [server]: echo } }));
      write('.cursor/mcp.json', 'echo');
      write('.claude.json', 'twin');
      return inTerminal([process.execPath, program, 'up', '--port', '0'], {
        cwd: join(home, 'work'),
        env: { HOME: home, PATH: process.env['PATH'], NO_COLOR: '1' },
      });
    }

    test('[F-560] [F-660] nonsense is asked again, and all are served together; Ctrl-C ends it', async () => {
      const terminal = up();
      await terminal.shows(QUESTION);
      for (const [at, nonsense] of ['7', '0', '1 x', '-1', 'yes please'].entries()) {
        terminal.type(`${nonsense}${KEYS.enter}`);
        // oxlint-disable-next-line no-await-in-loop -- one answer after the other
        await terminal.shows(QUESTION, at + 2);
      }
      terminal.type(`a${KEYS.enter}`);
      await terminal.shows('Make it public');
      expect(terminal.shown()).toContain('✓ echo');
      expect(terminal.shown()).toContain('✓ twin');
      terminal.type(KEYS.ctrlC);
      expect(await terminal.ended).toBe(0);
    });

    test('[F-741] Enter alone serves the first', async () => {
      const terminal = up();
      await terminal.shows(QUESTION);
      terminal.type(KEYS.enter);
      await terminal.shows('Make it public');
      expect(terminal.shown()).toMatch(/✓ (?:echo|twin) /u);
      expect(terminal.shown().match(/✓/gu)).toHaveLength(1);
      terminal.type(KEYS.ctrlC);
      expect(await terminal.ended).toBe(0);
    });

    test.each(NONE)('[F-741] %s serves none, and leaves nothing behind', async (_, keys) => {
      const terminal = up();
      await terminal.shows(QUESTION);
      terminal.type(keys);
      expect(await terminal.ended).toBe(1);
      expect(terminal.shown()).not.toContain('✓');
      expect(terminal.shown()).not.toMatch(/^ {4}at /mu);
    });
  },
);
