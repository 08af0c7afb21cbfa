// The user that processes run as (F-78): finds the user of a name, and tells whether this runner may start a process as another
// user.
import { spawnSync } from 'node:child_process';

import { readOr } from './small-files.ts';

/** A user of this machine. `name` and `home` are absent for a uid that has no account. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly name?: string;
  readonly home?: string;
}

/** A directory service that does not answer in this time counts as not knowing the user. */
const LOOKUP_MS = 5_000;

/** They ask whatever knows the machine's users: glibc's tool, and id(1) of macOS and the BSDs. */
const USER_TOOLS = [
  ['getent', 'passwd', '--'],
  ['id', '-P'],
];

/** Bits of CapEff (capabilities(7)): to send signals to others' processes, and to take their ids. */
const NEEDED_CAPABILITIES = { CAP_KILL: 5n, CAP_SETGID: 6n, CAP_SETUID: 7n } as const;

/** The user of that name, or with these ids. Undefined for a name that nobody has. */
export function findUser(
  wanted: string | { readonly uid: number; readonly gid: number },
): ProcessUser | undefined {
  if (typeof wanted === 'string') return account((user) => user.name === wanted, wanted);
  const named = account((user) => user.uid === wanted.uid, String(wanted.uid));
  return { ...named, ...wanted };
}

/**
 * Why this runner cannot start processes as another user, or undefined. Being root is asked for, not
 * the capabilities alone: only the change from root to another user makes the kernel take them away
 * from the process again.
 */
export function whyNoOtherUser(): string | undefined {
  if (process.geteuid === undefined) return 'Windows has no such users';
  if (process.geteuid() !== 0) return 'the runner does not run as root';
  const status = readOr('/proc/self/status', undefined);
  // Other systems know no parts of root's rights.
  if (status === undefined) return undefined;
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/mu.exec(status)?.[1] ?? '0'}`);
  const missing = Object.entries(NEEDED_CAPABILITIES).flatMap(([name, bit]) =>
    (held >> bit) % 2n === 0n ? [name] : [],
  );
  return missing.length === 0 ? undefined : `the runner lacks ${missing.join(' and ')}`;
}

/** From /etc/passwd, else from whatever else the machine asks for its users. */
function account(isWanted: (user: ProcessUser) => boolean, key: string): ProcessUser | undefined {
  const known = usersIn(readOr('/etc/passwd', '')).find(isWanted);
  if (known !== undefined) return known;
  for (const [program = '', ...args] of USER_TOOLS) {
    const { stdout } = spawnSync(program, [...args, key], {
      encoding: 'utf8',
      timeout: LOOKUP_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    // Null where there is no such program.
    const found = usersIn(stdout ?? '').find(isWanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** passwd(5): name, password, uid, gid, comment, home, shell; the BSDs' form has class, change and expiry after the gid. */
export function usersIn(text: string): ProcessUser[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(':');
    const [name = '', , uid = '', gid = ''] = fields;
    const home = fields.at(-2) ?? '';
    if (name === '' || !/^\d+$/u.test(uid) || !/^\d+$/u.test(gid)) return [];
    return [{ uid: Number(uid), gid: Number(gid), name, ...(home === '' ? {} : { home }) }];
  });
}
