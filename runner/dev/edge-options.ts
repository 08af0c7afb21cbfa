// The command line and the environment of `mcp-bridge edge`: turns them into options, or into one sentence that says what is wrong.
// Pure.
import { isIP } from 'node:net';

import { readTrustedProxies, type TrustedProxies } from '../../edge/hosts/node/trusted-proxies.ts';
import type { Problem } from '../../shared/problem.ts';
import type { COMMANDS } from '../commands/commands.ts';
import { usageProblem } from '../commands/usage.ts';
import { LOG_LEVELS, type LogLevel } from '../log.ts';

/** Files of a certificate chain and its key, as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Where an edge listens. */
interface Listen {
  readonly host: string;
  readonly port: number;
}

export interface EdgeCommandOptions extends Listen {
  readonly storage: string;
  readonly tls: TlsFiles | undefined;
  readonly proxies: TrustedProxies | undefined;
  readonly logLevel: LogLevel;
  /** See edge/settings.ts. */
  readonly settings: Readonly<Record<string, string>>;
}

export type EdgeOptionsReading =
  | { readonly ok: true; readonly options: EdgeCommandOptions }
  | { readonly ok: false; readonly problem: Problem };

type Given = (name: keyof typeof COMMANDS.edge.options) => string | undefined;

const LISTEN = '127.0.0.1:8787';
const STORAGE = '.bridge-edge';

/** Names of the edge's settings in the environment. */
const SETTING = /^BRIDGE_/u;

/** `given`: the value of an option, if it was given. */
export function readEdgeOptions(given: Given, env: NodeJS.ProcessEnv): EdgeOptionsReading {
  const listen = readListen(given('listen') ?? LISTEN);
  if (!listen)
    return wrong('--listen takes an address and a port, such as 127.0.0.1:8787 or [::]:443');
  const logLevel = LOG_LEVELS.find((level) => level === (given('log-level') ?? 'info'));
  if (logLevel === undefined) return wrong(`--log-level takes ${LOG_LEVELS.join(', ')}`);
  const storage = given('storage') ?? STORAGE;
  if (storage === '') return wrong('--storage takes a folder');
  const [cert, key] = [given('tls-cert'), given('tls-key')];
  if ((cert === undefined) !== (key === undefined))
    return wrong('--tls-cert and --tls-key are given together');
  const tls = cert !== undefined && key !== undefined ? { cert, key } : undefined;
  const trusted = given('trust-proxy');
  const proxies = trusted === undefined ? undefined : readTrustedProxies(trusted);
  if (trusted !== undefined && !proxies) return wrong(TRUST_FORM);
  const settings = settingsIn(env, listen);
  const danger = isLoopback(listen.host) || proxies ? undefined : dangerOf(tls, settings);
  if (danger !== undefined) return wrong(`${listen.host} can be reached by others, ${danger}`);
  if (settings['BRIDGE_CLIENT_AUTH'] === 'none' && settings['BRIDGE_HOSTS'] === undefined)
    return wrong(
      'BRIDGE_CLIENT_AUTH=none needs BRIDGE_HOSTS, the host names under which clients reach this edge: without them any web page could use it',
    );
  return { ok: true, options: { ...listen, storage, tls, proxies, logLevel, settings } };
}

const wrong = (what: string): EdgeOptionsReading => ({
  ok: false,
  problem: usageProblem('edge', what),
});

const TRUST_FORM =
  '--trust-proxy takes loopback, addresses and networks such as 10.0.0.0/8, separated by commas';

function readListen(text: string): Listen | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/u.exec(text);
  const host = parts?.[1] ?? parts?.[2] ?? '';
  const port = Number(parts?.[3]);
  if (host !== 'localhost' && isIP(host) === 0) return undefined;
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** Why an edge that others can reach is not started without a proxy in front of it. */
function dangerOf(
  tls: TlsFiles | undefined,
  settings: Readonly<Record<string, string>>,
): string | undefined {
  if (!tls)
    return 'so keys would cross the network in clear. Give --tls-cert and --tls-key, or --trust-proxy for a proxy that has TLS';
  if (settings['BRIDGE_CLIENT_AUTH'] === 'none')
    return 'and BRIDGE_CLIENT_AUTH=none lets in anybody. Leave it out and set BRIDGE_CLIENTS, or give --trust-proxy for a proxy that lets in only whom it knows';
  return undefined;
}

/** The settings in the environment. An edge without keys answers to its own names only, or any web page could use it. */
function settingsIn(env: NodeJS.ProcessEnv, { host, port }: Listen): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (SETTING.test(name) && value !== undefined) settings[name] = value;
  const isOpen = settings['BRIDGE_CLIENT_AUTH'] === 'none';
  if (isOpen && isLoopback(host) && settings['BRIDGE_HOSTS'] === undefined)
    settings['BRIDGE_HOSTS'] = `127.0.0.1:${port},localhost:${port},[::1]:${port}`;
  return settings;
}
