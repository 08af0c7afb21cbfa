// A started runner as the command line and the status pages see it.
import type { Connect } from './link/connect.ts';
import type { RunnerConfig } from './config/runner-config.ts';
import type { Log } from './log.ts';
import type { RunnerToken } from './runner-token.ts';
import type { Containment } from './process/containment.ts';
import type { Tracer } from '../shared/tracing.ts';
import type { Figures } from '../shared/figures.ts';
import type { BootId, RunnerName, ServerName, SessionName } from '../shared/ids.ts';

/** `edge` is the origin to dial and `token` the credential to show there. Without a containment marks do. */
export interface StartOptions {
  readonly config: RunnerConfig;
  readonly token: RunnerToken;
  readonly edge: string;
  readonly log: Log;
  /** Where calls and sessions are recorded: by default in the log. `off`: nowhere. */
  readonly record?: Log | 'off';
  readonly containment?: Containment;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** How sockets to the edge are made: by default over the network. */
  readonly connect?: Connect;
}

/** A runner at work. */
export interface RunningRunner {
  /** Fulfilled when the edge accepted the control link first. Never rejected: a runner goes on dialling. */
  readonly ready: Promise<void>;
  /** Takes a new config: unchanged servers go on untouched, removed and changed ones end (F-92). */
  reload(config: RunnerConfig): void;
  /** Takes no new session and resolves when the last request is answered or the drain time is over. */
  drain(): Promise<void>;
  /** Closes all links and ends all processes now, and waits for nothing. */
  kill(): void;
  snapshot(): RunnerSnapshot;
}

/** The state of a runner at one moment. */
export interface RunnerSnapshot {
  readonly runner: RunnerName;
  readonly boot: BootId;
  readonly linked: boolean;
  readonly draining: boolean;
  readonly sessions: readonly SessionSnapshot[];
  readonly processes: readonly ProcessSnapshot[];
  readonly spares: readonly SpareSnapshot[];
  /** Whether a server's starts are held back. */
  readonly heldBack: ReadonlyMap<ServerName, boolean>;
  /** What was counted since the start. */
  readonly figures: Figures;
}

export interface SessionSnapshot {
  readonly session: SessionName;
  readonly server: ServerName;
  readonly state: string;
  readonly pid?: number;
  readonly inFlight: number;
  readonly stdinQueueBytes: number;
  readonly linkQueueBytes: number;
  readonly unacknowledgedBytes: number;
  readonly idleMs: number;
}

export interface SpareSnapshot {
  readonly server: ServerName;
  readonly state: string;
}

export interface ProcessSnapshot {
  readonly server: ServerName;
  readonly pid: number | undefined;
  readonly state: string;
  /** How many sessions share it; absent: it is for one alone. */
  readonly sharedBy?: number;
}
