// What the HTTP surface is given with each request, and what it remembers from one to the next.
import type { Context } from 'hono';
import { Admissions } from './oauth/admissions.ts';
import { Readiness } from './status.ts';
import { PolicyMemory } from './policies.ts';
import { ToldLimits } from './told-limits.ts';
import type { Ports } from './ports.ts';
import { EdgeLimits } from '../core/limits.ts';
import { OpeningPace } from '../core/opening-pace.ts';
import type { LogPort } from '../core/log.ts';
import type { EdgeTally } from '../core/tally.ts';
import { OpenStreams } from '../core/open-streams.ts';
import { SeenTools } from '../core/seen-tools.ts';
import type { Settings } from '../settings.ts';
import type { Tracer } from '../../shared/tracing.ts';

export interface EdgeContext {
  readonly settings: Settings;
  readonly ports: Ports;
  readonly log: LogPort;
  readonly tally: EdgeTally;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** The name of a request in the host's own logs, if it has one. */
  readonly requestId: (request: Request) => string | undefined;
  /** The address a request came from, if the host can tell. */
  readonly addressOf: (request: Request) => string | undefined;
  /** Counts a failure under this key, of a network's clients or its runners, where several isolates count together; whether they may go on. */
  readonly mayFailOn?: (key: string) => Promise<boolean>;
}

export type AppContext = Context<{ Bindings: EdgeContext }>;

/** What the HTTP layer of one isolate or program remembers from request to request. */
export class Memory {
  readonly admissions = new Admissions();
  readonly limits = new EdgeLimits();
  readonly openingPace = new OpeningPace();
  readonly readiness = new Readiness();
  readonly policies = new PolicyMemory();
  readonly toldLimits = new ToldLimits();
  readonly seenTools = new SeenTools();
  readonly openStreams = new OpenStreams();
}
