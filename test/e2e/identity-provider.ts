// A real OpenID provider beside a bridge, and the people who sign in there with a browser.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair } from 'jose';

import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { Browser } from '../fixtures/browser.ts';
import { temporaryFolder } from './journal.ts';

const program = fileURLToPath(new URL('../fixtures/identity-provider.mjs', import.meta.url));

export const EDGE_CLIENT = { client: 'edge', secret: 'the secret of the edge: 100 %' };

/** An app that takes tokens from the provider itself. */
const APP_CALLBACK = 'http://127.0.0.1/callback';

/** What an app gets. */
export interface ProviderTokens {
  readonly access_token: string;
  readonly id_token: string;
}

export class LocalProvider {
  readonly url: string;
  readonly #port: number;
  readonly #edge: string;
  readonly #host: string;
  readonly #kept = temporaryFolder();
  #child: ReturnType<typeof spawnBound> | undefined;

  private constructor(port: number, edge: string, host: string) {
    this.#port = port;
    this.#edge = edge;
    this.#host = host;
    this.url = `http://${host}:${port}`;
  }

  /** For an edge at this URL. It is not started yet. `host`: a name of this machine; by `localhost` it is another site than the edge is. */
  static async for(edge: string, port?: number, host = '127.0.0.1'): Promise<LocalProvider> {
    return new LocalProvider(port ?? (await freePort()), edge, host);
  }

  /** Starts it with a key of this name that nobody has seen. */
  async start(kid: string): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const file = join(this.#kept.folder, `${kid}.json`);
    const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };
    writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 });
    const args = [program, String(this.#port), this.#edge, file, this.#host];
    const child = spawnBound(process.execPath, args, { cwd: this.#kept.folder, env: process.env });
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    child.stderr.resume();
    const ended = once(child.process, 'exit').then(() => {
      throw new Error('the provider ended before it listened');
    });
    ended.catch(() => undefined);
    await Promise.race([once(lines, 'line'), ended]);
  }

  /** Takes it away. */
  async stop(): Promise<void> {
    const child = this.#child?.process;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.stop();
    this.#kept.remove();
  }

  /** A person signs in where a redirect led, and consents; `cancels`: gives up. The URL outside of the provider to which they are sent. */
  async signIn(browser: Browser, start: URL, name: string, cancels = false): Promise<URL> {
    let next = start;
    for (let step = 0; step < 20; step++) {
      // oxlint-disable-next-line no-await-in-loop -- each step leads to the next
      const to = await this.#step(browser, next, name, cancels);
      if (to.origin !== this.url) return to;
      next = to;
    }
    throw new Error('the provider sends the browser around');
  }

  async #step(browser: Browser, at: URL, name: string, cancels: boolean): Promise<URL> {
    const answer = await browser.go(at.href);
    const location = answer.headers.get('location');
    if (location !== null) return new URL(location, at);
    const page = await answer.text();
    const prompt = /name="prompt" value="([a-z]+)"/u.exec(page)?.[1];
    if (prompt === undefined) throw new Error(`no form: ${answer.status} ${page}`);
    if (cancels) return new URL(`${at.href}/abort`);
    const fields = { prompt, ...(prompt === 'login' && { login: name, password: 'x' }) };
    const sent = await browser.go(at.href, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
    return new URL(sent.headers.get('location') ?? '', at);
  }

  /** What an app gets that signs a person in at the provider itself, for this resource. */
  async tokensFor(resource: string, name: string): Promise<ProviderTokens> {
    const verifier = randomBytes(32).toString('base64url');
    const url = new URL('/auth', this.url);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: APP_CALLBACK,
      scope: 'openid mcp',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource,
    }).toString();
    const back = await this.signIn(new Browser(), url, name);
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'app',
      redirect_uri: APP_CALLBACK,
      code: back.searchParams.get('code') ?? '',
      code_verifier: verifier,
      resource,
    });
    const answer = await fetch(`${this.url}/token`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`no tokens: ${await answer.text()}`);
    return (await answer.json()) as ProviderTokens;
  }
}
