// What translation between the eras costs: one bridge before two servers that speak one era each, and clients of both eras at
// either. Where both sides are of one era nothing is translated, which is what the others are compared with.
import { fileURLToPath } from 'node:url';

import { ModernSession } from './modern-session.ts';
import { echo, HttpSession, type ClientSession } from './sessions.ts';
import { startOurs, type Target } from './targets.ts';

const ERAS = ['legacy', 'modern'] as const;

type Era = (typeof ERAS)[number];

/** A client era's two targets, by name. */
export interface EraPair {
  readonly client: Era;
  readonly pass: string;
  readonly translated: string;
}

export interface EraTargets {
  /** By name. They share one bridge: to stop one of them does nothing. */
  readonly targets: ReadonlyMap<string, Target>;
  stop(): Promise<void>;
}

const nameOf = (client: Era, server: Era): string => `${client} → ${server}`;

export const ERA_PAIRS: readonly EraPair[] = ERAS.map((client) => ({
  client,
  pass: nameOf(client, client),
  translated: nameOf(client, client === 'legacy' ? 'modern' : 'legacy'),
}));

const WAYS = ERAS.flatMap((client) => ERAS.map((server) => ({ client, server })));

const program = fileURLToPath(new URL('echo-of-era.mjs', import.meta.url));

/** As it stands in the runner's config. */
export const serverOfEra = (era: Era, tools = 1) => ({
  command: process.execPath,
  args: [program, era, String(tools)],
});

/** Starts the bridge and lets a client go each way once: from then on the eras of both servers are known. */
export async function startEras(): Promise<EraTargets> {
  const bridge = await startOurs({
    servers: { legacy: serverOfEra('legacy'), modern: serverOfEra('modern') },
    logLevel: 'warn',
  });
  const { groups, ancestors, ours } = bridge;
  const targets = new Map(
    WAYS.map(({ client, server }) => {
      const session = (): ClientSession => {
        const url = ours.url(server);
        return client === 'modern' ? new ModernSession(url) : new HttpSession(url);
      };
      const target = { groups, ancestors, session, stop: async () => undefined };
      return [nameOf(client, server), target] as const;
    }),
  );
  try {
    for (const { session } of targets.values()) await goOnce(session());
  } catch (error) {
    await bridge.stop();
    throw error;
  }
  return { targets, stop: () => bridge.stop() };
}

async function goOnce(session: ClientSession): Promise<void> {
  try {
    await session.open();
    const outcome = await echo(session, 'the first');
    if (outcome.kind !== 'right') throw new Error(outcome.reason);
  } finally {
    await session.close();
  }
}
