// Starts a real process through the module under test and records what it does, so that a test can
// wait for events in place of time.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '../../../runner/process/environment.ts';
import type { ExitFacts } from '../../../runner/process/exit.ts';
import type { ProcessSpec } from '../../../runner/process/process-spec.ts';
import { type StdioProcess, startProcess } from '../../../runner/process/stdio-process.ts';
import { runnerMark } from '../../../runner/process/runner-mark.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A JSON-RPC message as the fixtures write it. */
export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: { readonly content?: readonly { readonly text: string }[] };
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/servers/${name}`, import.meta.url));
}

/** Starts a fixture server; `spec` overrides any part. */
export function startFixture(
  name: string,
  args: readonly string[] = [],
  spec: Partial<ProcessSpec> = {},
): RecordedProcess {
  return new RecordedProcess({
    command: process.execPath,
    args: [fixturePath(name), ...args],
    ...spec,
  });
}

/** Starts JavaScript given as text. */
export function startScript(text: string, spec: Partial<ProcessSpec> = {}): RecordedProcess {
  return new RecordedProcess({ command: process.execPath, args: ['-e', text], ...spec });
}

/** A process, all it did so far, and promises for what it will do. */
export class RecordedProcess {
  readonly process: StdioProcess;
  readonly lines: string[] = [];
  readonly overlong: number[] = [];
  readonly stderr: string[] = [];
  drains = 0;
  exits: ExitFacts[] = [];
  /** How many lines had been delivered when the exit was. */
  linesAtExit = -1;
  /** Called inside each onLine, after recording. */
  onLine: (bytes: Uint8Array) => void = () => {};
  readonly #waiting = new Set<() => void>();

  constructor(spec: Partial<ProcessSpec>) {
    const changed = (): void => {
      for (const check of this.#waiting) check();
    };
    const whole: ProcessSpec = {
      server: 'fixture',
      command: process.execPath,
      args: [],
      env: processEnvironment(process.env, {}, []),
      maxLineBytes: 1024 * 1024,
      mark: randomUUID(),
      runnerMark: runnerMark(),
      ...spec,
    };
    this.process = startProcess(whole, {
      onLine: (bytes) => {
        this.lines.push(decoder.decode(bytes));
        this.onLine(bytes);
        changed();
      },
      onOverlong: (bytes) => {
        this.overlong.push(bytes);
        changed();
      },
      onStderr: (text) => {
        this.stderr.push(text);
        changed();
      },
      onDrain: () => {
        this.drains += 1;
        changed();
      },
      onExit: (facts) => {
        this.linesAtExit = this.lines.length;
        this.exits.push(facts);
        changed();
      },
    });
  }

  /** Resolves as soon as `find` gives something, at once or after any later event. */
  until<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = find();
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }

  exit(): Promise<ExitFacts> {
    return this.until(() => this.exits[0]);
  }

  line(text: string): Promise<string> {
    return this.until(() => this.lines.find((line) => line === text));
  }

  send(message: object): boolean {
    return this.process.write(encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message })));
  }

  /** Calls a tool of the fixture; resolves with its text. */
  async call(name: string, args: object = {}, id: number | string = name): Promise<string> {
    this.send({ id, method: 'tools/call', params: { name, arguments: args } });
    const message = await this.until(() => this.messages().find((m) => m.id === id));
    return message.result?.content?.[0]?.text ?? '';
  }

  /** Those lines that are JSON. */
  messages(): Message[] {
    return this.lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as Message];
      } catch {
        return [];
      }
    });
  }
}
