// Fills in the references of one file, and remembers the values that came from the environment, so that logs can redact them.
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { INHERITED_VARIABLES, isNamed } from '../process/environment.ts';
import type { Findings } from './findings.ts';
import type { Keys } from './problem.ts';
import { fillReferences, type ReferenceSources, type Variable } from './references.ts';

/** Folders in which programs keep a file for the project around them. */
const PROJECT_FOLDERS: ReadonlySet<string> = new Set([
  '.vscode',
  '.cursor',
  '.vs',
  '.zed',
  '.roo',
  '.kilocode',
  '.gemini',
  '.qwen',
  '.codex',
  '.amazonq',
  '.junie',
  '.trae',
  '.github',
  '.claude-plugin',
]);

/** The folders that a file's relative paths and references count from. */
export interface FilePlaces {
  /** The folder of the file. */
  readonly folder: string;
  /** The folder of the project that the file belongs to: processes start there. */
  readonly project: string;
}

export function placesOf(file: string): FilePlaces {
  const folder = dirname(resolve(file));
  const project = PROJECT_FOLDERS.has(basename(folder)) ? dirname(folder) : folder;
  return { folder, project };
}

/** What the references of a file may name. */
export function referenceSources(
  { folder, project }: FilePlaces,
  environment: NodeJS.ProcessEnv,
): ReferenceSources {
  const places = new Map([
    // VS Code, Cursor and those that came from them.
    ['workspaceFolder', project],
    ['workspaceRoot', project],
    ['workspaceFolderBasename', basename(project)],
    ['userHome', homedir()],
    ['pathSeparator', sep],
    ['/', sep],
    // Desktop extensions, Gemini's extensions, Claude Code's plugins.
    ['__dirname', folder],
    ['extensionPath', folder],
    ['CLAUDE_PLUGIN_ROOT', project],
  ]);
  return { environment, places };
}

/** Fills the texts of one part of the file. Mistakes go to the findings. */
export class Filler {
  readonly #sources: ReferenceSources;
  readonly #findings: Findings;
  readonly #used = new Map<string, Variable>();

  constructor(sources: ReferenceSources, findings: Findings) {
    this.#sources = sources;
    this.#findings = findings;
  }

  /** Variables that filled in something, except those that every process sees anyway. */
  get secrets(): readonly Variable[] {
    return [...this.#used.values()].filter(({ name }) => !isNamed(name, INHERITED_VARIABLES));
  }

  filled(at: Keys, raw: string): string {
    const filled = fillReferences(raw, this.#sources);
    if (!filled.ok) {
      this.#findings.problem(at, filled.problem.what, filled.problem.fix);
      return '';
    }
    for (const variable of filled.variables) this.#used.set(variable.name, variable);
    return filled.text;
  }

  /** A filled text that may be absent but not empty. */
  optionalText(at: Keys, raw: string | undefined): string | undefined {
    if (raw === undefined) return undefined;
    const before = this.#findings.problems.length;
    const text = this.filled(at, raw);
    if (this.#findings.problems.length > before) return undefined;
    if (text === '')
      this.#findings.problem(
        at,
        'is empty once its references are filled',
        'Set the variable, or write the value itself.',
      );
    return text === '' ? undefined : text;
  }
}

/** An absolute path; `~` is the home directory, as a shell would have it. */
export function absolutePath(text: string, folder: string): string {
  if (text === '~' || text.startsWith('~/') || text.startsWith(`~${sep}`))
    return join(homedir(), text.slice(1));
  return isAbsolute(text) ? text : resolve(folder, text);
}
