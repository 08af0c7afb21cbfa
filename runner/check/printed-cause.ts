// What programs that start servers print when they cannot: recognized, so that a person gets the one thing to do in place of a log. Pure.
import type { Problem } from '../../shared/problem.ts';

const AGAIN = 'Then run the same command again.';

const DISK_FULL: Problem = { what: 'the disk is full', fix: `Make room on it. ${AGAIN}` };

const NO_REGISTRY: Problem = {
  what: 'npm cannot reach its registry',
  // Servers do not inherit HTTPS_PROXY, which may hold a password.
  fix: `Check this machine's network with: npm ping; a proxy has to be in npm's own settings (npm config set https-proxy <url>). ${AGAIN}`,
};

const NO_LOGIN: Problem = {
  what: 'npm may not read that package',
  fix: `Log in with: npm login. ${AGAIN}`,
};

const NO_CACHE: Problem = {
  what: 'npm cannot write to its cache',
  fix: `Let this user write to the folder that this names: npm config get cache. ${AGAIN}`,
};

const NO_TRUST: Problem = {
  what: 'npm does not trust the certificate of its registry',
  fix: `If a firewall inspects TLS here, name its authority with: npm config set cafile <file>. ${AGAIN}`,
};

/** By the code in npm's own last words. */
const OF_NPM: ReadonlyMap<string, Problem> = new Map([
  ['ENOTFOUND', NO_REGISTRY],
  ['EAI_AGAIN', NO_REGISTRY],
  ['ECONNREFUSED', NO_REGISTRY],
  ['ECONNRESET', NO_REGISTRY],
  ['ETIMEDOUT', NO_REGISTRY],
  ['ENETUNREACH', NO_REGISTRY],
  ['EHOSTUNREACH', NO_REGISTRY],
  ['ERR_SOCKET_TIMEOUT', NO_REGISTRY],
  ['EIDLETIMEOUT', NO_REGISTRY],
  ['E401', NO_LOGIN],
  ['E403', NO_LOGIN],
  ['ENEEDAUTH', NO_LOGIN],
  ['EACCES', NO_CACHE],
  ['EPERM', NO_CACHE],
  ['EROFS', NO_CACHE],
  ['ENOSPC', DISK_FULL],
  ['EDQUOT', DISK_FULL],
  ['SELF_SIGNED_CERT_IN_CHAIN', NO_TRUST],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', NO_TRUST],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', NO_TRUST],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', NO_TRUST],
  ['E404', { what: 'npm knows no such package', fix: 'Check its name for typing mistakes.' }],
  [
    'ETARGET',
    { what: 'npm knows no such version of the package', fix: 'Correct the version behind the @.' },
  ],
  [
    'EBADENGINE',
    { what: 'the package needs another Node', fix: `Install that version of Node. ${AGAIN}` },
  ],
]);

/** The code, in a line of npm, npx and what is built on them; version 9 and older say ERR!. */
const NPM_CODE = /npm (?:error|ERR!) code (\w+)/u;

/** By words in the text; the first that fits counts. */
const PRINTED: readonly (readonly [words: RegExp, problem: Problem])[] = [
  [
    /could not determine executable to run/u,
    {
      what: 'the package has no program to run',
      fix: 'Name the program too: npx -y -p <package> <program>',
    },
  ],
  [
    /was not found in the package registry/u,
    { what: 'uv knows no such package', fix: 'Check its name for typing mistakes.' },
  ],
  [
    /Failed to fetch: `http|client error \(Connect\)|dns error/u,
    {
      what: 'uv cannot reach the package index',
      fix: `Check this machine's network and proxy. ${AGAIN}`,
    },
  ],
  [
    /Cannot connect to the Docker daemon|error during connect:/u,
    { what: 'Docker does not run', fix: `Start it. ${AGAIN}` },
  ],
  [
    /pull access denied|manifest unknown|repository does not exist/u,
    { what: 'Docker knows no such image', fix: 'Check its name for typing mistakes.' },
  ],
  [/\bENOSPC\b|No space left on device|\bEDQUOT\b/u, DISK_FULL],
  [
    /Cannot find (?:module|package) '|ERR_MODULE_NOT_FOUND/u,
    {
      what: 'Node does not find a file that it needs',
      fix: 'Check the path of the server, and run npm install where it lies.',
    },
  ],
  [
    /ModuleNotFoundError: No module named/u,
    {
      what: 'Python does not find a module that it needs',
      fix: 'Install it for that Python, or start the server with uvx, which does.',
    },
  ],
  [
    /can't open file '/u,
    { what: 'Python does not find the file of the server', fix: 'Correct its path.' },
  ],
  [
    /\benv: [^\n:]{1,200}: No such file or directory/u,
    { what: 'the interpreter in its first line is not installed', fix: 'Install it.' },
  ],
  [
    /\bEADDRINUSE\b|[Aa]ddress already in use/u,
    {
      what: 'a port that it wants is in use',
      fix: 'End what uses it, or give the server another.',
    },
  ],
];

/**
 * The cause that the last lines of a process's stderr tell; undefined: none that is known. `what` goes on behind "exited with code 1".
 * Nothing of the lines is repeated, since they may hold anything.
 */
export function printedCause(lines: readonly string[]): Problem | undefined {
  const text = lines.join('\n');
  const [, code = ''] = NPM_CODE.exec(text) ?? [];
  return OF_NPM.get(code) ?? PRINTED.find(([words]) => words.test(text))?.[1];
}
