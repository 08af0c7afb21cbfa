// What a proxy in front of this edge says about a request that it passes on: under which scheme and host it was received. Only the
// proxies that the operator names are believed; from anybody else these headers mean nothing.
import { BlockList, isIP } from 'node:net';
import type { Incoming } from './incoming-request.ts';

export interface TrustedProxies {
  /** Puts what the proxy says in place of what it sent, so that the request is the one that its client made. */
  apply(incoming: Incoming): void;
  /** The address of the client, as the proxy says; undefined for a request that came from none of them. */
  addressOf(incoming: Asked): string | undefined;
}

type Asked = Pick<Incoming, 'headers' | 'socket'>;

/** `loopback`, addresses and networks (`10.0.0.0/8`), separated by commas. Undefined if it is none of these. */
export function readTrustedProxies(text: string): TrustedProxies | undefined {
  const proxies = new BlockList();
  for (const word of text.split(',').map((part) => part.trim()))
    if (!addTo(proxies, word)) return undefined;
  return {
    apply: (incoming) => isOf(proxies, incoming.socket.remoteAddress) && applyTo(incoming),
    addressOf: (incoming) =>
      isOf(proxies, incoming.socket.remoteAddress) ? clientOf(proxies, incoming) : undefined,
  };
}

function addTo(proxies: BlockList, word: string): boolean {
  if (word === 'loopback') {
    proxies.addSubnet('127.0.0.0', 8, 'ipv4');
    proxies.addAddress('::1', 'ipv6');
    return true;
  }
  const [address = '', bits] = word.split('/', 2);
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0) return false;
  if (bits === undefined) proxies.addAddress(address, family);
  else if (/^\d{1,3}$/u.test(bits) && Number(bits) <= (family === 'ipv6' ? 128 : 32))
    proxies.addSubnet(address, Number(bits), family);
  else return false;
  return true;
}

function isOf(proxies: BlockList, address = ''): boolean {
  // IPv4 on a socket that takes both.
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  const version = isIP(plain);
  return version !== 0 && proxies.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}

function applyTo(incoming: Incoming): void {
  const host = said(incoming, 'x-forwarded-host') ?? incoming.headers.host ?? '';
  const scheme = said(incoming, 'x-forwarded-proto')?.toLowerCase();
  const { rawHeaders } = incoming;
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() === 'host') rawHeaders[at + 1] = host;
  incoming.headers.host = host;
  if (scheme === 'http' || scheme === 'https') incoming.scheme = scheme;
}

/**
 * Each proxy adds the address that it was asked from, so the client's is the last one that is none of theirs; what stands before it, the
 * client may have made up. Some proxies add the port.
 */
function clientOf(proxies: BlockList, incoming: Asked): string | undefined {
  const addresses = textOf(incoming, 'x-forwarded-for').split(',').map(withoutPort);
  return addresses.findLast((address) => !isOf(proxies, address)) || addresses[0] || undefined;
}

const withoutPort = (text: string): string =>
  text.trim().replace(/^\[([^\]]*)\](?::\d+)?$|^([^:]*):\d+$/u, '$1$2');

/** The last value: it is what the proxy itself has added to what it got. */
const said = (incoming: Pick<Asked, 'headers'>, name: string): string | undefined =>
  textOf(incoming, name).split(',').at(-1)?.trim() || undefined;

function textOf({ headers }: Pick<Asked, 'headers'>, name: string): string {
  const value = headers[name] ?? '';
  return typeof value === 'string' ? value : value.join(',');
}
