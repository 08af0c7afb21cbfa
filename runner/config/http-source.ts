// Reads a server at a URL: what of its address and its headers can be used, and where its credentials would go.
import { readText } from './file-text.ts';
import { absolutePath, type Filler } from './filler.ts';
import type { Findings } from './findings.ts';
import { isLoopbackHost } from './edge-url.ts';
import type { HttpSource } from './runner-config.ts';
import type { RemoteEntry } from './schema.ts';
import type { Problem } from '../../shared/problem.ts';

export interface HttpGround {
  /** The folder from which relative paths count. */
  readonly folder: string;
  /** The origin of the edge, if the file says it. */
  readonly edge: string | undefined;
  /** Collects the paths of files that are read, to be watched. */
  readonly files: Set<string>;
}

/** What its source is, and what no log may show of it. It is good only if `findings` got no problem. */
export function httpSource(
  name: string,
  entry: RemoteEntry,
  ground: HttpGround,
  filler: Filler,
  findings: Findings,
): { readonly source: HttpSource; readonly secrets: readonly string[] } {
  const url = readUrl(name, filler.optionalText(['url'], entry.url), ground, findings);
  const headers = Object.entries(entry.headers ?? {}).map(
    ([header, value]) => [header, filler.filled(['headers', header], value)] as const,
  );
  for (const [header, value] of headers) judgeHeader(header, value, url, findings);
  const ca = readAuthority(entry.bridge?.ca, ground, filler, findings);
  const { transport = 'any' } = entry;
  const words = headers.flatMap(([, value]) => [value, value.slice(value.indexOf(' ') + 1)]);
  return {
    source: {
      kind: 'http',
      url: url?.href ?? '',
      transport,
      headers: Object.fromEntries(headers),
      ...(ca !== undefined && { ca }),
    },
    secrets: [...words, ...(url?.searchParams.values() ?? [])],
  };
}

function readUrl(
  name: string,
  text: string | undefined,
  { edge }: HttpGround,
  findings: Findings,
): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    const fix = 'Give it like this: "https://host.example/mcp".';
    findings.problem(['url'], 'is not an http or https URL', fix);
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    const fix = 'Give them in "headers", as "Authorization": "Basic ${NAME}".';
    findings.problem(['url'], 'holds a user name or a password', fix);
  }
  url.hash = '';
  if ([...url.searchParams.keys()].some((param) => CREDENTIAL.test(param)))
    findings.warning(['url'], EVERYBODYS.what, EVERYBODYS.fix);
  const [, first] = url.pathname.split('/');
  if (edge !== undefined && url.origin === new URL(edge).origin && first === name) {
    const fix = 'Give the URL of the server itself.';
    findings.problem(['url'], 'is the address at which this entry itself is served', fix);
  }
  return url;
}

/** Headers that belong to the transport, by name in lower case. */
const OF_TRANSPORT: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Words of which names of headers with credentials are made. */
const CREDENTIAL = /authorization|cookie|token|secret|passw|credential|key/iu;

const EVERYBODYS: Problem = {
  what: 'holds a credential, and everybody who may use this server through the bridge acts with it',
  fix: 'Let only those use it who may do so: mcp-bridge policy.',
};

function judgeHeader(name: string, value: string, url: URL | undefined, findings: Findings): void {
  const keys = ['headers', name];
  const lower = name.toLowerCase();
  if (OF_TRANSPORT.has(lower) || lower.startsWith('mcp-'))
    findings.problem(keys, 'is a header that the runner writes itself', 'Remove it.');
  if (!/^[\t\x20-\x7e\x80-\xff]*$/u.test(value)) {
    const fix = 'Check the variable that it comes from: a file often ends in a line break.';
    findings.problem(keys, 'holds a character that no header can have', fix);
  }
  if (!CREDENTIAL.test(name) || value === '') return;
  findings.warning(keys, EVERYBODYS.what, EVERYBODYS.fix);
  if (url?.protocol === 'http:' && !isLoopbackHost(url.hostname))
    findings.warning(
      ['url'],
      'is not encrypted, so what is in "headers" can be read on the way',
      'Give an https URL, if the server has one.',
    );
}

/** The certificates of an authority of one's own. */
function readAuthority(
  file: string | undefined,
  { folder, files }: HttpGround,
  filler: Filler,
  findings: Findings,
): string | undefined {
  const keys = ['bridge', 'ca'];
  const filled = filler.optionalText(keys, file);
  if (filled === undefined) return undefined;
  const path = absolutePath(filled, folder);
  files.add(path);
  const reading = readText(path, 'Name the file with the certificate, relative to the config.');
  if (!reading.ok) {
    findings.problem(keys, `names a file that ${reading.problem.what}`, reading.problem.fix);
    return undefined;
  }
  if (reading.text.includes('-----BEGIN CERTIFICATE-----')) return reading.text;
  const fix = 'Give the certificate of the authority as PEM.';
  findings.problem(keys, 'names a file without a certificate', fix);
  return undefined;
}
