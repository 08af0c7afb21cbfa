// Cloudflare, as far as a deployment needs it: the API, answering wrangler as it is documented and as wrangler's own code reads it, and
// workers.dev and the custom domains, where whatever was uploaded runs in the real workerd with the settings that were set.
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  request as requestHttp,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTls } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';

import { freePort } from '../../runner/dev/free-port.ts';
import { startLocalEdge, type LocalEdge } from '../../runner/dev/local-edge.ts';
import { selfSigned } from '../fixtures/self-signed.ts';

export const ACCOUNT = { id: '0123456789abcdef0123456789abcdef', name: 'Ann' };
export const TOKEN = 'played-token';
export const SUBDOMAIN = 'ann';
/** The domain of the account that is served by Cloudflare. */
export const ZONE = 'example.com';

/** What a worker is uploaded with. */
export interface Metadata {
  readonly main_module: string;
  readonly bindings: readonly Readonly<Record<string, unknown>>[];
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly keep_bindings?: readonly string[];
  readonly migrations?: { readonly new_tag: string; readonly steps: readonly object[] };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly observability?: object;
}

interface Version {
  readonly id: string;
  readonly metadata: Metadata;
  readonly createdOn: string;
}

export interface PlayedWorker {
  readonly versions: Version[];
  readonly secrets: Record<string, string>;
  migrationTag: string | undefined;
  isOnWorkersDev: boolean;
  edge: LocalEdge | undefined;
  port: number;
}

/** A refusal: HTTP status, code of the API, what it says. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

interface Asked {
  readonly method: string;
  /** Behind `/client/v4`, with the account as `:account`. */
  readonly path: string;
  readonly body: Buffer;
  readonly type: string;
}

const PREFIX = '/client/v4';

const missing: Refusal = {
  status: 404,
  code: 10_007,
  message: 'This Worker does not exist on your account.',
};

const MODULE_TYPE = /\bmodule\b/u;

export class PlayedCloudflare {
  readonly workers = new Map<string, PlayedWorker>();
  /** Requests that change something, `METHOD path`, in their order. */
  readonly changes: string[] = [];
  accounts: readonly { readonly id: string; readonly name: string }[] = [ACCOUNT];
  subdomain: string | undefined = SUBDOMAIN;
  /** Names of the workers that are at custom domains, by host. */
  readonly domains = new Map<string, string>();
  /** What is refused, by the beginning of `METHOD path`. */
  readonly refusals = new Map<string, Refusal>();
  /** Called when a request was carried out, before it is answered: a test may hold the answer back. */
  beforeAnswer: (what: string) => Promise<void> | undefined = () => undefined;
  readonly #folder: string;
  readonly #log: (line: string) => void;
  readonly #api = createServer((request, response) => void this.#answerApi(request, response));
  readonly #certificate = selfSigned();
  readonly #front = createTls(
    this.#certificate,
    (request, response) => void this.#toEdge(request, response),
  );
  #ids = 0;

  private constructor(folder: string, log: (line: string) => void) {
    this.#folder = folder;
    this.#log = log;
  }

  static async start(
    folder: string,
    log: (line: string) => void = () => undefined,
  ): Promise<PlayedCloudflare> {
    const played = new PlayedCloudflare(folder, log);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ca.pem'), played.#certificate.cert);
    played.#front.on('upgrade', (request, socket, head: Buffer) => {
      const worker = played.#workerAt(request);
      if (!worker) return void socket.destroy();
      const edge = connect(worker.port, '127.0.0.1', () => {
        const lines = Object.entries(request.headers).map(
          ([name, value]) => `${name}: ${String(value)}`,
        );
        edge.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
        edge.write(head);
        socket.pipe(edge).pipe(socket);
      });
      for (const end of [edge, socket])
        end.on('error', () => [edge, socket].map((each) => each.destroy()));
    });
    for (const server of [played.#api, played.#front]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return played;
  }

  /** What a program needs in its environment to meet this Cloudflare, and not the real one. */
  get environment(): Record<string, string> {
    const preload = pathToFileURL(
      fileURLToPath(new URL('../fixtures/played-workers-dev.mjs', import.meta.url)),
    );
    return {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${portOf(this.#api)}${PREFIX}`,
      PLAYED_WORKERS_DEV_PORT: String(portOf(this.#front)),
      NODE_EXTRA_CA_CERTS: join(this.#folder, 'ca.pem'),
      NODE_OPTIONS: `--import=${preload.href}`,
    };
  }

  /** Changes the code of a worker, and has it served. */
  async changeCode(name: string, change: (code: string) => string): Promise<void> {
    const worker = this.workers.get(name);
    const path = join(this.#folder, name, 'worker.js');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    if (worker) await this.#serve(name, worker);
  }

  /** Takes a worker away with all that it keeps. */
  async remove(name: string): Promise<void> {
    await this.workers.get(name)?.edge?.stop();
    this.workers.delete(name);
    for (const [host, worker] of this.domains) if (worker === name) this.domains.delete(host);
    rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    for (const server of [this.#api, this.#front]) {
      server.close();
      server.closeAllConnections();
    }
    for (const { edge } of this.workers.values()) await edge?.stop();
  }

  async #answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '', 'http://api');
    const asked: Asked = {
      method: request.method ?? '',
      path:
        pathname.slice(PREFIX.length).replace(/\/accounts\/[\da-f]{32}/u, '/accounts/:account') +
        search,
      body: await bodyOf(request),
      type: request.headers['content-type'] ?? '',
    };
    const what = `${asked.method} ${asked.path}`;
    this.#log(what);
    let outcome: unknown;
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      outcome = refusal(400, 10_000, 'Authentication error');
    else {
      const refused = [...this.refusals].find(([beginning]) => what.startsWith(beginning))?.[1];
      outcome = refused
        ? new Refused(refused)
        : await this.#carryOut(asked).catch((error: unknown) => error);
    }
    if (asked.method !== 'GET' && !(outcome instanceof Refused)) this.changes.push(what);
    await this.beforeAnswer(what);
    if (outcome instanceof Error && !(outcome instanceof Refused)) this.#log(outcome.stack ?? '');
    const problem = outcome instanceof Refused ? outcome.refusal : undefined;
    response.writeHead(problem?.status ?? 200, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify({
        success: !problem,
        errors: problem ? [{ code: problem.code, message: problem.message }] : [],
        messages: [],
        result: problem ? null : outcome,
        ...(Array.isArray(outcome) && {
          result_info: {
            page: 1,
            per_page: 100,
            total_pages: 1,
            count: outcome.length,
            total_count: outcome.length,
          },
        }),
      }),
    );
  }

  async #carryOut({ method, path, body, type }: Asked): Promise<unknown> {
    const [bare = '', query = ''] = path.split('?');
    switch (`${method} ${bare}`) {
      case 'GET /user/tokens/verify':
        return { id: 'token', status: 'active' };
      case 'GET /user':
        return { id: 'user', email: 'ann@example.com' };
      case 'GET /accounts':
        return this.accounts;
      case 'GET /memberships':
        return this.accounts.map((account) => ({ id: `m-${account.id}`, account }));
      case 'GET /accounts/:account/workers/subdomain':
        if (this.subdomain === undefined) throw refusal(404, 10_007, 'No workers.dev subdomain.');
        return { subdomain: this.subdomain };
      case 'GET /accounts/:account/storage/kv/namespaces':
        return [];
      default:
    }
    const [, kind = '', name = '', rest = ''] =
      /^\/accounts\/:account\/workers\/(services|scripts|workers)\/([\w-]+)(?:\/([\w/-]+))?$/u.exec(
        bare,
      ) ?? [];
    const worker = this.workers.get(name);
    const call = `${method} ${kind}${rest === '' ? '' : `/${rest}`}`;
    if (call === 'PUT scripts') return this.#put(name, await formOf(body, type));
    if (kind === '') throw refusal(404, 7003, `Could not route to ${path}`);
    if (!worker)
      throw kind === 'services'
        ? refusal(404, 10_090, 'workers.api.error.service_not_found')
        : new Refused(missing);
    switch (call) {
      case 'GET services':
        return {
          id: name,
          default_environment: {
            environment: 'production',
            script: {
              id: name,
              tag: `tag-of-${name}`,
              tags: [],
              last_deployed_from: 'wrangler',
              migration_tag: worker.migrationTag,
            },
          },
        };
      case 'DELETE services':
        await this.remove(name);
        return null;
      case 'GET scripts/secrets':
        return Object.keys(worker.secrets).map((secret) => ({ name: secret, type: 'secret_text' }));
      case 'PATCH scripts/secrets-bulk':
        return this.#setSecrets(name, worker, JSON.parse(body.toString()) as SecretsBody);
      case 'GET scripts/deployments':
        return {
          deployments: [
            {
              id: 'deployment',
              versions: [{ version_id: worker.versions.at(-1)?.id, percentage: 100 }],
            },
          ],
        };
      case 'POST scripts/deployments':
        await this.#serve(name, worker);
        return { id: 'deployment' };
      case 'GET scripts/versions':
        return {
          items: worker.versions.map(({ id, metadata, createdOn }, at) => ({
            id,
            number: at + 1,
            metadata: { created_on: createdOn, author_email: 'ann@example.com' },
            annotations: metadata.annotations ?? {},
          })),
        };
      case 'POST scripts/versions': {
        const version = await this.#addVersion(name, worker, await formOf(body, type));
        return { id: version.id, startup_time_ms: 5, resources: { script: { etag: 'e' } } };
      }
      case 'PATCH scripts/script-settings':
        return {};
      case 'POST scripts/domains/changeset': {
        const origins = JSON.parse(body.toString()) as Origin[];
        const isTaken = ({ hostname }: Origin): boolean =>
          (this.domains.get(hostname) ?? name) !== name;
        return {
          added: origins.filter(({ hostname }) => !this.domains.has(hostname)),
          updated: origins.filter(isTaken).map((origin) => ({ ...origin, modified: true })),
          removed: [],
          conflicting: [],
        };
      }
      case 'PUT scripts/domains/records':
        return this.#setDomains(name, JSON.parse(body.toString()) as { origins: Origin[] });
      case 'GET workers':
        return {
          id: name,
          name,
          subdomain: { enabled: worker.isOnWorkersDev, previews_enabled: false },
        };
      case 'POST scripts/subdomain':
        worker.isOnWorkersDev = (JSON.parse(body.toString()) as { enabled: boolean }).enabled;
        return { enabled: worker.isOnWorkersDev, previews_enabled: false };
      default:
        throw refusal(404, 7003, `Could not route to ${path}${query}`);
    }
  }

  async #put(name: string, form: FormData): Promise<unknown> {
    const worker = this.workers.get(name) ?? {
      versions: [],
      secrets: {},
      migrationTag: undefined,
      isOnWorkersDev: false,
      edge: undefined,
      port: await freePort(),
    };
    this.workers.set(name, worker);
    const { id, metadata } = await this.#addVersion(name, worker, form);
    worker.migrationTag = metadata.migrations?.new_tag ?? worker.migrationTag;
    await this.#serve(name, worker);
    return { id: name, etag: 'e', deployment_id: id.replaceAll('-', ''), startup_time_ms: 5 };
  }

  async #addVersion(name: string, worker: PlayedWorker, form: FormData): Promise<Version> {
    const metadata = JSON.parse(await textOf(form.get('metadata'))) as Metadata;
    const main = form.get(metadata.main_module);
    if (!(main instanceof File) || !MODULE_TYPE.test(main.type))
      throw refusal(400, 10_021, `No module ${metadata.main_module}`);
    this.#ids += 1;
    const id = `00000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`;
    const version = {
      id,
      metadata,
      createdOn: new Date(1_790_000_000_000 + this.#ids * 1_000).toISOString(),
    };
    worker.versions.push(version);
    mkdirSync(join(this.#folder, name), { recursive: true });
    writeFileSync(join(this.#folder, name, 'worker.js'), await main.text());
    return version;
  }

  /** The worker's domains are these from now on. */
  #setDomains(name: string, { origins }: { readonly origins: readonly Origin[] }): unknown {
    for (const { hostname } of origins)
      if (!hostname.endsWith(`.${ZONE}`))
        throw refusal(400, 10_083, `workers.api.error.zone_not_found for "${hostname}"`);
    for (const [host, worker] of this.domains) if (worker === name) this.domains.delete(host);
    for (const { hostname } of origins) this.domains.set(hostname, name);
    return origins;
  }

  async #setSecrets(
    name: string,
    worker: PlayedWorker,
    { secrets }: SecretsBody,
  ): Promise<unknown> {
    for (const [key, secret] of Object.entries(secrets)) {
      if (secret === null) delete worker.secrets[key];
      else worker.secrets[key] = secret.text;
    }
    await this.#serve(name, worker);
    return Object.keys(worker.secrets).map((key) => ({ name: key, type: 'secret_text' }));
  }

  /** Starts the worker anew with what it was uploaded with; what its actors kept stays. */
  async #serve(name: string, worker: PlayedWorker): Promise<void> {
    await worker.edge?.stop();
    worker.edge = await startLocalEdge({
      port: worker.port,
      storage: join(this.#folder, name, 'storage'),
      settings: worker.secrets,
      bundle: join(this.#folder, name, 'worker.js'),
      log: {
        info: () => undefined,
        warn: (line, fields) => this.#log(`${line} ${JSON.stringify(fields)}`),
      },
    });
  }

  #workerAt({ headers: { host = '' } }: IncomingMessage): PlayedWorker | undefined {
    const own = this.workers.get(this.domains.get(host) ?? '');
    if (own) return own;
    const [, name = ''] =
      new RegExp(`^([\\w-]+)\\.${this.subdomain}\\.workers\\.dev$`, 'u').exec(host) ?? [];
    const worker = this.workers.get(name);
    return worker?.isOnWorkersDev === true ? worker : undefined;
  }

  /** workers.dev or a custom domain: ends TLS, and hands the request to the worker of that name. */
  async #toEdge(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const what = `${request.method} https://${request.headers.host}${request.url?.replace(/\?.*$/u, '')}`;
    const worker = this.#workerAt(request);
    const body = await bodyOf(request);
    if (!worker) return void response.writeHead(404).end('error code: 1042');
    const { method = '', url = '', headers } = request;
    const passed = requestHttp({
      port: worker.port,
      host: '127.0.0.1',
      method,
      path: url,
      headers,
    });
    passed.on('error', () => response.destroy());
    passed.on('response', (answer) => {
      void (async () => {
        await this.beforeAnswer(what);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      })();
    });
    passed.end(body);
  }
}

/** A custom domain, as wrangler asks for it. */
interface Origin {
  readonly hostname: string;
}

interface SecretsBody {
  readonly secrets: Readonly<Record<string, { readonly text: string } | null>>;
}

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const refusal = (status: number, code: number, message: string): Refused =>
  new Refused({ status, code, message });

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const formOf = (body: Buffer, type: string): Promise<FormData> =>
  new Response(new Uint8Array(body), { headers: { 'Content-Type': type } }).formData();

const textOf = async (part: File | string | null): Promise<string> =>
  typeof part === 'string' ? part : ((await part?.text()) ?? '');
