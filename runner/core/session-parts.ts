// Makes the parts of one session and connects them. This file shows which part knows which; what a part does is in its own
// file.
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import type { CallSpans } from './call-spans.ts';
import { Calls } from './calls.ts';
import { ClientToProcess } from './client-to-process.ts';
import { Deadlines } from './deadlines.ts';
import { traitsOf } from './client-kinds.ts';
import { Handshake } from './handshake.ts';
import { Hearing } from './hearing.ts';
import { Listeners } from './listeners.ts';
import { Outcomes } from './outcomes.ts';
import { Overheard, type Quote } from './overheard.ts';
import { Policy, type PolicyRules } from './policy.ts';
import { Posts } from './posts.ts';
import { Presence } from './presence.ts';
import { ProcessLines } from './process-lines.ts';
import { ProcessToClient } from './process-to-client.ts';
import { Pulse } from './pulse.ts';
import { Questions } from './questions.ts';
import type { End, SessionLimits } from './session-effects.ts';
import { SessionOutput } from './session-output.ts';
import { StreamLog } from './stream-log.ts';
import { PinnedTools, type ToolGuard } from './pinned-tools.ts';
import { ToolCatalogue } from './tool-catalogue.ts';
import type { SharedToolIndex } from './tool-index.ts';
import { ToolSearch } from './tool-search.ts';

export interface SessionOptions {
  readonly limits: SessionLimits;
  readonly clientKind: ClientKind;
  /** False: calls are not recorded. */
  readonly isRecorded?: boolean | undefined;
  /** Absent: nothing is traced. */
  readonly spans?: CallSpans | undefined;
  /** What clients may do; absent: anything. */
  readonly policy?: PolicyRules | undefined;
  /** Judges the tools that the server lists; absent: clients may have all of them. */
  readonly guard?: ToolGuard | undefined;
  /** Clients search the tools; absent: they are given the list. */
  readonly discovery?: SharedToolIndex | undefined;
  /** How a client sees what the process printed; without it, it sees nothing. */
  readonly quote?: Quote | undefined;
  /** Why a client's notification would reach no process; undefined if it reaches one. Without this, every one does. */
  readonly refusal?: ((notification: MessageView) => string | undefined) | undefined;
}

/** Said of tools that have the names of the bridge's own. */
const SHADOWED = {
  what: 'the bridge has tools of these names itself, since "discovery" is "search"',
  fix: 'Give them other names with "tools": {"rename": …}.',
};

/** Makes the parts of a session. `end`: called by a part that finds a reason to end the session. */
export function sessionParts(options: SessionOptions, end: End, now: number) {
  const { limits, clientKind, quote = () => '', refusal = () => undefined } = options;
  const { guard, discovery } = options;
  // Where tools are judged or found, it must be clear which one a call names.
  const rules =
    guard || discovery ? { ...options.policy, tools: options.policy?.tools ?? {} } : options.policy;
  const policy = rules && Policy.of(rules);
  const clients = traitsOf(clientKind);
  const log = new StreamLog();
  const calls = new Calls();
  const posts = new Posts();
  const handshake = new Handshake();
  const overheard = new Overheard(quote);
  const presence = new Presence(limits, clients, now);
  const out = new SessionOutput({ log, posts, presence });
  const record = (options.isRecorded ?? true) ? handshake : undefined;
  const outcomes = new Outcomes({ clients, calls, presence, out });
  const pulse = new Pulse({ clients, out, end }, limits.requestTimeoutMs);
  const listeners = new Listeners({ clients, log, calls, outcomes, presence, out });
  const deadlines = new Deadlines({ limits, calls, outcomes, overheard, pulse, end });
  const pinned = guard && new PinnedTools(guard);
  const search =
    discovery &&
    new ToolSearch({
      isModern: clientKind === 'modern',
      policy,
      isHeldBack: pinned?.isHeldBack,
      shared: discovery,
      shadowed: (names) =>
        out.note('warn', 'tools cannot be called', { tools: names, ...SHADOWED }),
    });
  const catalogue =
    pinned || search ? new ToolCatalogue({ calls, outcomes, out }, { pinned, search }) : undefined;
  const hearing = new Hearing({
    has: (id) => calls.get(id)?.isCancelled === false || catalogue?.awaits(id) === true,
    wasAsked: (id) => calls.hasIssued(id),
    only: () => calls.only()?.bridgeId,
  });
  const session = { limits, clients, log, handshake, calls, hearing, outcomes, out };
  const both = { ...session, policy, catalogue, search, record };
  const questions = new Questions();
  const clientToProcess = new ClientToProcess({
    ...both,
    spans: options.spans,
    posts,
    questions,
    listeners,
    presence,
    refusal,
  });
  const processToClient = new ProcessToClient({ ...both, questions, pulse, end });
  const lines = new ProcessLines({ ...both, overheard, messages: processToClient });
  if (clients.standing !== undefined) {
    const isKept = clients.isResumable;
    log.open(clients.standing, { isAttached: false, isKept }, now);
  }
  return {
    clients,
    log,
    calls,
    posts,
    handshake,
    overheard,
    presence,
    out,
    outcomes,
    pulse,
    listeners,
    deadlines,
    clientToProcess,
    processToClient,
    lines,
  };
}
