// What wrangler's failures mean, in one sentence and with what to do. Pure. It knows the codes of Cloudflare's API and wrangler's own
// words; what it does not know it passes on as it was said.
import type { Problem } from '../../shared/problem.ts';

export interface WranglerFailure {
  readonly problem: Problem;
  /** The code of Cloudflare's API, 0 if it was not asked or gave none. */
  readonly code: number;
}

const AGAIN = 'Then run this again: it goes on where it stopped';

export const NO_LOGIN: Problem = {
  what: 'there is no login at Cloudflare',
  fix: 'Run `npx wrangler login`; without a browser, make a token from the template "Edit Cloudflare Workers" at https://dash.cloudflare.com/profile/api-tokens and set it as CLOUDFLARE_API_TOKEN.',
};

const REFUSED_LOGIN: Problem = {
  what: 'Cloudflare does not accept the login',
  fix: 'If CLOUDFLARE_API_TOKEN is set, give it a token made from the template "Edit Cloudflare Workers"; else run `npx wrangler login`.',
};

const NO_SUBDOMAIN: Problem = {
  what: 'this account has no workers.dev subdomain yet',
  fix: `Open Workers & Pages once at https://dash.cloudflare.com/?to=/:account/workers-and-pages and choose one. ${AGAIN}.`,
};

const WITHOUT_DOMAIN =
  'Without --domain it goes on at the address that it had, or below workers.dev';

const NO_ZONE: Problem = {
  what: 'this account has no zone to which that domain belongs',
  fix: `Add the domain to Cloudflare first, at https://dash.cloudflare.com, or name one with --domain that is there. ${AGAIN}. ${WITHOUT_DOMAIN}.`,
};

const HAS_RECORDS: Problem = {
  what: 'that domain has DNS records that stay',
  fix: `Remove them at https://dash.cloudflare.com, or name another domain with --domain. ${AGAIN}. ${WITHOUT_DOMAIN}.`,
};

/** Whether it is the domain that cannot be, rather than the edge. */
export const isOfDomain = (problem: Problem): boolean =>
  problem === NO_ZONE || problem === HAS_RECORDS;

const PLAN: Problem = {
  what: 'the plan of this account does not allow it',
  fix: `Look at https://dash.cloudflare.com/?to=/:account/workers/plans. ${AGAIN}.`,
};

const TOO_OFTEN: Problem = {
  what: 'Cloudflare was asked too often from this account',
  fix: 'Wait five minutes and run this again: it goes on where it stopped.',
};

const INSIDE: Problem = {
  what: 'Cloudflare has a fault of its own',
  fix: 'See https://www.cloudflarestatus.com, and run this again in a minute: it goes on where it stopped.',
};

const NO_NETWORK: Problem = {
  what: 'Cloudflare cannot be reached from here',
  fix: `Check the network, and the proxy if there is one (HTTPS_PROXY). ${AGAIN}.`,
};

/** Codes of the API, https://developers.cloudflare.com/api/ and what wrangler makes of them. */
const OF_CODES: readonly (readonly [readonly number[], Problem])[] = [
  [[1000, 1001, 6003, 6111, 9103, 9106, 9109, 10_000, 10_001, 10_023], REFUSED_LOGIN],
  [[10_063], NO_SUBDOMAIN],
  [[10_083], NO_ZONE],
  [[100_117], HAS_RECORDS],
  [[10_015, 10_075, 10_097, 10_099, 100_328], PLAN],
  [[971, 10_429], TOO_OFTEN],
  [[10_002, 10_013, 10_014, 7500], INSIDE],
  [
    [10_034],
    {
      what: "the mail address of this account's user is not verified",
      fix: `Follow the link in the mail that Cloudflare sent, or ask for another at https://dash.cloudflare.com/profile. ${AGAIN}.`,
    },
  ],
  [
    [10_037],
    {
      what: 'this account has as many workers as its plan allows',
      fix: `Delete one that nobody needs, or choose a larger plan. ${AGAIN}.`,
    },
  ],
  [
    [10_007, 10_090],
    { what: 'there is no such worker in this account', fix: 'Look at the name, and at --account.' },
  ],
];

/** Wrangler's own words, where no API was asked. */
const OF_WORDS: readonly (readonly [RegExp, Problem])[] = [
  [/CLOUDFLARE_API_TOKEN environment variable|not (?:logged in|authenticated)/iu, NO_LOGIN],
  [/register a workers\.dev subdomain/iu, NO_SUBDOMAIN],
  [
    /More than one account available/u,
    {
      what: 'this login has several accounts',
      fix: 'Say with --account <id> in which of them; `npx wrangler whoami` lists them.',
    },
  ],
  [
    /requires at least Node\.js/u,
    {
      what: `wrangler does not run on this Node`,
      fix: 'Install Node 22.18 or newer from https://nodejs.org, or with your version manager.',
    },
  ],
  [
    /npm (?:error|ERR!) code E404|npm (?:error|ERR!) 404/u,
    {
      what: 'wrangler is not in the package registry that npm uses here',
      fix: 'See which it uses with `npm config get registry`. Choose one that has wrangler, or install wrangler where you call this.',
    },
  ],
  [
    /npm (?:error|ERR!) (?:code |network )?(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET)/u,
    {
      what: 'wrangler could not be downloaded, since the package registry cannot be reached',
      fix: `Check the network and npm's proxy. ${AGAIN}.`,
    },
  ],
  [/ENOSPC/u, { what: 'the disk is full', fix: `Make room. ${AGAIN}.` }],
  [
    /fetch failed|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|UND_ERR_|network (?:error|connection)/u,
    NO_NETWORK,
  ],
  [/\[code: 429\]|429 Too Many Requests|rate limit/iu, TOO_OFTEN],
  [/\b(?:500|502|503|504)\b[^\n]*(?:Internal|Bad Gateway|Unavailable|Gateway Time)/u, INSIDE],
];

/** `text`: what wrangler printed. */
export function wranglerProblem(text: string): WranglerFailure {
  const { said, code } = refusalIn(text);
  const known =
    OF_CODES.find(([codes]) => codes.includes(code))?.[1] ??
    OF_WORDS.find(([words]) => words.test(text))?.[1];
  // Cloudflare's own sentence says which limit it is.
  if (known === PLAN)
    return { code, problem: { ...PLAN, what: `${PLAN.what}: ${asClause(said)}` } };
  if (known) return { code, problem: known };
  const first = said === '' ? (/\[ERROR\]\s*(\S.*)$/mu.exec(text)?.[1] ?? lastLine(text)) : said;
  return {
    code,
    problem: {
      what: `Cloudflare refuses it: ${asClause(first)}${code === 0 ? '' : ` (code ${code})`}`,
      fix: `Correct that. ${AGAIN}.`,
    },
  };
}

/** Stands before a code of the API. */
const CODE = '[code: ';

/** What the API said, and its code. Wrangler breaks a long sentence into lines. */
function refusalIn(text: string): { readonly said: string; readonly code: number } {
  for (const paragraph of text.split(/\n[^\S\n]*\n/u)) {
    const line = paragraph.replaceAll(/\s+/gu, ' ').trim();
    const at = line.indexOf(CODE);
    const code = Number.parseInt(line.slice(at + CODE.length), 10);
    if (at > 0 && Number.isSafeInteger(code)) return { said: line.slice(0, at).trim(), code };
  }
  return { said: '', code: 0 };
}

const asClause = (sentence: string): string => sentence.trim().replace(/\.$/u, '').slice(0, 400);

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';
