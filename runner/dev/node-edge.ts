// An edge in this program. This is where edge and runner meet: all else of them knows only the link.
import { join } from 'node:path';
import { DatabaseError, type DatabaseProblem } from '../../edge/hosts/node/database.ts';
import { startEdge, type EdgeOptions, type NodeEdge } from '../../edge/hosts/node/edge.ts';
import type { Log } from '../log.ts';
import { openSpanExport } from '../span-export.ts';
import { EdgeStartError } from './edge-start-error.ts';
import { ownFolder } from './own-storage.ts';

export interface NodeEdgeOptions extends Omit<EdgeOptions, 'database' | 'log' | 'exportSpans'> {
  /** A folder for this edge alone; made if missing. */
  readonly storage: string;
  readonly log: Log;
  /** The option that chooses the port, for what is said when it is taken. */
  readonly portOption?: '--port' | '--listen';
}

/** Starts the edge. Rejects with an `EdgeStartError` if the storage or the port cannot be used; then nothing is left. */
export async function startNodeEdge({
  storage,
  log,
  portOption = '--port',
  ...options
}: NodeEdgeOptions): Promise<NodeEdge> {
  ownFolder(storage);
  try {
    return await startEdge({
      ...options,
      exportSpans: ({ endpoint, headers }) =>
        openSpanExport({ endpoint, headers, resource: { 'service.name': 'mcp-bridge-edge' } }),
      database: join(storage, 'edge.sqlite'),
      log: edgeLog(log),
    });
  } catch (error) {
    throw inWords(options, storage, portOption, error);
  }
}

/** Lines of the edge in the log of this program. */
const edgeLog =
  (log: Log): EdgeOptions['log'] =>
  (line) =>
    // Level and message are no fields. To copy a line and overwrite two costs less than to leave them out.
    log[line.level](`edge: ${line.message}`, { ...line, level: undefined, message: undefined });

/** What to do about a database that cannot be opened. */
const DATABASE_FIXES: Readonly<Record<DatabaseProblem, string>> = {
  in_use: 'Stop what uses it',
  newer: 'Upgrade this program',
  full: 'Make room there',
  unusable: 'Look at that file and its disk',
};

function inWords(
  { host, port }: Pick<EdgeOptions, 'host' | 'port'>,
  storage: string,
  portOption: string,
  error: unknown,
): unknown {
  if (error instanceof DatabaseError) {
    const reason = error.problem === 'in_use' ? 'storage_in_use' : 'storage_unusable';
    if (error.problem === 'in_use' && portOption === '--port')
      return new EdgeStartError(reason, {
        what: `Another mcp-bridge serves from here and keeps its state in ${storage}`,
        fix: 'Stop it, or start this one beside it with --port 0 and another folder as --storage.',
      });
    const fix = `${DATABASE_FIXES[error.problem]}, or choose another folder than ${storage} with --storage.`;
    return new EdgeStartError(reason, { what: error.message, fix });
  }
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'listen')
    return error;
  const code = 'code' in error ? String(error.code) : '';
  const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${code})`;
  return new EdgeStartError('port_in_use', {
    what: `Port ${port} on ${host} ${why}`,
    fix: `Stop the program that uses it, or choose another with ${portOption}.`,
  });
}
