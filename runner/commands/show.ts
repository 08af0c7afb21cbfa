// How the commands about deployed edges answer a person or a program, what they ask, and what stops them.
import { problemText, type Problem } from '../../shared/problem.ts';
import type { Outcome } from '../check/outcome.ts';
import { folderProblem } from '../deploy/deployment.ts';
import { EdgeStartError } from '../dev/edge-start-error.ts';
import { inWords } from '../dev/own-storage.ts';
import { hasColours, print, printError } from '../output.ts';
import { startProgress, type Progress } from '../progress.ts';
import { EXIT, printUsage, type Arguments } from './arguments.ts';
import type { CommandName } from './commands.ts';
import { outcomeLines } from './outcome-lines.ts';
import { atTerminal } from './terminal.ts';
import { usageProblem } from './usage.ts';

/** What ends a command: a mistake in its call, or what it could not do. */
export class Stop extends Error {
  override readonly name = 'Stop';
  readonly problem: Problem;
  readonly isUsage: boolean;

  constructor(problem: Problem, isUsage = false) {
    super(problem.what);
    this.problem = problem;
    this.isUsage = isUsage;
  }
}

/** A command about a deployment, as it shows itself: lines for a person, one line of JSON in the end for a program. */
export class Show {
  readonly #command: CommandName;
  readonly #isJson: boolean;
  readonly #outcomes: Outcome[] = [];
  #words = '';
  #progress: Progress | undefined;

  constructor(command: CommandName, isJson: boolean) {
    this.#command = command;
    this.#isJson = isJson;
  }

  get isJson(): boolean {
    return this.#isJson;
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY && !this.#isJson;
  }

  get hasFailed(): boolean {
    return this.#outcomes.some(({ verdict }) => verdict === 'FAIL');
  }

  readonly doing = (words: string): void => {
    this.#words = words;
    this.#progress ??= startProgress(() => this.#words);
  };

  readonly told = (outcome: Outcome): void => {
    this.#outcomes.push(outcome);
    this.#progress?.clear();
    if (!this.#isJson) print(outcomeLines(outcome, hasColours()));
  };

  /** Text for a person; a program gets the end alone. */
  say(text: string): void {
    this.#progress?.clear();
    if (!this.#isJson) print(text);
  }

  quiet(): void {
    this.#progress?.end();
    this.#progress = undefined;
  }

  /** The answer of the person, without spaces around it; undefined if there is none. */
  async ask(question: string): Promise<string | undefined> {
    this.quiet();
    return atTerminal((ask) => ask(question));
  }

  /** The end, with what a program is to know. Returns the exit code. */
  end(facts: object): number {
    this.quiet();
    const ok = !this.hasFailed;
    if (this.#isJson) print(`${JSON.stringify({ ok, ...facts, checks: this.#outcomes })}\n`);
    return ok ? EXIT.ok : EXIT.failed;
  }

  /** The end by something that could not be done. */
  stop({ problem, isUsage }: Stop): number {
    this.quiet();
    if (isUsage) {
      printUsage(problem);
      return EXIT.usage;
    }
    if (this.#isJson)
      print(`${JSON.stringify({ ok: false, error: problem, checks: this.#outcomes })}\n`);
    else printError(`mcp-bridge ${this.#command}: ${problemText(problem)}\n`);
    return EXIT.failed;
  }
}

/** Runs a command, and turns what stops it into its answer. */
export async function showing(
  command: CommandName,
  given: Arguments,
  act: (show: Show) => Promise<number>,
): Promise<number> {
  const show = new Show(command, given.values['json'] === true);
  try {
    return await act(show);
  } catch (error) {
    if (error instanceof Stop) return show.stop(error);
    // A file or a folder that the system refuses.
    const { path = 'a file' } = error as { readonly path?: string };
    const worded = inWords(path, error);
    if (worded instanceof EdgeStartError) return show.stop(new Stop(folderProblem(worded)));
    throw error;
  } finally {
    show.quiet();
  }
}

/** Enter alone is a yes; anything but a yes is none. */
export const isYes = (answer: string): boolean => /^(?:|y|yes)$/iu.test(answer.trim());

/** Asks for a yes, unless it was given before; `unchanged`: what has not happened without it. */
export async function agree(
  {
    show,
    command,
    given,
  }: { readonly show: Show; readonly command: CommandName; readonly given: Arguments },
  question: string,
  unchanged: string,
): Promise<void> {
  if (given.values['yes'] === true) return;
  if (!show.canAsk) throw misuse(command, 'there is no terminal to ask at: add --yes');
  const answer = await show.ask(`${question} Enter for yes, n for no: `);
  if (answer === undefined || !isYes(answer))
    throw new Stop({ what: unchanged, fix: 'Nothing was changed.' });
}

export const misuse = (command: CommandName, what: string): Stop =>
  new Stop(usageProblem(command, what), true);
