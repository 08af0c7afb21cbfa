// Tries out one server: starts its process as the runner would, says `initialize`, and ends it again.
import { parsedAt, stringAt } from '../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { TASKS_EXTENSION } from '../../shared/mcp/modern.ts';
import type { Problem } from '../../shared/problem.ts';
import { perUserOf, type ServerConfig } from '../config/runner-config.ts';
import { personalEnvironment } from '../core/per-user.ts';
import { toldLines } from '../core/told-lines.ts';
import { readPersonFile } from '../person-file.ts';
import { findCommand } from '../process/command-path.ts';
import { describeExit, type ExitFacts } from '../process/exit.ts';
import type { Containment } from '../process/containment.ts';
import { processSpec, remoteSpec, type SpecGround } from '../configured-process.ts';
import { Redaction } from '../process/redaction.ts';
import { startProcess, type ProcessListener, type StdioProcess } from '../process/stdio-process.ts';
import { startRemote } from '../remote/remote-process.ts';
import { greet, type Greeting } from './greeting.ts';
import type { Outcome } from './outcome.ts';
import { printedCause } from './printed-cause.ts';

/** Lines of stderr shown: enough for an error and the top of its stack. */
const SHOWN_LINES = 8;

/** What all checked servers have in common. */
export interface CheckGround {
  /** The runner's environment, of which a process sees the allowed part. */
  readonly environment: NodeJS.ProcessEnv;
  readonly containment: Containment;
  /** The runner's token, if one is configured: no process's output may show it. */
  readonly token: string | undefined;
  /** For whom servers are tried that start for a person only. */
  readonly person?: string | undefined;
}

/** Starts the server once. The report contains no secret of its config. */
export async function checkServer(server: ServerConfig, ground: CheckGround): Promise<Outcome> {
  const trial = trialOf(server, ground);
  if (!trial.ok) return trial.outcome;
  const outcome = await tryServer(server, trial.ground, trial.personal);
  const redaction = new Redaction(trial.ground.secrets);
  return { ...outcome, what: redaction.apply(outcome.what, false) };
}

/** With what it is started, or why it is not. */
function trialOf(
  server: ServerConfig,
  { token, environment, containment, person }: CheckGround,
):
  | {
      readonly ok: true;
      readonly ground: SpecGround;
      readonly personal: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly outcome: Outcome } {
  const { personal = {}, outcome } = personalOf(server, person);
  if (outcome) return { ok: false, outcome };
  const values = Object.values(personal);
  const secrets = [...(token === undefined ? [] : [token]), ...server.secrets, ...values];
  return { ok: true, ground: { environment, containment, secrets }, personal };
}

const subjectOf = ({ name, configuredAs }: ServerConfig): string =>
  `server ${name}${configuredAs === undefined ? '' : ` ("${configuredAs}")`}`;

/** The variables of the person for whom it is tried. Only the edge knows more of them than the id. */
function personalOf(
  server: ServerConfig,
  person: string | undefined,
): { readonly personal?: Readonly<Record<string, string>>; readonly outcome?: Outcome } {
  const perUser = perUserOf(server);
  if (!perUser) return {};
  const subject = subjectOf(server);
  if (person === undefined) {
    const fix = 'Try it for one: mcp-bridge check --person <id>.';
    const what = 'not tried, since it starts for a person only';
    return { outcome: { verdict: 'skip', subject, what, fix } };
  }
  const known = { ...perUser, startsWithout: true };
  const reading = personalEnvironment(known, { id: person }, readPersonFile);
  const files = new Set(
    perUser.variables.flatMap(({ name, ...of }) => ('file' in of ? [name] : [])),
  );
  const lacking = reading.missing.filter(({ variable }) => files.has(variable));
  const [first, ...more] = lacking;
  if (!reading.ok || (first && !perUser.startsWithout)) {
    const what = first ? `cannot start for ${person}: ${first.what}` : `cannot start for ${person}`;
    const lines = more.map(({ what: other }) => other);
    return { outcome: { verdict: 'FAIL', subject, what, ...(first && { fix: first.fix }), lines } };
  }
  return { personal: reading.personal.env };
}

async function tryServer(
  server: ServerConfig,
  ground: SpecGround,
  personal: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const subject = subjectOf(server);
  const { path, start } = await startOf(server, ground, personal);
  const { greeting, strayLines, tail, added } = await greet(
    start,
    ground.secrets,
    server.startTimeoutMs,
  );
  const lines = toldLines(tail, SHOWN_LINES);
  switch (greeting.type) {
    case 'answered': {
      const what = `${describeServer(greeting.answer)}${path === undefined ? '' : ` (${path})`}`;
      const rules = [...policyLines(server), ...sharingLines(server, greeting.answer)];
      if (strayLines === 0)
        return { verdict: 'ok', subject, what, ...(rules.length > 0 && { lines: rules }) };
      const fix = `It prints text on stdout that is not a message (${strayLines} lines); have it log to stderr.`;
      return { verdict: 'warn', subject, what, fix, ...(rules.length > 0 && { lines: rules }) };
    }
    case 'refused': {
      const what = `refuses both initialize and server/discover (error ${String(greeting.code)})`;
      return {
        verdict: 'FAIL',
        subject,
        what,
        fix: 'Check that this is an MCP server.',
        lines,
      };
    }
    case 'unusable': {
      const fix = 'No client can use this server as it is; have its author look at what it prints.';
      return { verdict: 'FAIL', subject, what: greeting.what, fix, lines };
    }
    case 'exited': {
      const { what, fix } = exitProblem(greeting.facts, path, tail);
      return { verdict: 'FAIL', subject, what: added(what), fix, lines };
    }
    case 'silent': {
      const what = added(`does not answer initialize within ${server.startTimeoutMs} ms`);
      const speaks = server.source.kind === 'http' ? 'at this address' : 'on stdio';
      const fix = `Check that it speaks MCP ${speaks}; if it only starts slowly, raise "startTimeout" in its "bridge".`;
      return { verdict: 'FAIL', subject, what, fix, lines };
    }
  }
}

/** How it is started, and the path of its program, if it has one. */
async function startOf(
  { name, source, maxLineBytes }: ServerConfig,
  ground: SpecGround,
  personal: Readonly<Record<string, string>>,
): Promise<{
  readonly path?: string | undefined;
  start(listener: ProcessListener): StdioProcess;
}> {
  if (source.kind === 'http') {
    const spec = remoteSpec({ source, maxLineBytes }, () => undefined);
    return { start: (listener) => startRemote(spec, listener) };
  }
  const spec = processSpec({ name, source, maxLineBytes }, ground, personal);
  const path = await findCommand(source.command, source.cwd, spec.env['PATH'] ?? '');
  return { path, start: (listener) => startProcess(spec, listener) };
}

function exitProblem(facts: ExitFacts, path: string | undefined, tail: readonly string[]): Problem {
  if (facts.reason === 'spawn_failed') {
    return { what: describeExit(facts), fix: 'Then run the same command again.' };
  }
  const cause = printedCause(tail);
  if (cause) return { what: `${describeExit(facts)}: ${cause.what}`, fix: cause.fix };
  const fix = `Read what it printed${path === undefined ? '' : `, and try ${path} by hand`}: often an argument or a variable of "env" is missing.`;
  return { what: `${describeExit(facts)} before it answered initialize`, fix };
}

/** Its tools as it lists them, page by page, or why that cannot be told. */
export async function listedTools(
  server: ServerConfig,
  ground: CheckGround,
): Promise<
  | { readonly ok: true; readonly pages: readonly MessageView[] }
  | { readonly ok: false; readonly outcome: Outcome }
> {
  const trial = trialOf(server, ground);
  if (!trial.ok) return trial;
  const { secrets } = trial.ground;
  const { start } = await startOf(server, trial.ground, trial.personal);
  const { greeting } = await greet(start, secrets, server.startTimeoutMs, true);
  if (greeting.type === 'answered') return { ok: true, pages: greeting.tools };
  const checked = await checkServer(server, ground);
  if (checked.verdict === 'FAIL') return { ok: false, outcome: checked };
  const what = new Redaction(secrets).apply(whyUnlisted(greeting, server), false);
  const fix = 'It starts and answers, so look at what it prints when it is asked for its tools.';
  return { ok: false, outcome: { verdict: 'FAIL', subject: subjectOf(server), what, fix } };
}

/** Of a server that can be greeted. */
function whyUnlisted(
  greeting: Exclude<Greeting, { readonly type: 'answered' }>,
  { startTimeoutMs }: ServerConfig,
): string {
  switch (greeting.type) {
    case 'refused':
      return `refuses tools/list (error ${String(greeting.code)})`;
    case 'unusable':
      return `${greeting.what}, to tools/list`;
    case 'exited':
      return 'ended when it was asked for its tools';
    case 'silent':
      return `does not list its tools within ${startTimeoutMs} ms ("startTimeout")`;
  }
}

/** What clients may use of the server, for a person to read over. */
function policyLines({ tools, methods }: ServerConfig): string[] {
  return Object.entries({ tools, methods }).flatMap(([kind, rules]) => {
    if (!rules) return [];
    const { allow, deny = [] } = rules;
    const listed = (names: readonly string[]): string => names.join(', ') || 'none';
    const only = allow ? `only ${listed(allow)}` : 'all';
    return [`${kind}: ${only}${deny.length > 0 ? `, but not ${listed(deny)}` : ''}`];
  });
}

/** Who shares its processes, and what it cannot do for them. */
function sharingLines({ sharing }: ServerConfig, answer: Uint8Array): string[] {
  if (!sharing) return [];
  const { by, sessionsPerProcess } = sharing;
  const who =
    by === 'server' ? 'all sessions, whoever they are of' : 'the sessions of one principal';
  const capabilities = ['result', 'capabilities'] as const;
  const hasTasks =
    parsedAt(answer, ...capabilities, 'tasks') !== undefined ||
    parsedAt(answer, ...capabilities, 'extensions', TASKS_EXTENSION) !== undefined;
  return [
    `shared: by ${who}, ${sessionsPerProcess} at each process; it can ask no client for roots, sampling or input`,
    ...(hasTasks ? ['shared: its tasks are not offered, since any session could reach them'] : []),
  ];
}

/** `everything 2.0.0, MCP 2025-11-25`. */
function describeServer(answer: Uint8Array): string {
  const of = (key: string): string | undefined => stringAt(answer, 'result', 'serverInfo', key);
  const supported = parsedAt(answer, 'result', 'supportedVersions');
  const chosen = parsedAt(answer, 'result', 'protocolVersion');
  const revisions: unknown[] = Array.isArray(supported) ? supported : [chosen];
  const named = revisions.map((revision) => (typeof revision === 'string' ? revision : '?'));
  return `${of('name') ?? 'unnamed'} ${of('version') ?? '?'}, MCP ${named.join(' ')}`;
}
