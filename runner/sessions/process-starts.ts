// How the processes of one server are started: a program when its turn has come, a session with a server at a URL at once.
import type { ServerConfig } from '../config/runner-config.ts';
import { processSpec, remoteSpec } from '../configured-process.ts';
import type { Log } from '../log.ts';
import type { Containment } from '../process/containment.ts';
import { startProcess, type ProcessListener, type StdioProcess } from '../process/stdio-process.ts';
import { startRemote } from '../remote/remote-process.ts';
import type { PrincipalName } from '../../shared/ids.ts';
import { AHEAD_BYTES } from './pooled-process.ts';
import type { InTurn, Starts } from './starts.ts';

/** What all processes of a runner have in common. `token` is named so that none of them can log it. */
export interface ProcessGround {
  readonly token: string;
  readonly starts: Starts;
  readonly containment?: Containment | undefined;
}

/** The start of one process. */
export interface ProcessStart extends Omit<InTurn, 'process'> {
  start(listener: ProcessListener): StdioProcess;
}

export class ProcessStarts {
  readonly #server: ServerConfig;
  readonly #ground: ProcessGround;
  readonly #log: Log;

  constructor(server: ServerConfig, ground: ProcessGround, log: Log) {
    this.#server = server;
    this.#ground = ground;
    this.#log = log;
  }

  /** What no output of any of its processes may show. */
  get secrets(): readonly string[] {
    return [this.#ground.token, ...this.#server.secrets];
  }

  /** Whether the next one of this principal waits, since those that it had come and go. */
  holdsBack(principal: PrincipalName | undefined): boolean {
    return this.#server.source.kind !== 'http' && this.#ground.starts.holdsBack(principal);
  }

  /** Of one more. `principal`: who waits for it; undefined: it is started ahead. `personal`: what it gets of its person, by variable. */
  next(
    principal: PrincipalName | undefined,
    personal: Readonly<Record<string, string>> | undefined,
  ): ProcessStart {
    const { name, source, maxLineBytes } = this.#server;
    if (source.kind === 'http') {
      const note = (words: string, code: string | undefined): void =>
        this.#log.info('a server at a URL is not as expected', { words, code });
      const spec = { ...remoteSpec({ source, maxLineBytes }, note), aheadBytes: AHEAD_BYTES };
      // It costs this machine nothing that others would have to wait for.
      const nothing = (): void => undefined;
      return {
        start: (listener) => startRemote(spec, listener),
        claim: nothing,
        join: nothing,
        over: nothing,
        gone: nothing,
      };
    }
    const { containment, starts } = this.#ground;
    const secrets = [...this.secrets, ...Object.values(personal ?? {})];
    const ground = { environment: process.env, containment, secrets, aheadBytes: AHEAD_BYTES };
    const spec = processSpec({ name, source, maxLineBytes }, ground, personal);
    let inTurn: InTurn | undefined;
    return {
      start: (listener) => {
        const start = (each: ProcessListener) => startProcess(spec, each);
        inTurn = starts.process(principal, start, listener);
        return inTurn.process;
      },
      claim: (by) => inTurn?.claim(by),
      join: (by) => inTurn?.join(by),
      over: () => inTurn?.over(),
      gone: () => inTurn?.gone(),
    };
  }
}
