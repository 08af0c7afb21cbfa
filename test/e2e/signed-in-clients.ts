// The official MCP clients as apps that sign in: what each keeps between its steps, and a person who allows it with the owner key.
import { Client as ClientTwo, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientOne } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as StreamableOne } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as ClientOld } from 'sdk-2025-03-26/client/index.js';
import { StreamableHTTPClientTransport as StreamableOld } from 'sdk-2025-03-26/client/streamableHttp.js';

import { Browser } from '../fixtures/browser.ts';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string | undefined;
  readonly token_type: string;
  readonly expires_in?: number | undefined;
}

interface Registered {
  readonly client_id: string;
}

/** What an app keeps; the official clients ask it, whatever their generation. */
export class KeptSignIn {
  readonly redirectUrl: string;
  readonly clientMetadataUrl?: string;
  registered: Registered | undefined;
  kept: Tokens | undefined;
  /** Where the person was sent. */
  readonly sentTo: URL[] = [];
  #verifier = '';

  constructor(redirectUrl = 'http://127.0.0.1:54321/callback', clientMetadataUrl?: string) {
    this.redirectUrl = redirectUrl;
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
  }

  get clientMetadata() {
    return {
      client_name: 'Official client',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  state = (): string => 'state-1';
  clientInformation = (): Registered | undefined => this.registered;
  saveClientInformation = (registered: Registered): void => {
    this.registered = registered;
  };
  tokens = (): Tokens | undefined => this.kept;
  saveTokens = (tokens: Tokens): void => {
    this.kept = tokens;
  };
  redirectToAuthorization = (url: URL): void => void this.sentTo.push(url);
  saveCodeVerifier = (verifier: string): void => {
    this.#verifier = verifier;
  };
  codeVerifier = (): string => this.#verifier;
}

/** A client that is connected, whatever its generation. */
export interface SignedIn {
  readonly signIn: KeptSignIn;
  echo(text: string): Promise<string>;
  close(): Promise<void>;
}

/** A person allows what a URL asks for: the URL of the app to which the browser is sent. */
export type Allow = (url: URL) => Promise<URL>;

export interface SigningClient {
  readonly name: string;
  /** Connects; it signs in if it has no token, with the owner key or as `Allow` does. */
  connect(base: URL, signIn: KeptSignIn, key: string | Allow): Promise<SignedIn>;
}

const CLIENT = { name: 'signed-in', version: '1.0.0' };

interface Transport {
  finishAuth(parameters: URLSearchParams): Promise<void>;
}

interface Connecting<T extends Transport> {
  transport(): T;
  connect(transport: T): Promise<Omit<SignedIn, 'signIn'>>;
}

/** The first try sends the person away; the second has a token. */
async function signingIn<T extends Transport>(
  signIn: KeptSignIn,
  key: string | Allow,
  { transport, connect }: Connecting<T>,
): Promise<SignedIn> {
  const first = transport();
  try {
    return { signIn, ...(await connect(first)) };
  } catch (error) {
    const url = signIn.sentTo.at(-1);
    if (!url) throw error;
    const back =
      typeof key === 'string' ? await new Browser().allow(url.href, key) : await key(url);
    await first.finishAuth(back.searchParams);
    return { signIn, ...(await connect(transport())) };
  }
}

interface TextResult {
  readonly content: unknown;
}

const textOf = ({ content }: TextResult): string => {
  const [first] = content as { text?: string }[];
  return first?.text ?? '';
};

const call = (message: string) => ({ name: 'echo', arguments: { message } });

/** Takes the code out of a callback, as clients do that know no `iss`. */
const codeOnly = (parameters: URLSearchParams): string => parameters.get('code') ?? '';

const two = (mode: 'legacy' | { pin: string }): SigningClient['connect'] => {
  return (base, signIn, key) =>
    signingIn(signIn, key, {
      transport: () =>
        new StreamableHTTPClientTransport(new URL(`${base.href}/mcp`), { authProvider: signIn }),
      connect: async (transport) => {
        const client = new ClientTwo(CLIENT, { versionNegotiation: { mode } });
        await client.connect(transport);
        return {
          echo: async (text) => textOf(await client.callTool(call(text))),
          close: () => client.close(),
        };
      },
    });
};

const one = (kind: 'mcp' | 'sse'): SigningClient['connect'] => {
  return (base, signIn, key) =>
    signingIn(signIn, key, {
      transport: () => {
        const Transport = kind === 'mcp' ? StreamableOne : SSEClientTransport;
        const transport = new Transport(new URL(`${base.href}/${kind}`), { authProvider: signIn });
        return Object.assign(transport, {
          finishAuth: (parameters: URLSearchParams) =>
            Transport.prototype.finishAuth.call(transport, codeOnly(parameters)),
        });
      },
      connect: async (transport) => {
        const client = new ClientOne(CLIENT);
        await client.connect(transport);
        return {
          echo: async (text) => textOf((await client.callTool(call(text))) as TextResult),
          close: () => client.close(),
        };
      },
    });
};

/** A client of 2025-03-26: it looks for metadata at the origin, and names no resource. */
const old: SigningClient['connect'] = (base, signIn, key) =>
  signingIn(signIn, key, {
    transport: () => {
      const transport = new StreamableOld(new URL(`${base.href}/mcp`), { authProvider: signIn });
      return Object.assign(transport, {
        finishAuth: (parameters: URLSearchParams) =>
          StreamableOld.prototype.finishAuth.call(transport, codeOnly(parameters)),
      });
    },
    connect: async (transport) => {
      const client = new ClientOld(CLIENT);
      await client.connect(transport as never);
      return {
        echo: async (text) => textOf((await client.callTool(call(text))) as TextResult),
        close: () => client.close(),
      };
    },
  });

/** Every official client that can sign in. */
export const SIGNING_CLIENTS: readonly SigningClient[] = [
  { name: 'client 2.4.0, legacy', connect: two('legacy') },
  { name: 'client 2.4.0, 2026-07-28', connect: two({ pin: '2026-07-28' }) },
  { name: 'sdk 1.32.2, Streamable HTTP', connect: one('mcp') },
  { name: 'sdk 1.32.2, HTTP+SSE', connect: one('sse') },
];

/** One that knows the server by its being the only one. */
export const OLD_CLIENT: SigningClient = { name: 'sdk 1.10.2', connect: old };
