// The edge's log on Cloudflare: each line is one JSON object on the console, where Workers Logs and `wrangler tail` find it.
import { sha256 } from '../../access/digest.ts';
import { sessionEndLine, type LogPort, type SessionEnd } from '../../core/log.ts';

export const consoleLog: LogPort = ({ level, ...line }) =>
  console[level](JSON.stringify({ level, ...line }));

export const logEnd = async (end: SessionEnd): Promise<void> =>
  consoleLog(sessionEndLine(end, await sha256(end.row.session)));
