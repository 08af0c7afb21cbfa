// What a proxy in front of this edge says about a request that it passes on: under which scheme and host it was received. Only the
// proxies that the operator names are believed; from anybody else these headers mean nothing.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface TrustedProxies {
  /** Puts what the proxy says in place of what it sent, so that the request is the one that its client made. */
  apply(incoming: IncomingMessage): void;
  /** The address of the client, as the proxy says; undefined for a request that came from none of them. */
  addressOf(incoming: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined;
}

/** `loopback`, addresses and networks (`10.0.0.0/8`), separated by commas. Undefined if it is none of these. */
export function readTrustedProxies(text: string): TrustedProxies | undefined {
  const proxies = new BlockList();
  for (const word of text.split(',').map((part) => part.trim()))
    if (!addTo(proxies, word)) return undefined;
  return {
    apply: (incoming) => isFrom(proxies, incoming) && applyTo(incoming),
    addressOf: (incoming) =>
      isFrom(proxies, incoming) ? said(incoming, 'x-forwarded-for') : undefined,
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

function isFrom(proxies: BlockList, { socket }: Pick<IncomingMessage, 'socket'>): boolean {
  const address = socket.remoteAddress ?? '';
  // IPv4 on a socket that takes both.
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  const version = isIP(plain);
  return version !== 0 && proxies.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}

function applyTo(incoming: IncomingMessage): void {
  const host = said(incoming, 'x-forwarded-host') ?? incoming.headers.host ?? '';
  const scheme = said(incoming, 'x-forwarded-proto')?.toLowerCase();
  const { rawHeaders } = incoming;
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() === 'host') rawHeaders[at + 1] = host;
  incoming.headers.host = host;
  const isScheme = scheme === 'http' || scheme === 'https';
  // A target in absolute form says the scheme (RFC 9112 §3.2.2).
  if (isScheme && incoming.url?.startsWith('/') === true)
    incoming.url = `${scheme}://${host}${incoming.url}`;
}

/** The last value: it is what the proxy itself has added to what it got. */
function said({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  const text = Array.isArray(value) ? value.join(',') : value;
  return text?.split(',').at(-1)?.trim() || undefined;
}
