// The edge's log on Cloudflare: each line is one JSON object on the console, where Workers Logs and `wrangler tail` find it.
import type { LogPort } from '../../core/log.ts';

export const consoleLog: LogPort = ({ level, ...line }) =>
  console[level](JSON.stringify({ level, ...line }));
