// Two people of a real provider, and a server whose processes say what they have of whom they are for.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { personId } from '../../edge/access/person-id.ts';
import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { startBridge, type Bridge } from './harness.ts';
import { EDGE_CLIENT, LocalProvider } from './identity-provider.ts';
import { temporaryFolder } from './journal.ts';
import { askModern } from './raw-modern.ts';
import { bearer, fixture, messageOf, openSession, SseSession, textOf } from './raw-session.ts';

/** Somebody who calls. */
export interface Person {
  readonly name: string;
  readonly id: string;
  readonly key: string;
}

/** What a process says of whose it is. */
interface Said {
  readonly digest: string;
  readonly mail: string;
  readonly pid: string;
}

/** What came of sessions of two people. */
interface Visits {
  readonly sessions: number;
  /** Processes that had something else than what is their person's, or served both. */
  readonly foreign: readonly Said[];
  /** Of the person who had fewer. */
  readonly leastProcesses: number;
  /** Lines of a log in which a process names its secret, which was taken out, and in which it was not. */
  readonly redacted: number;
  readonly leaked: readonly string[];
}

export function said(text: string): Said {
  const [digest = '', mail = '', pid = ''] = text.split(' ');
  return { digest, mail, pid };
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A bridge, its people, and a client with a key of whom nothing is known but a name. */
export class PeopleBridge {
  readonly bridge: Bridge;
  readonly ann: Person;
  readonly eve: Person;
  readonly ci: Person;
  readonly #provider: LocalProvider;
  readonly #folder: string;
  readonly #remove: () => void;

  private constructor(
    bridge: Bridge,
    provider: LocalProvider,
    [ann, eve, ci]: readonly [Person, Person, Person],
    { folder, remove }: ReturnType<typeof temporaryFolder>,
  ) {
    this.bridge = bridge;
    this.ann = ann;
    this.eve = eve;
    this.ci = ci;
    this.#provider = provider;
    this.#folder = folder;
    this.#remove = remove;
  }

  static async start(): Promise<PeopleBridge> {
    const kept = temporaryFolder();
    const [providerPort, key] = [await freePort(), mintClientKey()];
    const env = {
      SECRET: { file: `${kept.folder}/people/\${person.id}/secret` },
      MAIL: { person: 'email' },
    };
    const secret = { command: '/bin/sh', args: [fixture('secret').replace('.mjs', '.sh')] };
    const bridge = await startBridge({
      servers: {
        secret: { ...secret, bridge: { perUser: { env } } },
        lenient: { ...secret, bridge: { perUser: { env, missing: 'unset' } } },
      },
      bridge: { capacity: 300 },
      environment: { SECRET: 'of the runner itself' },
      settings: {
        BRIDGE_CLIENT_AUTH: 'keys',
        BRIDGE_CLIENTS: JSON.stringify({ ci: { key: hashCredential(key), servers: ['*'] } }),
      },
      settingsAt: (url) => {
        const allow = [{ domain: 'corp.example', servers: ['*'] }];
        const issuer = { issuer: `http://127.0.0.1:${providerPort}`, allow };
        return {
          BRIDGE_URL: url,
          BRIDGE_OWNER: hashCredential(mintOwnerKey()),
          BRIDGE_IDP: JSON.stringify({ ...issuer, ...EDGE_CLIENT }),
          BRIDGE_ISSUERS: JSON.stringify([issuer]),
        };
      },
    });
    const provider = await LocalProvider.for(bridge.url, providerPort);
    await provider.start('k1');
    const personOf = async (name: string): Promise<Person> => {
      const tokens = await provider.tokensFor(`${bridge.url}/secret/mcp`, name);
      return { name, id: await personId(provider.url, name), key: tokens.access_token };
    };
    const people = [
      await personOf('ann'),
      await personOf('eve'),
      { name: 'ci', id: 'ci', key },
    ] as const;
    return new PeopleBridge(bridge, provider, people, kept);
  }

  async stop(): Promise<void> {
    await this.bridge.stop();
    await this.#provider.remove();
    this.#remove();
  }

  folderOf({ id }: Person): string {
    return join(this.#folder, 'people', id);
  }

  /** Puts a secret into a person's file. */
  keep(person: Person, secret: string): void {
    const own = this.folderOf(person);
    mkdirSync(own, { recursive: true });
    for (const path of [this.#folder, join(this.#folder, 'people'), own]) chmodSync(path, 0o700);
    writeFileSync(join(own, 'secret'), `${secret}\n`, { mode: 0o600 });
  }

  /** What a process says to a 2026-07-28 client of a person. */
  async askModern({ key }: Person): Promise<Said> {
    const asked = { params: { name: 'whose' }, headers: bearer(key) };
    return said(textOf(messageOf(await askModern(this.bridge.url, 'secret', 'tools/call', asked))));
  }

  /** So many sessions of all eras, eight at a time: what their processes had that was not their person's, and what of it is in a log. */
  async visit(count: number): Promise<Visits> {
    const secrets = { ann: 'the secret of Ann 4711', eve: 'the secret of Eve 0815' };
    this.keep(this.ann, secrets.ann);
    this.keep(this.eve, secrets.eve);
    const processes = { ann: new Set<string>(), eve: new Set<string>() };
    const foreign: Said[] = [];
    let [next, sessions] = [0, 0];
    const visitor = async (): Promise<void> => {
      while (next < count) {
        const turn = next++;
        // In no simple order, but the same one each time.
        const name = (turn * 7 + Math.floor(turn / 5)) % 2 === 0 ? 'ann' : 'eve';
        const kind = (turn + Math.floor(turn / 4)) % 4;
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const heard = await this.#visit(this[name], kind, turn % 3 === 0);
        sessions += 1;
        for (const one of heard) {
          const isOwn =
            one.digest === digestOf(secrets[name]) && one.mail === `${name}@corp.example`;
          const isOfOther = processes[name === 'ann' ? 'eve' : 'ann'].has(one.pid);
          if (!isOwn || isOfOther) foreign.push(one);
          processes[name].add(one.pid);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, visitor));
    const logs = this.bridge.logs();
    return {
      sessions,
      foreign,
      leastProcesses: Math.min(processes.ann.size, processes.eve.size),
      redacted: logs.filter((line) => line.includes('started with [redacted]')).length,
      leaked: logs.filter((line) => Object.values(secrets).some((secret) => line.includes(secret))),
    };
  }

  /** A session of one kind, and what its process says, once or twice. */
  async #visit(person: Person, kind: number, isAgain: boolean): Promise<readonly Said[]> {
    const { bridge } = this;
    switch (kind) {
      case 0: {
        const session = await openSession(bridge, 'secret', {
          key: person.key,
          revision: '2025-11-25',
        });
        const texts = [textOf(await session.call('whose'))];
        if (isAgain) texts.push(textOf(await session.call('whose', {}, 2)));
        await session.end();
        return texts.map(said);
      }
      case 1: {
        // It just goes away.
        const options = { key: person.key, revision: '2025-03-26' };
        const session = await openSession(bridge, 'secret', options);
        return [said(textOf(await session.call('whose')))];
      }
      case 2: {
        const session = await SseSession.open(bridge, 'secret', person);
        const text = textOf(await session.call('whose'));
        session.stream.destroy();
        return [said(text)];
      }
      default:
        return Promise.all(Array.from({ length: isAgain ? 2 : 1 }, () => this.askModern(person)));
    }
  }
}
