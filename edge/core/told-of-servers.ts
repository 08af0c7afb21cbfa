// What a runner tells of its servers, for the owner: the last of each is kept (PROTOCOL.md LP32, LP33). Pure.
import type { ServerName } from '../../shared/ids.ts';

/** Of a runner; each is 2 KB at most. */
const MOST_SERVERS = 32;

/** What is known of a runner's servers once this was told too; the newest stands last. */
export const toldAfter = <Told extends { readonly server: ServerName }>(
  known: readonly Told[],
  told: Told,
): readonly Told[] =>
  [...known.filter(({ server }) => server !== told.server), told].slice(-MOST_SERVERS);
