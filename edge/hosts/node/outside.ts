// Reads small public documents over HTTPS, and asks identity providers. The address of a document is judged where the connection is
// made, so that a name cannot lead to a private one, at the first look or a later one.
import { lookup, type LookupAddress } from 'node:dns';
import { get } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { askingProviders } from '../../http/ask-provider.ts';
import { boundedText } from '../../http/bounded-text.ts';
import {
  OUTSIDE,
  type OutsideDocument,
  type OutsidePort,
  type ProviderPort,
} from '../../http/ports.ts';

/** Networks that are not the public internet (RFC 6890, IANA special-purpose address registries). */
const NOT_PUBLIC = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  NOT_PUBLIC.addSubnet(network, bits, 'ipv4');

/** Of IPv6 only the global unicast addresses are public, without those that carry an IPv4 address or serve as examples. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  NOT_PUBLIC.addSubnet(network, bits, 'ipv6');

/** True for an address that everybody can reach. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !NOT_PUBLIC.check(address, 'ipv4');
  return version === 6 && GLOBAL.check(address, 'ipv6') && !NOT_PUBLIC.check(address, 'ipv6');
}

/** Finds the public addresses of a name; fails if there is none. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const found = error ? [] : addresses.filter(({ address }) => isPublicAddress(address));
    const [first] = found;
    if (!first) callback(error ?? new Error('no public address'), '', 0);
    else if (options.all === true) callback(null, found);
    else callback(null, first.address, first.family);
  });
};

export const publicOutside: OutsidePort = async (url) => {
  // An address in place of a name is not looked up.
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/u, '$1');
  if (isIP(host) !== 0 && !isPublicAddress(host)) return undefined;
  const { promise, resolve } = Promise.withResolvers<OutsideDocument | undefined>();
  const signal = AbortSignal.timeout(OUTSIDE.timeoutMs);
  const headers = { Accept: 'application/json', 'Accept-Encoding': 'identity' };
  const request = get(url, { lookup: publicLookup, agent: false, signal, headers }, (response) => {
    const { statusCode, headers } = response;
    const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity';
    const read =
      statusCode === 200 && isPlain
        ? boundedText(response, OUTSIDE.limitBytes)
        : Promise.resolve(undefined);
    read
      .then((text) =>
        resolve(
          text === undefined ? undefined : { text, cacheControl: headers['cache-control'] ?? null },
        ),
      )
      .catch(() => resolve(undefined))
      .finally(() => request.destroy());
  });
  request.on('error', () => resolve(undefined));
  return promise;
};

/** Asks the identity providers of the operator, who may have them in a private network. */
export const askedProvider: ProviderPort = askingProviders((url, init, timeoutMs) =>
  fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
);
