// What the processes of a server get of the person they are for (`perUser` in the config): which files, which facts, and what is missing.
// Pure: the host reads the files. A person's id is a part of paths, and what an identity provider says is a value of a variable: nothing
// of a person becomes an argument, or another part of a path.
import type { ToldPerson } from '../../shared/link/person.ts';
import type { Fault } from '../../shared/fault.ts';
import type { Problem } from '../../shared/problem.ts';

/** What can be told of a person in a variable. */
export const PERSON_FACTS = ['id', 'email', 'name', 'issuer', 'subject'] as const;

export type PersonFact = (typeof PERSON_FACTS)[number];

/** The path of a person's file: the id stands between these. It is a whole name of a folder or file wherever it stands. */
export type PersonPath = readonly string[];

export type PersonVariable = { readonly name: string } & (
  | { readonly file: PersonPath }
  | { readonly fact: PersonFact }
);

export interface PerUser {
  readonly variables: readonly PersonVariable[];
  /** Whether a process starts without what is missing of its person. */
  readonly startsWithout: boolean;
}

/** The text of a person's file, or why there is none. `what` completes the path. */
export type PersonFileReading =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: Problem };

/** What one process gets. */
export interface PersonalEnvironment {
  /** Whose it is, and with what: processes of different ones are never exchanged. */
  readonly owner: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Something that is missing of a person, for the operator: `variable` gets it. */
export interface MissingFact extends Problem {
  readonly variable: string;
}

export type PersonalReading =
  | {
      readonly ok: true;
      readonly personal: PersonalEnvironment;
      readonly missing: readonly MissingFact[];
    }
  | { readonly ok: false; readonly fault: Fault; readonly missing: readonly MissingFact[] };

const NOBODY: Fault = {
  fault: 'not_allowed',
  message:
    'This server works for known people only. Sign in, or use a key of your own, then open a new session.',
};

const NOT_SET_UP: Fault = {
  fault: 'not_allowed',
  message:
    'This server is not set up for you. Ask the owner of the runner, whose log says what is missing.',
};

/** `${person.id}` filled in. The id has no separator and is no `.` or `..`: see `PERSON_ID`. */
export const personPath = (path: PersonPath, id: string): string => path.join(id);

/** What a process for this person gets, or why there can be none. `read`: the file of a person. */
export function personalEnvironment(
  { variables, startsWithout }: PerUser,
  person: ToldPerson | undefined,
  read: (path: PersonPath, id: string) => PersonFileReading,
): PersonalReading {
  if (!person) return { ok: false, fault: NOBODY, missing: [] };
  const env: [string, string][] = [];
  const missing: MissingFact[] = [];
  for (const variable of variables) {
    const reading = valueOf(variable, person, read);
    if (reading.ok) env.push([variable.name, reading.text]);
    else missing.push({ variable: variable.name, ...reading.problem });
  }
  if (missing.length > 0 && !startsWithout) return { ok: false, fault: NOT_SET_UP, missing };
  const personal = { owner: JSON.stringify([person.id, env]), env: Object.fromEntries(env) };
  return { ok: true, personal, missing };
}

function valueOf(
  variable: PersonVariable,
  person: ToldPerson,
  read: (path: PersonPath, id: string) => PersonFileReading,
): PersonFileReading {
  if ('file' in variable) {
    const reading = read(variable.file, person.id);
    if (reading.ok) return reading;
    const { what, fix } = reading.problem;
    return { ok: false, problem: { what: `${personPath(variable.file, person.id)} ${what}`, fix } };
  }
  const text = person[variable.fact];
  if (text !== undefined) return { ok: true, text };
  const what = `the edge does not know the "${variable.fact}" of this person`;
  const fix =
    'Only people who sign in at an identity provider have one, and only what that vouches for counts.';
  return { ok: false, problem: { what, fix } };
}

/**
 * Whether the file of one person could be that of another by these two paths. By one path it never is, since the id stands between the
 * same texts for everybody. Where one path has the id and the other a fixed name, somebody could be called like that. `isId`: whether a
 * name could be a person's.
 */
export function mayMeet(
  left: readonly PathPart[],
  right: readonly PathPart[],
  isId: (name: string) => boolean,
): boolean {
  if (left.length !== right.length) return false;
  let isOnePerson = false;
  for (const [at, part] of left.entries()) {
    const other = right[at];
    if (part === 'person' && other === 'person') isOnePerson = true;
    else if (part === 'person' || other === 'person') {
      const fixed = part === 'person' ? other : part;
      if (typeof fixed === 'object' && !isId(fixed.name)) return false;
    } else if (part.name.toLowerCase() !== other?.name.toLowerCase()) return false;
  }
  return !isOnePerson;
}

/** One name of a path: the person's id, or one that is the same for all. */
export type PathPart = 'person' | { readonly name: string };
