// `mcp-bridge dev`: the whole bridge on one machine, edge and runner in this program. The edge may also be a workerd of its own.
import { offeredNames } from '../config/runner-config.ts';
import { readDevOptions } from '../dev/options.ts';
import { welcome } from '../dev/welcome.ts';
import { print } from '../output.ts';
import { EXIT, printUsage } from './arguments.ts';
import { serveHere } from './local-bridge.ts';

/** Runs until a signal stops it. Resolves to the exit code. */
export async function devCommand(argv: readonly string[]): Promise<number> {
  const reading = readDevOptions(argv);
  if (!reading.ok) {
    printUsage(reading.problem);
    return EXIT.usage;
  }
  return serveHere(reading.options, {
    say: print,
    logsConfig: true,
    ready({ edge, key, config, console }) {
      print(welcome(edge, offeredNames(config), key, console));
      return Promise.resolve(undefined);
    },
  });
}
