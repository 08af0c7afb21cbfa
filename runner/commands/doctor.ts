// `mcp-bridge doctor`: looks at everything of the bridge that is on this machine, and says one thing to do for each failure.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';

import type { Outcome } from '../check/outcome.ts';
import { SYSTEM_FILE, USUAL_FILE } from '../config/places.ts';
import { EXIT, readArguments, textOf } from './arguments.ts';
import { calledAs } from './called-as.ts';
import { checkRunner, reporter } from './check.ts';
import { COMMANDS } from './commands.ts';
import { checkService } from './service.ts';

/** Returns 1 if anything failed. */
export async function doctorCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('doctor', argv);
  if (given === undefined) return EXIT.usage;
  const { report, exitCode } = reporter();
  report({ verdict: 'ok', subject: 'node', what: process.version });
  report(await portOutcome());
  report(await checkService());
  const config = textOf(given, 'config') ?? [USUAL_FILE, SYSTEM_FILE].find(existsSync);
  if (config === undefined)
    report({
      verdict: 'skip',
      subject: 'config',
      what: `there is no ${USUAL_FILE} here, and no ${SYSTEM_FILE}`,
      fix: `Name yours with --config, or begin with: ${calledAs(process.env)} up`,
    });
  else await checkRunner({ ...given, values: { ...given.values, config } }, report);
  return exitCode();
}

/** Whether the usual port is free, or whose it is. */
async function portOutcome(): Promise<Outcome> {
  const port = Number(COMMANDS.up.options.port.default);
  const subject = `port ${port}`;
  const isFree = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  if (isFree) return { verdict: 'ok', subject, what: 'free for mcp-bridge up' };
  const isEdge = await fetch(`http://127.0.0.1:${port}/healthz`, {
    signal: AbortSignal.timeout(2_000),
    redirect: 'error',
  }).then(
    (response) => response.ok,
    () => false,
  );
  return isEdge
    ? { verdict: 'ok', subject, what: 'an edge answers there' }
    : {
        verdict: 'warn',
        subject,
        what: 'another program uses it',
        fix: 'Give mcp-bridge up another with --port.',
      };
}
