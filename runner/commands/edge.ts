// `mcp-bridge edge`: an edge on a machine of its own, to which runners dial in from elsewhere.
import { problemText } from '../../shared/problem.ts';
import { keepCertificate, readCertificate } from '../dev/certificate.ts';
import { readEdgeOptions, type EdgeCommandOptions } from '../dev/edge-options.ts';
import { EdgeStartError } from '../dev/edge-start-error.ts';
import { startNodeEdge } from '../dev/node-edge.ts';
import { createLog } from '../log.ts';
import { printError, serveOutput } from '../output.ts';
import { EXIT, printUsage, readArguments, textOf } from './arguments.ts';
import { takeSignals } from './signals.ts';
import { endOnException } from './surroundings.ts';

/** Runs until a signal ends it. Returns the exit code. */
export async function edgeCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('edge', argv);
  if (given === undefined) return EXIT.usage;
  const reading = readEdgeOptions((name) => textOf(given, name), process.env);
  if (!reading.ok) {
    printUsage(reading.problem);
    return EXIT.usage;
  }
  try {
    return await serve(reading.options);
  } catch (error) {
    if (!(error instanceof EdgeStartError)) throw error;
    printError(`${problemText(error.problem)}\n`);
    return EXIT.failed;
  }
}

async function serve({ tls, logLevel, ...options }: EdgeCommandOptions): Promise<number> {
  const log = createLog({ level: logLevel });
  const certificate = tls && readCertificate(tls);
  const edge = await startNodeEdge({ ...options, certificate, log, portOption: '--listen' });
  serveOutput();
  endOnException(log, () => undefined);
  for (const problem of edge.settings.problems) log.warn('a setting is wrong', { ...problem });
  const { traces } = edge.settings;
  if (traces) log.info('calls are traced', { endpoint: traces.endpoint, ratio: traces.ratio });
  const kept = tls && keepCertificate(tls, log, (renewed) => edge.renew(renewed));
  const signals = takeSignals({ reload: () => kept?.renew() });
  log.info('edge started', { host: options.host, port: edge.port });
  const signal = await signals.stop;
  // The second one ends the program at once.
  signals.release();
  log.info('stopping', { signal });
  kept?.close();
  await edge.stop();
  log.info('stopped');
  return EXIT.ok;
}
