// What a process of a configured server is started as: the same for the runner and for `mcp-bridge check`.
import { nanoid } from 'nanoid';
import type { HttpSource, ProcessSource } from './config/runner-config.ts';
import type { Containment } from './process/containment.ts';
import { processEnvironment } from './process/environment.ts';
import { runnerMark } from './process/runner-mark.ts';
import type { ProcessSpec } from './process/process-spec.ts';
import type { ServerName } from '../shared/ids.ts';
import type { RemoteSpec } from './remote/remote-process.ts';

export interface SpecGround {
  /** The runner's environment, of which a process gets the allowed part. */
  readonly environment: NodeJS.ProcessEnv;
  readonly containment: Containment | undefined;
  /** No output of the process may show them. */
  readonly secrets: readonly string[];
  readonly aheadBytes?: number;
}

/** What is started of a server. */
export interface StartedServer {
  readonly name: string;
  readonly source: ProcessSource;
  readonly maxLineBytes: number;
}

/** For one process: it has a mark of its own. `personal`: variables of the person whose it is (`perUser`), if there is one. */
export const processSpec = (
  server: StartedServer,
  ground: SpecGround,
  personal: Readonly<Record<string, string>> = {},
): ProcessSpec => new ConfiguredProcess(server, ground, personal);

class ConfiguredProcess implements ProcessSpec {
  readonly server: ServerName;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly maxLineBytes: number;
  readonly mark = nanoid();
  readonly runnerMark = runnerMark();
  readonly containment: Containment | undefined;
  readonly limits: ProcessSpec['limits'];
  readonly user: ProcessSpec['user'];
  readonly secrets: readonly string[];
  readonly aheadBytes: number | undefined;
  readonly #source: ProcessSource;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #personal: Readonly<Record<string, string>>;

  constructor(
    { name, source, maxLineBytes }: StartedServer,
    { environment, containment, secrets, aheadBytes }: SpecGround,
    personal: Readonly<Record<string, string>>,
  ) {
    this.server = name;
    this.command = source.command;
    this.args = source.args;
    this.cwd = source.cwd;
    this.maxLineBytes = maxLineBytes;
    this.containment = containment;
    this.limits = source.limits;
    this.user = source.user;
    this.secrets = secrets;
    this.aheadBytes = aheadBytes;
    this.#source = source;
    this.#environment = environment;
    this.#personal = personal;
  }

  /** Made for those who ask: nobody keeps it while the process runs, which a thousand processes would feel. */
  get env(): Record<string, string> {
    const { env, inheritEnv } = this.#source;
    return processEnvironment(
      withoutPersonal(this.#environment, this.#source),
      { ...env, ...this.#personal },
      inheritEnv,
      { user: this.user, ignoresCase: this.containment?.system.ignoresCase === true },
    );
  }
}

/** What is needed for a session with a server at a URL. */
export const remoteSpec = (
  { source, maxLineBytes }: { readonly source: HttpSource; readonly maxLineBytes: number },
  note: RemoteSpec['note'],
): RemoteSpec => ({ ...source, maxLineBytes, note });

/** What people get for themselves, nobody gets from the runner's own environment, not even where it is missing. */
function withoutPersonal(
  environment: NodeJS.ProcessEnv,
  { perUser }: ProcessSource,
): NodeJS.ProcessEnv {
  if (!perUser) return environment;
  const personal = new Set(perUser.variables.map(({ name }) => name.toUpperCase()));
  const all = Object.entries(environment);
  return Object.fromEntries(all.filter(([name]) => !personal.has(name.toUpperCase())));
}
