// Reads `perUser` of a server: what its processes get of the person they are for. Whatever it says, no file of one person can be that of
// another, and nothing that an identity provider says of somebody becomes a path or a program.
import { resolve, sep } from 'node:path';
import {
  mayMeet,
  type PathPart,
  type PersonPath,
  type PersonVariable,
  type PerUser,
} from '../core/per-user.ts';
import { isNamed } from '../process/environment.ts';
import { absolutePath, Filler } from './filler.ts';
import type { Findings } from './findings.ts';
import type { ReferenceSources } from './references.ts';
import type { ServerEntry } from './schema.ts';
import type { Problem } from '../../shared/problem.ts';
import { PERSON_ID } from '../../shared/ids.ts';

type PerUserBlock = NonNullable<NonNullable<ServerEntry['bridge']>['perUser']>;

export interface PerUserGround {
  /** The folder from which relative paths count. */
  readonly folder: string;
  readonly sources: ReferenceSources;
  /** Variables that the server has for everybody. */
  readonly env: Readonly<Record<string, string>>;
  /** Processes that are started ahead, at most. */
  readonly mostWarm: number;
  /** Of all servers of the file so far. */
  readonly personFiles: (readonly PathPart[])[];
}

/** The reference that stands for the id of a person. */
const ID_REFERENCE = 'person.id';

/** Stands for the id while references are filled in: no text of a config and no variable has it. */
const ID_MARK = '\u0000';

/** What systems, shells and interpreters take for programs, their arguments or paths: nothing for what somebody may call himself. */
const READ_AS_CODE: readonly string[] = [
  'PATH',
  'HOME',
  'SHELL',
  'TMPDIR',
  'TMP',
  'TEMP',
  'ENV',
  'IFS',
  'EDITOR',
  'VISUAL',
  'PAGER',
  'BROWSER',
  'BASH*',
  'LD_*',
  'DYLD_*',
  'NODE_*',
  'PYTHON*',
  'PERL*',
  'RUBY*',
  'GEM_*',
  'JAVA_*',
  'JDK_*',
  'GIT_*',
  'SSH_*',
  'NPM_*',
  'UV_*',
  'SSL_*',
  'XDG_*',
  'PS4',
  'PROMPT_COMMAND',
];

/** It is good only if `findings` got no problem. */
export function readPerUser(
  block: PerUserBlock,
  ground: PerUserGround,
  findings: Findings,
): PerUser {
  const at = ['bridge', 'perUser'];
  if (ground.mostWarm > 0) {
    const fix = 'Remove "warm": a process that is started ahead belongs to nobody.';
    findings.problem(['bridge', 'warm'], 'does not go together with "perUser"', fix);
  }
  const { [ID_REFERENCE]: _none, ...environment } = ground.sources.environment;
  const places = new Map([...ground.sources.places, [ID_REFERENCE, ID_MARK]]);
  const filler = new Filler({ environment, places }, findings);
  const taken = new Set(Object.keys(ground.env).map((name) => name.toUpperCase()));
  const variables = Object.entries(block.env).flatMap(([name, source]): PersonVariable[] => {
    const keys = [...at, 'env', name];
    if (taken.has(name.toUpperCase())) {
      const fix = 'Remove one of the two: a secret of all must not stand in for that of a person.';
      findings.problem(keys, 'is also among the variables that everybody gets', fix);
    }
    if (name.toUpperCase().startsWith('MCP_BRIDGE_'))
      findings.problem(
        keys,
        'has a name that the bridge keeps for itself',
        'Give it another name.',
      );
    if ('person' in source) {
      if (isNamed(name.toUpperCase(), READ_AS_CODE)) {
        const what =
          'is read by programs as a path or as code, and people choose what they are called';
        findings.problem(keys, what, 'Put what is known of a person into another variable.');
      }
      return [{ name, fact: source.person }];
    }
    const filled = filler.optionalText([...keys, 'file'], source.file);
    if (filled === undefined) return [];
    const file = personFile(absolutePath(filled, ground.folder));
    if (typeof file === 'string') {
      findings.problem([...keys, 'file'], file, ID_FIX);
      return [];
    }
    const other = ground.personFiles.find((known) => mayMeet(known, file.parts, isId));
    if (other) findings.problem([...keys, 'file'], ANOTHERS_FILE.what, ANOTHERS_FILE.fix);
    ground.personFiles.push(file.parts);
    return [{ name, file: file.path }];
  });
  return { variables, startsWithout: block.missing === 'unset' };
}

/** What is wrong with two paths that {@link mayMeet}. */
export const ANOTHERS_FILE: Problem = {
  what: 'could be the file of another person by another "perUser" path, if somebody is called like a folder in it',
  fix: 'Have the id at the same place in both, or use different folders.',
};

/** The first variable of `one` whose file could be one of another person in `other`; undefined if there is none. */
export function variableThatMeets(one: PerUser, other: PerUser): string | undefined {
  const known = filesOf(other);
  return filesOf(one).find(({ parts }) => known.some((each) => mayMeet(each.parts, parts, isId)))
    ?.name;
}

const filesOf = ({ variables }: PerUser): { name: string; parts: readonly PathPart[] }[] =>
  variables.flatMap((variable) =>
    'file' in variable
      ? [{ name: variable.name, parts: partsOf(variable.file.join(ID_MARK)) }]
      : [],
  );

const partsOf = (path: string): PathPart[] =>
  path.split(sep).map((name) => (name === ID_MARK ? 'person' : { name }));

const isId = (name: string): boolean => PERSON_ID.test(name);

const ID_FIX = 'Name it like this: "/etc/mcp-bridge/people/${person.id}/github".';

/** The path of each person's file, or what is wrong with it. */
function personFile(
  text: string,
): { readonly path: PersonPath; readonly parts: readonly PathPart[] } | string {
  // `..` behind the id would leave its folder.
  const path = resolve(text);
  if (!path.includes(ID_MARK)) return 'is the same file for everybody';
  const parts = partsOf(path);
  if (parts.some((part) => part !== 'person' && part.name.includes(ID_MARK)))
    return 'has the id of a person as a part of a name, where it could make the name of another';
  return { path: path.split(ID_MARK), parts };
}
