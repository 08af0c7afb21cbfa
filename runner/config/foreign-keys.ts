// Decides what to say about a key that the runner does not read: nothing, if it matters only to other programs.
import { isObject } from '../../shared/json-value.ts';
import type { Problem } from '../../shared/problem.ts';
import { unknownName } from './issues.ts';
import { canonicalKey } from './layouts.ts';
import { nearestWord } from './problem.ts';
import { remoteEntry, serverBlock, serverEntry } from './schema.ts';

/** How a program shows a server. */
const LOOKS = `
  name id key displayname title description longdescription note notes comment comments //
  $comment $schema icon icons iconpath iconurl logo logourl color category categories tags
  keywords order
`;

/** Where an entry is from. */
const ORIGIN = `
  version author license homepage repository documentation docs source gallery registry
  registryurl provider providerurl publisher bundled createdat updatedat installedat installsource
  reference searchkey metadata meta
`;

/** Keys about asking the user before a call, about starting the server, and about what a model is shown. */
const MANNERS = `
  alwaysallow autoapprove autoallow autorun trust trusted toolapproval defaulttoolsapprovalmode
  approvalmode autostart startonlaunch startup required instructions serverinstructions chatmenu
  longrunning watchpaths dev debug
`;

/** What concerns other programs alone, by canonical spelling. */
const HARMLESS: ReadonlySet<string> = new Set(
  [LOOKS, ORIGIN, MANNERS].flatMap((words) => words.split(/\s+/u)),
);

/** What limits which tools a client sees, in forms of other programs. */
const TOOL_LIMITS: ReadonlySet<string> = new Set([
  'tools',
  'toolfilter',
  'includetools',
  'excludetools',
  'allowedtools',
  'disallowedtools',
  'enabledtools',
  'disabledtools',
  'availabletools',
  'toolsettings',
]);

const ALL_TOOLS: Problem = {
  what: 'limits nothing here: a client that may use this server may call all of its tools',
  fix: 'Name the tools that may be called in "bridge": { "tools": { "allow": […] } }.',
};

/** What goes with a URL, and is read there. */
const HEADERS: ReadonlySet<string> = new Set([
  'headers',
  'httpheaders',
  'envhttpheaders',
  'bearertokenenvvar',
  'requestoptions',
]);

/** How a program signs in at a URL. */
const SIGN_IN: ReadonlySet<string> = new Set([
  'headershelper',
  'auth',
  'oauth',
  'authprovidertype',
]);

const NO_SIGN_IN: Problem = {
  what: 'has no effect here: the runner signs in nowhere',
  fix: 'Give a key in "headers", as "Authorization": "Bearer ${NAME}".',
};

const NO_REMOTE: Problem = {
  what: 'is for remote servers, and has no effect on a command',
  fix: 'Remove it.',
};

const TIMEOUT: Problem = {
  what: 'is not used, because programs give it in different units',
  fix: 'Here a request ends after 5m without progress and a start after 30s; set "requestTimeout" or "startTimeout" in "bridge".',
};

const SANDBOX: Problem = {
  what: 'has no effect here: other settings decide what the process may do',
  fix: 'Set "user" and "limits" in "bridge".',
};

/** What to say about `key`, or undefined if nothing is lost by ignoring it. `isRemote`: of a server at a URL. */
export function strayKey(key: string, value: unknown, isRemote: boolean): Problem | undefined {
  const canonical = canonicalKey(key);
  if (HARMLESS.has(canonical) || hasNoMeaning(value)) return undefined;
  if (TOOL_LIMITS.has(canonical)) return namesAll(value) ? undefined : ALL_TOOLS;
  if (Object.hasOwn(serverBlock.entries, key))
    return { what: 'has no effect here', fix: `Move it into "bridge": { "${key}": … }.` };
  if (HEADERS.has(canonical)) return isRemote ? undefined : NO_REMOTE;
  if (SIGN_IN.has(canonical)) return isRemote ? NO_SIGN_IN : NO_REMOTE;
  if (canonical.includes('timeout')) return TIMEOUT;
  if (canonical.startsWith('sandbox')) return value === false ? undefined : SANDBOX;
  if (canonical === 'shell') {
    if (value === false) return undefined;
    return {
      what: 'has no effect here: no shell runs the command',
      fix: 'Put the line into a script and run that.',
    };
  }
  const own = Object.keys((isRemote ? remoteEntry : serverEntry).entries);
  if (nearestWord(key, own) !== undefined) return unknownName(key, own);
  return {
    what: 'is not a setting of this runner, and has no effect',
    fix: 'Remove it, if no other program reads it.',
  };
}

/** Empty, as programs write a setting that nobody made. */
function hasNoMeaning(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** GitHub Copilot writes `["*"]`. */
const namesAll = (value: unknown): boolean =>
  value === '*' || (Array.isArray(value) && value.length === 1 && value[0] === '*');
