// An app that signs in at a played edge, step by step.
import { createHash, randomBytes } from 'node:crypto';

import { Browser } from '../../../fixtures/browser.ts';
import { PlayedEdge } from '../modern-client.ts';

export const ISSUER = 'https://edge.example';
export const OWNER_KEY = `mcpo_${'k'.repeat(43)}`;

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export const SETTINGS = {
  BRIDGE_CLIENT_AUTH: 'keys',
  BRIDGE_URL: ISSUER,
  BRIDGE_OWNER: `sha256:${sha256Hex(OWNER_KEY)}`,
};

export const CALLBACK = 'https://app.example/callback';
export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly scope: string;
}

export const signInEdge = (changed: Record<string, string> = {}): PlayedEdge =>
  new PlayedEdge({ ...SETTINGS, ...changed });

export const browserOf = (edge: PlayedEdge): Browser =>
  new Browser((url, init) => edge.send(init, url));

export const json = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

/** An app with its own verifier, registered or with a document. */
export class PlayedApp {
  readonly verifier = randomBytes(32).toString('base64url');
  readonly #edge: PlayedEdge;
  readonly id: string;
  readonly redirect: string;

  constructor(edge: PlayedEdge, id: string, redirect = CALLBACK) {
    this.#edge = edge;
    this.id = id;
    this.redirect = redirect;
  }

  static async registered(
    edge: PlayedEdge,
    redirects = [CALLBACK],
    name = 'App',
  ): Promise<PlayedApp> {
    const answer = await edge.send(
      { method: 'POST', body: JSON.stringify({ redirect_uris: redirects, client_name: name }) },
      '/register',
    );
    const { client_id: id } = await json(answer);
    if (typeof id !== 'string') throw new Error(`not registered: ${answer.status}`);
    return new PlayedApp(edge, id, redirects[0]);
  }

  get challenge(): string {
    return createHash('sha256').update(this.verifier).digest('base64url');
  }

  /** The URL to which it sends the person; undefined leaves a parameter out. */
  url(changed: Readonly<Record<string, string | undefined>> = {}): string {
    const parameters = {
      response_type: 'code',
      client_id: this.id,
      redirect_uri: this.redirect,
      code_challenge: this.challenge,
      code_challenge_method: 'S256',
      scope: 'mcp offline_access',
      state: 's1',
      resource: `${ISSUER}/files/mcp`,
      ...changed,
    };
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
    return `${ISSUER}/authorize?${new URLSearchParams(given).toString()}`;
  }

  token(fields: Readonly<Record<string, string | undefined>>, headers = {}): Promise<Response> {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const body = new URLSearchParams(given as [string, string][]).toString();
    return this.#edge.send({ method: 'POST', headers: { ...FORM, ...headers }, body }, '/token');
  }

  redeem(
    code: string,
    changed: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Response> {
    return this.token({
      grant_type: 'authorization_code',
      code,
      client_id: this.id,
      redirect_uri: this.redirect,
      code_verifier: this.verifier,
      ...changed,
    });
  }

  renew(
    refresh: string,
    changed: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Response> {
    return this.token({
      grant_type: 'refresh_token',
      refresh_token: refresh,
      client_id: this.id,
      ...changed,
    });
  }

  /** A code that the owner gave. */
  async code(changed: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
    const back = await browserOf(this.#edge).allow(this.url(changed), OWNER_KEY);
    return back.searchParams.get('code') ?? '';
  }

  async tokens(changed: Readonly<Record<string, string | undefined>> = {}): Promise<Tokens> {
    const answer = await this.redeem(await this.code(changed));
    if (answer.status !== 200) throw new Error(await answer.text());
    return (await answer.json()) as Tokens;
  }
}

/** What a server answers to a token: 400 where it was let in, since there is nothing in the body. */
export const statusWith = async (
  edge: PlayedEdge,
  token: string,
  path = '/files/mcp',
): Promise<number> => {
  const headers = { Authorization: `Bearer ${token}` };
  return (await edge.send({ method: 'POST', headers }, path)).status;
};
