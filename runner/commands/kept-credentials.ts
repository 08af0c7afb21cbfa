// What `mcp-bridge client` and `mcp-bridge runner` have in common: words, servers and the lists that they print.
import * as v from 'valibot';

import { RUNNER_NAME, SERVER_NAME } from '../../shared/ids.ts';
import { textOf, type Arguments } from './arguments.ts';
import { dayOf, tableText } from './table.ts';

/** As the operator's API lists them. Times are ms since the epoch. */
export const KEPT = v.array(
  v.object({
    name: v.string(),
    servers: v.array(v.string()),
    keys: v.array(
      v.object({ createdAt: v.number(), usedAt: v.number(), notAfter: v.nullable(v.number()) }),
    ),
  }),
);

/** What the API answers to a removal. */
export const REMOVED = v.object({ name: v.string() });

type Kept = v.InferOutput<typeof KEPT>;

/** A name that a credential may have, or what is wrong. */
export const mistakeInName = (name: string): string | undefined =>
  RUNNER_NAME.test(name)
    ? undefined
    : 'a name has 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first';

/** The servers that `--servers` names; or what is wrong. */
export function readServers(given: Arguments): readonly string[] | string {
  const text = textOf(given, 'servers');
  // A key that opens everything is a choice, and nobody makes it by leaving something out.
  if (text === undefined)
    return 'say with --servers which servers it is for: names separated by commas, or *';
  const servers = text.split(',').map((server) => server.trim());
  return servers.every((server) => server === '*' || SERVER_NAME.test(server))
    ? servers
    : '--servers takes server names separated by commas, or *';
}

/** A line for each key: name, servers, when it was made, last used and ends. */
export function keptTable(kept: Kept): string {
  const rows = kept.flatMap(({ name, servers, keys }) =>
    keys.map(({ createdAt, usedAt, notAfter }) => [
      name,
      servers.join(','),
      `made ${dayOf(createdAt)}`,
      usedAt === 0 ? 'never used' : `used ${dayOf(usedAt)}`,
      notAfter === null ? '' : `ends ${dayOf(notAfter)}`,
    ]),
  );
  return tableText(rows);
}
