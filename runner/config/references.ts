// Fills in the references in a config's strings, so that secrets need not be in the file: `${NAME}` and `${NAME:-default}` from
// the runner's environment, `${env:NAME}`, and places such as `${workspaceFolder}`, as editors have them. `$${` is a literal
// `${`. Written with index loops, so that the time grows only in proportion to the length of the text.
import type { Problem } from '../../shared/problem.ts';

/** The text with its references filled, or what is wrong with one. Messages name variables, never values. */
export type Filled =
  | { readonly ok: true; readonly text: string; readonly variables: readonly Variable[] }
  | { readonly ok: false; readonly problem: Problem };

/** An environment variable that filled a reference. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** What references may name. */
export interface ReferenceSources {
  readonly environment: NodeJS.ProcessEnv;
  /** By their name in editors, such as `workspaceFolder`. */
  readonly places: ReadonlyMap<string, string>;
}

const OPEN = '${';
const ESCAPED = '$${';
const DEFAULT = ':-';
const ENV_PREFIX = 'env:';

const NAME = /^[A-Za-z_]\w*$/u;

/** What other programs fill in, and a runner cannot know. */
const FOREIGN: readonly {
  readonly pattern: RegExp;
  readonly whose: string;
  readonly why?: string;
  readonly fix: string;
}[] = [
  {
    pattern: /^input:[\w.-]{1,64}$/u,
    whose: 'what an editor asks its user for',
    fix: 'Write ${NAME} in its place and set that variable for the runner.',
  },
  {
    pattern: /^person\.\w{1,64}$/u,
    whose: 'who is calling',
    why: 'for which there is a place in "perUser" alone',
    fix: 'Name a file with ${person.id} in its path in "bridge": { "perUser": … }.',
  },
  {
    pattern: /^user_config\.[\w.-]{1,64}$/u,
    whose: 'a setting that a desktop app asks its user for',
    fix: 'Write the value, or ${NAME} for a variable of the runner, in its place.',
  },
  {
    pattern: /^\{\s*(?:secrets|inputs)\.[\w.-]{1,64}\s*$/u,
    whose: 'a secret that another program keeps',
    fix: 'Write ${NAME} in its place and set that variable for the runner.',
  },
  {
    pattern:
      /^(?:config|command|workspaceFolder|fileWorkspaceFolder|extensionInstallFolder):[\w./-]{1,64}$/u,
    whose: "an editor's own value",
    fix: 'Write the value in its place.',
  },
  {
    pattern:
      /^(?:file\w*|relativeFile\w*|lineNumber|columnNumber|selectedText|execPath|defaultBuildTask|cwd|workspacePath)$/u,
    whose: "an editor's own value",
    fix: 'Write the value in its place.',
  },
];

/** True if the text refers to something, so that its value is not in the file. */
export function hasReference(text: string): boolean {
  for (let at = text.indexOf(OPEN); at !== -1; at = text.indexOf(OPEN, at + 1)) {
    if (text[at - 1] !== '$') return true;
  }
  return false;
}

/** Fills all references of `text`. As in a shell, `:-` also applies to a variable that is set but empty. */
export function fillReferences(text: string, sources: ReferenceSources): Filled {
  const parts: string[] = [];
  const variables: Variable[] = [];
  let from = 0;
  for (let open = text.indexOf(OPEN); open !== -1; open = text.indexOf(OPEN, from)) {
    if (open > from && text.startsWith(ESCAPED, open - 1)) {
      parts.push(text.slice(from, open - 1), OPEN);
      from = open + OPEN.length;
      continue;
    }
    const close = text.indexOf('}', open);
    if (close === -1) return { ok: false, problem: UNCLOSED };
    const inner = text.slice(open + OPEN.length, close);
    if (inner.includes(OPEN)) return { ok: false, problem: NESTED };
    const filled = fillOne(inner, sources);
    if (!filled.ok) return filled;
    parts.push(text.slice(from, open), filled.text);
    variables.push(...filled.variables);
    from = close + 1;
  }
  parts.push(text.slice(from));
  return { ok: true, text: parts.join(''), variables };
}

const LITERALLY = 'or $${ for the characters themselves';

const UNCLOSED = {
  what: 'has a ${ without a closing }',
  fix: `Write \${NAME} or \${NAME:-default}, ${LITERALLY}.`,
};

const NESTED = {
  what: 'has a reference inside another one',
  fix: 'Write one reference after the other; a default is used as it is written.',
};

function fillOne(inner: string, { environment, places }: ReferenceSources): Filled {
  const divide = inner.indexOf(DEFAULT);
  const left = divide === -1 ? inner : inner.slice(0, divide);
  const fallback = divide === -1 ? undefined : inner.slice(divide + DEFAULT.length);
  const isEnv = left.startsWith(ENV_PREFIX);
  const name = isEnv ? left.slice(ENV_PREFIX.length) : left;
  // Only what the environment itself holds: `constructor` is not a variable.
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  const place = isEnv || value !== undefined ? undefined : places.get(name);
  if (place !== undefined) return { ok: true, text: place, variables: [] };
  if (!NAME.test(name)) return { ok: false, problem: foreign(inner) };
  if (fallback !== undefined && (value === undefined || value === ''))
    return { ok: true, text: fallback, variables: [] };
  if (value !== undefined) return { ok: true, text: value, variables: [{ name, value }] };
  const other = foreignWords(name);
  if (other !== undefined) return { ok: false, problem: other };
  const what = `refers to the environment variable ${name}, which is not set`;
  const fix = `Set ${name} for the runner, or write \${${name}:-default}.`;
  return { ok: false, problem: { what, fix } };
}

/** The text between the braces is shown only if its form is known: it may be anything, also a secret. */
function foreign(inner: string): Problem {
  const what = 'has a ${ that is not a reference';
  const fix = `Write \${NAME} or \${NAME:-default}, ${LITERALLY}.`;
  return foreignWords(inner) ?? { what, fix };
}

function foreignWords(inner: string): Problem | undefined {
  const known = FOREIGN.find(({ pattern }) => pattern.test(inner));
  if (known === undefined) return undefined;
  const { whose, why = 'which a runner cannot know', fix } = known;
  return { what: `refers to \${${inner}}, ${whose}, ${why}`, fix };
}
