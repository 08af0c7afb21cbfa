// What is asked of Cloudflare for an edge, each as one call of wrangler: who is logged in, whose a worker is, upload, settings, removal.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

import type { Problem } from '../../shared/problem.ts';
import { edgeBundle } from '../dev/bundle.ts';
import { writeOwnFile } from '../dev/own-storage.ts';
import { placeConfig, WORKER_FILE, workerConfig, type WorkerPlace } from './worker-config.ts';
import { runWrangler, talkWithWrangler, type Wrangler, type WranglerEnd } from './wrangler.ts';

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
  v.object({
    metadata: v.object({ created_on: v.string() }),
    annotations: v.optional(v.object({ 'workers/tag': v.optional(v.string()) }), {}),
  }),
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
    const end = await this.#run(['whoami', '--json'], {});
    const read = v.safeParse(WHO, jsonIn(end.stdout));
    if (read.success) {
      const { loggedIn, accounts } = read.output;
      return { ok: true, value: loggedIn ? accounts : undefined };
    }
    return end.ok ? odd('whoami') : end;
  }

  /** Has wrangler log the person in, in a browser. True if it did. */
  logIn(): Promise<boolean> {
    const words = ['login', '--config', this.#configure({})];
    return talkWithWrangler(this.#wrangler, words, this.#folder);
  }

  /**
   * The tag of the last upload of a worker that has one, which is that of its deployment: empty if none has; undefined if there is no
   * such worker. Cloudflare lists the last versions alone, and a change of a setting makes one without a tag.
   */
  async lastTagOf(place: WorkerPlace): Promise<CloudflareAnswer<string | undefined>> {
    const words = ['versions', 'list', '--json', '--name', place.name];
    const end = await this.#run(words, place);
    if (!end.ok) return NO_WORKER.has(end.code) ? { ok: true, value: undefined } : end;
    const read = v.safeParse(VERSIONS, jsonIn(end.stdout));
    if (!read.success) return odd('versions list');
    const tags = read.output
      .toSorted((left, right) => (left.metadata.created_on < right.metadata.created_on ? -1 : 1))
      .map(({ annotations }) => annotations['workers/tag'])
      .filter((tag) => tag !== undefined && tag !== '');
    return { ok: true, value: tags.at(-1) ?? '' };
  }

  /** Uploads the worker of this package and makes it the one that serves. The value is its origin. */
  async upload(
    place: WorkerPlace,
    { tag, version }: { readonly tag: string; readonly version: string },
  ): Promise<CloudflareAnswer<string>> {
    const config = await this.#lay(place);
    const words = ['deploy', '--tag', tag, '--message', messageOf(version)];
    const end = await this.#run(words, { ...place, config });
    if (!end.ok) return end;
    const targets = end.notes.find(({ type }) => type === 'deploy')?.['targets'];
    const [target] = (Array.isArray(targets) ? (targets as unknown[]) : []).map(String);
    if (target === undefined || target === '') return odd('deploy');
    // Behind a domain it says what it is.
    const [host = ''] = target.split(' ');
    if (place.domain !== undefined && host !== place.domain) return odd('deploy');
    const url = host.includes('://') ? host : `https://${host}`;
    return URL.canParse(url) ? { ok: true, value: new URL(url).origin } : odd('deploy');
  }

  /** Has wrangler read and check what would be uploaded. The value is what it says of its size. */
  async check(place: WorkerPlace): Promise<CloudflareAnswer<string>> {
    const end = await this.#run(['deploy', '--dry-run'], { config: await this.#lay(place) });
    if (!end.ok) return end;
    const [, size = 'unknown'] = /^Total Upload: (.*)$/mu.exec(end.stdout) ?? [];
    return { ok: true, value: size };
  }

  /** Puts the config and the worker where wrangler finds them. The config's path. */
  async #lay(place: WorkerPlace): Promise<string> {
    const config = this.#write(workerConfig(place));
    const bundle = join(this.#folder, WORKER_FILE);
    await copyFile(await edgeBundle(this.#folder), bundle);
    return config;
  }

  /** Sets secret settings of the worker, all in one step; null removes one. They go through a pipe, never through a file or an argument. */
  async set(
    place: WorkerPlace,
    settings: Readonly<Record<string, string | null>>,
  ): Promise<CloudflareAnswer<undefined>> {
    const words = ['secret', 'bulk', '--name', place.name];
    const end = await this.#run(words, { ...place, input: JSON.stringify(settings) });
    return end.ok ? { ok: true, value: undefined } : end;
  }

  /** Removes the worker with all that its actors keep. One that is gone already is fine. */
  async remove(place: WorkerPlace): Promise<CloudflareAnswer<undefined>> {
    const end = await this.#run(['delete', place.name, '--force'], place);
    return end.ok || NO_WORKER.has(end.code) ? { ok: true, value: undefined } : end;
  }

  /** Every call names its config: wrangler would take one of a folder above, whose account counts more than the one it is told. */
  #run(
    words: readonly string[],
    {
      config,
      input,
      ...place
    }: Partial<WorkerPlace> & { readonly config?: string; readonly input?: string },
  ): Promise<WranglerEnd> {
    return runWrangler(this.#wrangler, {
      words: [...words, '--config', config ?? this.#configure(place)],
      folder: this.#folder,
      account: place.account,
      ...(input !== undefined && { input }),
    });
  }

  #configure(place: Partial<WorkerPlace>): string {
    return this.#write(placeConfig(place));
  }

  #write(text: string): string {
    const config = join(this.#folder, CONFIG_FILE);
    writeOwnFile(config, text);
    return config;
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
