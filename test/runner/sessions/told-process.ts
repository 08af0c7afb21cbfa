// A process that runs nothing, for tests of who starts when.
import type { ExitFacts } from '../../../runner/process/exit.ts';
import type { StdioProcess } from '../../../runner/process/stdio-process.ts';

/** A process that is only told things. */
export class ToldProcess implements StdioProcess {
  readonly pid = 1;
  readonly state = 'running';
  readonly unwrittenBytes = 0;
  readonly told: string[] = [];
  readonly #isTaking: boolean;

  constructor(isTaking = true) {
    this.#isTaking = isTaking;
  }

  write(line: Uint8Array): boolean {
    this.told.push(new TextDecoder().decode(line));
    return this.#isTaking;
  }

  pause(): void {
    this.told.push('(pause)');
  }

  resume(): void {
    this.told.push('(resume)');
  }

  terminate(because: string): Promise<ExitFacts> {
    return Promise.resolve({ reason: 'terminated', because, stderrTail: [], ranMs: 1 });
  }

  stderrTail(): string[] {
    return ['said'];
  }
}
