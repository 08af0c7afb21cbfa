// Tries out one server: starts its process as the runner would, says `initialize`, and ends it again.
import { randomUUID } from 'node:crypto';
import { NEWEST_LEGACY_REVISION } from '../../shared/mcp/revisions.ts';
import type { ServerConfig } from '../config.ts';
import { describeExit } from '../process/exit.ts';
import type { ExitFacts } from '../process/exit.ts';
import type { Containment } from '../process/containment.ts';
import { processEnvironment } from '../process/environment.ts';
import { Redaction } from '../process/redaction.ts';
import { startProcess } from '../process/stdio-process.ts';
import type { StdioProcess } from '../process/stdio-process.ts';
import { runnerMark } from '../process/runner-mark.ts';
import { findCommand } from './command-path.ts';
import type { Outcome } from './outcome.ts';

const INITIALIZE_ID = 1;
const DISCOVER_ID = 2;

/** Lines of stderr shown: enough for an error and the top of its stack. */
const SHOWN_LINES = 8;

const CLIENT = { name: 'mcp-bridge-check', version: '1' };

/** MCP 2025-11-25, Lifecycle, "Initialization". */
const INITIALIZE = {
  jsonrpc: '2.0',
  id: INITIALIZE_ID,
  method: 'initialize',
  params: { protocolVersion: NEWEST_LEGACY_REVISION, capabilities: {}, clientInfo: CLIENT },
};

/** For servers without `initialize` (MCP 2026-07-28, "server/discover"). */
const DISCOVER = {
  jsonrpc: '2.0',
  id: DISCOVER_ID,
  method: 'server/discover',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': CLIENT,
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
};

/** What came of the greeting. `strayLines` counts lines of stdout that are not JSON. */
type Greeting =
  | { readonly type: 'answered'; readonly result: Record<string, unknown> }
  | { readonly type: 'refused'; readonly code: unknown }
  | { readonly type: 'exited'; readonly facts: ExitFacts }
  | { readonly type: 'silent' };

/** What all checked servers have in common. */
export interface CheckGround {
  /** The runner's environment, of which a process sees the allowed part. */
  readonly environment: NodeJS.ProcessEnv;
  readonly containment: Containment;
  /** The runner's, where one is configured: no process may have it shown. */
  readonly token: string | undefined;
}

/** Starts the server once. No secret of its config is in what is told of it. */
export async function checkServer(server: ServerConfig, ground: CheckGround): Promise<Outcome> {
  const { token, environment, containment } = ground;
  const secrets = [...(token === undefined ? [] : [token]), ...server.secrets];
  const outcome = await tryServer(server, environment, containment, secrets);
  const redaction = new Redaction(secrets);
  return { ...outcome, words: redaction.apply(outcome.words, false) };
}

async function tryServer(
  server: ServerConfig,
  parentEnv: NodeJS.ProcessEnv,
  containment: Containment,
  secrets: readonly string[],
): Promise<Outcome> {
  const { name, configuredAs } = server;
  const subject = `server ${name}${configuredAs === undefined ? '' : ` ("${configuredAs}")`}`;
  const env = processEnvironment(parentEnv, server.env, server.inheritEnv, server.user);
  const path = await findCommand(server.command, server.cwd, env['PATH'] ?? '');
  const greeting = await greet(server, env, containment, secrets);
  const { strayLines, tail } = greeting;
  const lines = tail.slice(-SHOWN_LINES);
  switch (greeting.outcome.type) {
    case 'answered': {
      const words = `${describeServer(greeting.outcome.result)}${path === undefined ? '' : ` (${path})`}`;
      if (strayLines === 0) return { verdict: 'ok', subject, words };
      const fix = `It prints text on stdout that is no message (${strayLines} lines); have it log to stderr.`;
      return { verdict: 'warn', subject, words, fix };
    }
    case 'refused': {
      const words = `refuses both initialize and server/discover (error ${String(greeting.outcome.code)})`;
      return {
        verdict: 'FAIL',
        subject,
        words,
        fix: 'Check that this program is an MCP server.',
        lines,
      };
    }
    case 'exited':
      return { verdict: 'FAIL', subject, ...exitWords(greeting.outcome.facts, path), lines };
    case 'silent': {
      const words = `does not answer initialize within ${server.startTimeoutMs} ms`;
      const fix =
        'Check that it speaks MCP on stdio; if it only starts slowly, raise "startTimeout" in its "bridge".';
      return { verdict: 'FAIL', subject, words, fix, lines };
    }
  }
}

function exitWords(facts: ExitFacts, path: string | undefined): { words: string; fix: string } {
  if (facts.reason === 'spawn_failed') {
    return { words: describeExit(facts), fix: 'Then run this check again.' };
  }
  const fix = `Read what it printed${path === undefined ? '' : `, and try ${path} by hand`}: often an argument or a variable of "env" is missing.`;
  return { words: `${describeExit(facts)} before it answered initialize`, fix };
}

async function greet(
  server: ServerConfig,
  env: Readonly<Record<string, string>>,
  containment: Containment,
  secrets: readonly string[],
): Promise<{ outcome: Greeting; strayLines: number; tail: string[] }> {
  const { promise, resolve } = Promise.withResolvers<Greeting>();
  let strayLines = 0;
  const spec = {
    server: server.name,
    command: server.command,
    args: server.args,
    env,
    cwd: server.cwd,
    containment,
    limits: server.limits,
    user: server.user,
    secrets,
  };
  const child: StdioProcess = startProcess(
    { ...spec, maxLineBytes: server.maxLineBytes, mark: randomUUID(), runnerMark: runnerMark() },
    {
      onLine(bytes) {
        const message = readMessage(bytes);
        if (message === undefined) strayLines++;
        else if (message['id'] === INITIALIZE_ID && 'error' in message) send(child, DISCOVER);
        else if (message['id'] === INITIALIZE_ID || message['id'] === DISCOVER_ID)
          resolve(answer(message));
      },
      onOverlong: () => strayLines++,
      onStderr() {},
      onDrain() {},
      onExit: (facts) => resolve({ type: 'exited', facts }),
    },
  );
  const timer = setTimeout(() => resolve({ type: 'silent' }), server.startTimeoutMs);
  send(child, INITIALIZE);
  const outcome = await promise;
  clearTimeout(timer);
  await child.terminate('the check is over');
  return { outcome, strayLines, tail: child.stderrTail() };
}

function send(child: StdioProcess, message: object): void {
  child.write(new TextEncoder().encode(JSON.stringify(message)));
}

function readMessage(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function answer(message: Record<string, unknown>): Greeting {
  const { result, error } = message;
  if (isObject(result)) return { type: 'answered', result };
  return { type: 'refused', code: isObject(error) ? error['code'] : undefined };
}

/** `everything 2.0.0, MCP 2025-11-25`. */
function describeServer(result: Record<string, unknown>): string {
  const info = isObject(result['serverInfo']) ? result['serverInfo'] : {};
  const { supportedVersions, protocolVersion } = result;
  const revisions = Array.isArray(supportedVersions) ? supportedVersions : [protocolVersion];
  return `${textOr(info['name'], 'unnamed')} ${textOr(info['version'], '?')}, MCP ${revisions.map((revision) => textOr(revision, '?')).join(' ')}`;
}

const textOr = (value: unknown, otherwise: string): string =>
  typeof value === 'string' ? value : otherwise;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
