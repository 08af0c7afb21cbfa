// `mcp-bridge run` as a process of its own with one server, for an edge that the test plays: its streams are what the test gives it.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

import { mintRunnerToken } from '../../runner/credential.ts';
import { temporaryFolder } from './journal.ts';
import { fixture } from './raw-session.ts';
import type { FakeEdge, FakeLink } from './fake-edge.ts';

const runnerProgram = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** A folder with config and token, and the command line of a runner that uses them. */
export function loneRunnerFiles(edge: string): {
  readonly folder: string;
  readonly command: readonly string[];
} {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const config = {
    mcpServers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    bridge: { runner: 'lone' },
  };
  writeFileSync(`${folder}/mcp.json`, JSON.stringify(config), { mode: 0o600 });
  writeFileSync(`${folder}/token`, mintRunnerToken(), { mode: 0o600 });
  const args = [`--edge=${edge}`, '--config=mcp.json', '--token-file=token'];
  return { folder, command: [process.execPath, runnerProgram, 'run', ...args] };
}

/** Starts it with these streams; what a test leaves running is killed. */
export function spawnLoneRunner(
  edge: string,
  stdio: StdioOptions,
  nodeOptions: readonly string[] = [],
): ChildProcess {
  const { folder, command } = loneRunnerFiles(edge);
  const [node = '', ...args] = command;
  const child = spawn(node, [...nodeOptions, ...args], { cwd: folder, stdio });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Lets the runner open a session named by a letter. */
export function offer(control: FakeLink, letter: string): void {
  control.say({
    type: 'open',
    session: letter.repeat(22),
    server: 'echo',
    ticket: 't'.repeat(22),
    clientKind: 'streamable',
    principal: 'ann',
  });
}

/** The next link of a session; those that others dial meanwhile are passed over. */
export async function linkOf(edge: FakeEdge, letter: string): Promise<FakeLink> {
  for (;;) {
    const link = await edge.sessions.next();
    if (link.path.endsWith(letter.repeat(22))) return link;
  }
}

/** The next frame that has all these words in it. */
export async function frameWith(link: FakeLink, ...words: string[]): Promise<string> {
  for (;;) {
    const text = await link.heard.next();
    if (words.every((word) => text.includes(word))) return text;
  }
}

/** Posts a request on a stream of its own and waits for the stream's last event, which is acknowledged. */
export async function askOver(link: FakeLink, stream: string, message: string): Promise<string> {
  link.say({ type: 'post', stream, id: stream }, message);
  const last = await frameWith(link, `"stream":"${stream}"`, '"final":true');
  link.say({ type: 'delivered', streams: [stream] });
  return last;
}
