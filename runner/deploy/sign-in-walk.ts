// One whole sign-in at an edge, as an app and a person with the owner's key would do it: register, ask, allow, get tokens, use them. All
// that it made is taken back afterwards.
import { createHash, randomBytes } from 'node:crypto';
import * as v from 'valibot';

import type { Outcome } from '../check/outcome.ts';
import { networkProblem } from '../link/network-problem.ts';

const ANSWER_MS = 15_000;

/** Nothing listens there: the code is taken from the redirect itself. */
const REDIRECT = 'http://127.0.0.1/mcp-bridge-check';

const REGISTERED = v.object({ client_id: v.string() });
const TOKENS = v.object({ access_token: v.string(), refresh_token: v.optional(v.string()) });

/** A step that an edge did not take. */
class Halt extends Error {
  override readonly name = 'Halt';
}

/** `server`: the URL of a server, which need not be there. Never rejects. */
export async function walkSignIn(server: string, ownerKey: string): Promise<Outcome> {
  const subject = 'sign-in';
  const walk = new Walk(server, ownerKey);
  try {
    await walk.signIn();
    return {
      verdict: 'ok',
      subject,
      what: 'an app registered, was allowed with the owner key, got its tokens and used them',
    };
  } catch (error) {
    if (!(error instanceof Halt)) return { verdict: 'FAIL', subject, ...networkProblem(error) };
    return {
      verdict: 'FAIL',
      subject,
      what: error.message,
      fix: 'Check that nothing in front of the edge changes its answers, and that BRIDGE_OWNER is the hash of the owner key here.',
    };
  } finally {
    await walk.takeBack();
  }
}

class Walk {
  readonly #edge: string;
  readonly #server: string;
  readonly #ownerKey: string;
  #client: string | undefined;

  constructor(server: string, ownerKey: string) {
    this.#edge = new URL(server).origin;
    this.#server = server;
    this.#ownerKey = ownerKey;
  }

  async signIn(): Promise<void> {
    const client = await this.#register();
    const verifier = randomBytes(32).toString('base64url');
    const state = randomBytes(16).toString('base64url');
    const code = await this.#allow({ client, verifier, state });
    const token = await this.#exchange({ client, verifier, code });
    await this.#use(token);
  }

  /** Ends the grant, and lets the edge forget the app. What could not be taken back ends by itself. */
  async takeBack(): Promise<void> {
    if (this.#client === undefined) return;
    const headers = { Authorization: `Bearer ${this.#ownerKey}` };
    const path = `/-/api/apps/${encodeURIComponent(this.#client)}`;
    await this.#ask(path, { method: 'DELETE', headers }).catch(() => undefined);
  }

  /** RFC 7591. */
  async #register(): Promise<string> {
    const response = await this.#ask('/register', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        client_name: 'mcp-bridge check',
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      }),
    });
    const { client_id: client } = await read(response, REGISTERED, 'an app cannot register');
    this.#client = client;
    return client;
  }

  /** The person's part: the page, and its form with the owner's key. Resolves to the code. */
  async #allow({
    client,
    verifier,
    state,
  }: {
    readonly client: string;
    readonly verifier: string;
    readonly state: string;
  }): Promise<string> {
    const wish = new URLSearchParams({
      response_type: 'code',
      client_id: client,
      redirect_uri: REDIRECT,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource: this.#server,
      state,
    });
    const page = await this.#ask(`/authorize?${wish.toString()}`, {});
    const html = await page.text();
    const request = /name="request" value="([^"]*)"/u.exec(html)?.[1];
    if (page.status !== 200 || request === undefined)
      throw new Halt(`the sign-in page does not come (${page.status})`);
    const cookies = page.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
    const ticked = [
      ...html.matchAll(/type="checkbox" form="consent" name="([^"]*)"[^>]*checked/gu),
    ];
    const answer = await this.#ask('/authorize', {
      method: 'POST',
      headers: {
        Origin: this.#edge,
        Cookie: cookies.join('; '),
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams([
        ['request', request],
        ['key', this.#ownerKey],
        ['decision', 'allow'],
        ...ticked.map(([, name = '']): [string, string] => [name, 'on']),
      ]),
    });
    const location = answer.headers.get('location') ?? '';
    if (answer.status === 403) throw new Halt('the sign-in page does not take the owner key');
    const back = URL.canParse(location) ? new URL(location).searchParams : new URLSearchParams();
    const code = back.get('code');
    if (answer.status !== 303 || code === null)
      throw new Halt(
        `the sign-in page does not send the browser back to the app (${answer.status})`,
      );
    if (back.get('state') !== state || back.get('iss') !== this.#edge)
      throw new Halt('the sign-in page sends the browser back with another state or issuer');
    return code;
  }

  async #exchange({
    client,
    verifier,
    code,
  }: {
    readonly client: string;
    readonly verifier: string;
    readonly code: string;
  }): Promise<string> {
    const response = await this.#ask('/token', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: client,
        redirect_uri: REDIRECT,
        code_verifier: verifier,
        resource: this.#server,
        code,
      }),
    });
    return (await read(response, TOKENS, 'the code gets no token')).access_token;
  }

  /** The token has to be let in; whether there is such a server is another matter. */
  async #use(token: string): Promise<void> {
    const response = await fetch(this.#server, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403)
      throw new Halt(`the token is not let in (${response.status})`);
  }

  #ask(path: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    return fetch(`${this.#edge}${path}`, { ...init, redirect: 'manual', signal });
  }
}

async function read<Schema extends v.GenericSchema>(
  response: Response,
  schema: Schema,
  what: string,
): Promise<v.InferOutput<Schema>> {
  const read = v.safeParse(schema, await response.json().catch(() => undefined));
  if (!response.ok || !read.success) throw new Halt(`${what} (${response.status})`);
  return read.output;
}
