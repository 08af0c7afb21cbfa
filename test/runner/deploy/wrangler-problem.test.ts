// What wrangler prints when it fails, and what a person is told.
import { expect, test } from 'vitest';

import { wranglerProblem } from '../../../runner/deploy/wrangler-problem.ts';

/** As wrangler frames what the API says. */
const api = (said: string, code: number): string => `
 ⛅️ wrangler 4.155.0
────────────────────

✘ [ERROR] A request to the Cloudflare API (/accounts/a/workers/scripts/x) failed.

  ${said} [code: ${code}]

  If you think this is a bug, please open an issue at: https://github.com/cloudflare/workers-sdk/issues/new/choose


🪵  Logs were written to "/home/ann/.config/.wrangler/logs/wrangler.log"
`;

test.each([
  [
    'no login',
    "✘ [ERROR] In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable for wrangler to work.",
    'there is no login at Cloudflare',
  ],
  ['a wrong token', api('Invalid API Token', 1000), 'Cloudflare does not accept the login'],
  [
    'a token without rights',
    api('Authentication error', 10_000),
    'Cloudflare does not accept the login',
  ],
  [
    'no subdomain',
    '✘ [ERROR] You can either deploy your worker to one or more routes by specifying them in your wrangler.json file, or register a workers.dev subdomain here:\n  https://dash.cloudflare.com/a/workers/onboarding',
    'this account has no workers.dev subdomain yet',
  ],
  [
    'no subdomain, said by the API',
    api('You need a workers.dev subdomain in order to proceed.', 10_063),
    'this account has no workers.dev subdomain yet',
  ],
  [
    'a sentence of the plan that is broken into lines',
    api(
      'In order to use Durable Objects with a free plan, you must create a namespace\n  using a `new_sqlite_classes` migration.',
      10_097,
    ),
    'the plan of this account does not allow it: In order to use Durable Objects with a free plan, you must create a namespace using a `new_sqlite_classes` migration',
  ],
  [
    'too many workers',
    api('You have exceeded the limit of 100 Workers on your account.', 10_037),
    'this account has as many workers as its plan allows',
  ],
  [
    'too many requests',
    api('Please wait and consider throttling your request speed', 971),
    'Cloudflare was asked too often from this account',
  ],
  [
    'a fault of Cloudflare',
    api('An unknown error has occurred.', 10_013),
    'Cloudflare has a fault of its own',
  ],
  [
    'no network',
    '✘ [ERROR] A fetch request failed, likely due to a connectivity issue.\n\nTypeError: fetch failed',
    'Cloudflare cannot be reached from here',
  ],
  [
    'no registry',
    'npm error code ENOTFOUND\nnpm error network request to https://registry.example/wrangler failed',
    'wrangler could not be downloaded, since the package registry cannot be reached',
  ],
  [
    'an old Node',
    'Wrangler requires at least Node.js v22.0.0. You are using v20.20.2.',
    'wrangler does not run on this Node',
  ],
  [
    'several accounts',
    '✘ [ERROR] More than one account available but unable to select one in non-interactive mode.',
    'this login has several accounts',
  ],
  ['a full disk', 'Error: ENOSPC: no space left on device, write', 'the disk is full'],
  [
    'what is not known, of the API',
    api('The moon is in the way.', 12_345),
    'Cloudflare refuses it: The moon is in the way (code 12345)',
  ],
  [
    'what is not known',
    '✘ [ERROR] Something odd happened',
    'Cloudflare refuses it: Something odd happened',
  ],
])('[F-613] %s', (_, text, what) => {
  const { problem } = wranglerProblem(text);
  expect(problem.what).toBe(what);
  expect(problem.fix).toMatch(/^[A-Z].*\.$/u);
});

test('[F-613] the code of the API is told, too', () => {
  expect(wranglerProblem(api('This Worker does not exist on your account.', 10_007)).code).toBe(
    10_007,
  );
  expect(wranglerProblem('nothing').code).toBe(0);
});
