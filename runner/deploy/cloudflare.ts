// What is asked of Cloudflare for an edge, each as one call of wrangler: who is logged in, whose a worker is, upload, settings, removal.
import { rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

import type { Problem } from '../../shared/problem.ts';
import { edgeBundle } from '../dev/bundle.ts';
import { WORKER_FILE, workerConfig, type WorkerPlace } from './worker-config.ts';
import { runWrangler, type Wrangler, type WranglerEnd } from './wrangler.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
}

export type CloudflareAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: Problem };

/** Whether anybody is logged in, and to which accounts. */
const WHO = v.object({
  loggedIn: v.boolean(),
  accounts: v.optional(v.array(v.object({ id: v.string(), name: v.string() })), []),
});

const VERSIONS = v.array(
  v.object({ annotations: v.optional(v.record(v.string(), v.unknown()), {}) }),
);

/** Codes of Cloudflare's API for a worker that is not there. */
const NO_WORKER: ReadonlySet<number> = new Set([10_007, 10_090]);

const CONFIG_FILE = 'wrangler.json';

export class Cloudflare {
  readonly #wrangler: Wrangler;
  readonly #folder: string;

  /** `folder`: where wrangler works; it exists. */
  constructor(wrangler: Wrangler, folder: string) {
    this.#wrangler = wrangler;
    this.#folder = folder;
  }

  /** The accounts of the login; undefined if there is no login. */
  async accounts(): Promise<CloudflareAnswer<readonly Account[] | undefined>> {
    const end = await this.#run(['whoami', '--json']);
    const read = v.safeParse(WHO, jsonIn(end.stdout));
    if (read.success) {
      const { loggedIn, accounts } = read.output;
      return { ok: true, value: loggedIn ? accounts : undefined };
    }
    return end.ok ? odd('whoami') : end;
  }

  /** The tags of the versions of a worker, which are those of deployments; undefined if there is no such worker. */
  async tagsOf({
    name,
    account,
  }: WorkerPlace): Promise<CloudflareAnswer<readonly string[] | undefined>> {
    const end = await this.#run(['versions', 'list', '--json', '--name', name], { account });
    if (!end.ok) return NO_WORKER.has(end.code) ? { ok: true, value: undefined } : end;
    const read = v.safeParse(VERSIONS, jsonIn(end.stdout));
    if (!read.success) return odd('versions list');
    const tags = read.output.map(({ annotations }) => annotations['workers/tag']);
    return { ok: true, value: tags.filter((tag) => typeof tag === 'string') };
  }

  /** Uploads the worker of this package and makes it the one that serves. The value is its origin. */
  async upload(
    place: WorkerPlace,
    { tag, version }: { readonly tag: string; readonly version: string },
  ): Promise<CloudflareAnswer<string>> {
    const config = await this.#lay(place);
    const words = ['deploy', '--config', config, '--tag', tag, '--message', messageOf(version)];
    const end = await this.#run(words, { account: place.account });
    if (!end.ok) return end;
    const targets = end.notes.find(({ type }) => type === 'deploy')?.['targets'];
    const [target] = Array.isArray(targets) ? (targets as unknown[]) : [];
    if (typeof target !== 'string' || target === '') return odd('deploy');
    const url = target.includes('://') ? target : `https://${target}`;
    return URL.canParse(url) ? { ok: true, value: new URL(url).origin } : odd('deploy');
  }

  /** Has wrangler read and check what would be uploaded. The value is what it says of its size. */
  async check(place: WorkerPlace): Promise<CloudflareAnswer<string>> {
    const end = await this.#run(['deploy', '--config', await this.#lay(place), '--dry-run']);
    if (!end.ok) return end;
    const [, size = 'unknown'] = /^Total Upload: (.*)$/mu.exec(end.stdout) ?? [];
    return { ok: true, value: size };
  }

  /** Puts the config and the worker where wrangler finds them. The config's path. */
  async #lay(place: WorkerPlace): Promise<string> {
    const config = join(this.#folder, CONFIG_FILE);
    writeFileSync(config, workerConfig(place), { mode: 0o600 });
    const bundle = join(this.#folder, WORKER_FILE);
    await copyFile(await edgeBundle(this.#folder), bundle);
    return config;
  }

  /** Sets secret settings of the worker, all in one step; null removes one. They go through a pipe, never through a file or an argument. */
  async set(
    { name, account }: WorkerPlace,
    settings: Readonly<Record<string, string | null>>,
  ): Promise<CloudflareAnswer<undefined>> {
    const words = ['secret', 'bulk', '--name', name];
    const end = await this.#run(words, { account, input: JSON.stringify(settings) });
    return end.ok ? { ok: true, value: undefined } : end;
  }

  /** Removes the worker with all that its actors keep. One that is gone already is fine. */
  async remove({ name, account }: WorkerPlace): Promise<CloudflareAnswer<undefined>> {
    // A config in its folder would be read; none is needed.
    rmSync(join(this.#folder, CONFIG_FILE), { force: true });
    const end = await this.#run(['delete', name, '--force'], { account });
    return end.ok || NO_WORKER.has(end.code) ? { ok: true, value: undefined } : end;
  }

  #run(
    words: readonly string[],
    more: { readonly account?: string; readonly input?: string } = {},
  ): Promise<WranglerEnd> {
    return runWrangler(this.#wrangler, { words, folder: this.#folder, ...more });
  }
}

/** What Cloudflare shows beside a version. */
const messageOf = (version: string): string => `mcp-edge-bridge ${version}`;

/** The JSON in what wrangler printed; it may say something before. */
function jsonIn(text: string): unknown {
  const from = /^[[{]/mu.exec(text)?.index;
  try {
    return from === undefined ? undefined : JSON.parse(text.slice(from));
  } catch {
    return undefined;
  }
}

const odd = (what: string): { ok: false; problem: Problem } => ({
  ok: false,
  problem: {
    what: `\`wrangler ${what}\` answers in a form that is not known here`,
    fix: 'Remove the wrangler that is installed where you call this, so that npx takes the release that this program knows.',
  },
});
