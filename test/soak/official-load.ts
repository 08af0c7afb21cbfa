// The official clients in the soak: they hide their streams, so only outcomes and the order of progress are evidence.
import { setTimeout as sleep } from 'node:timers/promises';

import {
  OFFICIAL_CLIENTS,
  type OfficialClient,
  type OfficialClientKind,
} from '../e2e/official-clients.ts';
import {
  resultOf,
  settle,
  type Ask,
  type Ground,
  type LoadKind,
  type LoadSession,
} from './load-session.ts';

/** Longer than any call lasts by itself; a client whose stream was lost without an event id waits for this. */
const CALL_MS = 45_000;

/** An edge that was killed is back within seconds. */
const END_MS = 20_000;
const END_PAUSE_MS = 500;

export const OFFICIAL_KINDS: readonly LoadKind[] = OFFICIAL_CLIENTS.map((kind) => ({
  name: `${kind.name} ${kind.transport}`,
  transport: kind.transport,
  open: (ground) => openOfficial(ground, kind),
}));

async function openOfficial(
  ground: Ground,
  kind: OfficialClientKind,
): Promise<LoadSession | undefined> {
  const { bridge, evidence, name, server } = ground;
  try {
    const official = await kind.connect(new URL(`/${server}`, bridge.url));
    return new OfficialSession(ground, kind, official);
  } catch (error) {
    evidence.openFailed(name, `${kind.name}: ${String(error)}`);
    return undefined;
  }
}

class OfficialSession implements LoadSession {
  isOver = false;
  readonly #ground: Ground;
  readonly #kind: OfficialClientKind;
  readonly #official: OfficialClient;
  #hasVanished = false;

  constructor(ground: Ground, kind: OfficialClientKind, official: OfficialClient) {
    this.#ground = ground;
    this.#kind = kind;
    this.#official = official;
  }

  async call(ask: Ask): Promise<void> {
    const { evidence, name } = this.#ground;
    // Progress that comes in one piece with the answer is lost in these clients (they defer notifications and not
    // responses), so only its order is evidence.
    const tracked = evidence.begin(name, this.#kind.name, ask, 0);
    let last = 0;
    const onprogress = ({ progress }: { progress: number }): void => {
      if (progress !== last + 1) {
        evidence.history.evicted.push(`call ${ask.uid} saw progress ${progress} after ${last}`);
      }
      last = progress;
    };
    try {
      const options = { timeout: CALL_MS, onprogress };
      settle(tracked, resultOf(ask, await this.#official.call(ask.tool, { ...ask.args }, options)));
    } catch (error) {
      if (this.#hasVanished) tracked.call.isForsaken = true;
      else settle(tracked, `error:${nameOf(error)}`);
      // What an official client does after an error differs; a new session is always right.
      this.isOver = true;
    }
  }

  note(): Promise<void> {
    return Promise.resolve();
  }

  cut(): void {
    // Their connections cannot be reached.
  }

  async end(): Promise<void> {
    this.isOver = true;
    const until = Date.now() + END_MS;
    while (!(await this.#hasEnded()) && Date.now() < until) await sleep(END_PAUSE_MS);
    await this.#official.client.close().catch(() => undefined);
  }

  /** False while the edge is out of reach. */
  async #hasEnded(): Promise<boolean> {
    try {
      await this.#official.end();
      return true;
    } catch (error) {
      // Any answer will do: after a fault the session may be gone already.
      return !String(error).includes('fetch failed');
    }
  }

  vanish(): void {
    this.#hasVanished = true;
    this.isOver = true;
    void this.#official.client.close().catch(() => undefined);
  }
}

/** The fault that an error tells of, or else its own name. */
function nameOf(error: unknown): string {
  const text = String(error);
  const fault = /"fault":"(\w+)"/u.exec(text)?.[1];
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return fault ?? code ?? text.slice(0, 100);
}
