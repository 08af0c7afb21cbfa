// Frames of the control link between a runner and the fleet actor (PROTOCOL.md §3).
import * as v from 'valibot';
import { RUNNER_NAME, SERVER_NAME, SESSION_NAME } from '../ids.ts';
import { faultFields } from './fault-fields.ts';
import { personMember } from './person.ts';
import {
  FAILURE_LINE_CHARS,
  FAILURE_LINES,
  HELD_NAME_CHARS,
  HELD_NAMES,
  MEMBER_OF,
  TOLD_MEMBERS,
  TOLD_PROCESSES,
  TOLD_SESSIONS,
  TOLD_VIRTUAL,
} from './sizes.ts';

const serverName = v.pipe(v.string(), v.regex(SERVER_NAME));
const sessionName = v.pipe(v.string(), v.regex(SESSION_NAME));
/** Of a package: told, and never a reason to refuse. One of another form is as if it were not told. */
const softwareVersion = v.fallback(
  v.optional(v.pipe(v.string(), v.regex(/^[\w.+-]{1,64}$/))),
  undefined,
);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Most servers a runner may offer; more would not fit into a socket attachment. */
const MAX_SERVERS = 256;

/** Sessions a runner may hold. Its hello also names those that are just ending. */
export const MAX_SESSIONS = 10_000;

export const helloFrame = v.strictObject({
  type: v.literal('hello'),
  runner: v.pipe(v.string(), v.regex(RUNNER_NAME)),
  boot: v.pipe(v.string(), v.regex(SESSION_NAME)),
  servers: v.pipe(v.array(serverName), v.maxLength(MAX_SERVERS)),
  capacity: count,
  // Counted before any of them is looked at.
  sessions: v.pipe(v.array(v.unknown()), v.maxLength(2 * MAX_SESSIONS), v.array(sessionName)),
  // Another machine took this runner's place: it takes the place back only when it is free (LP9).
  standby: v.optional(v.literal(true)),
  version: softwareVersion,
});
export const openRefusedFrame = v.strictObject({
  type: v.literal('refused'),
  session: sessionName,
  ...faultFields,
});
export const drainFrame = v.strictObject({ type: v.literal('drain') });
export const yieldedFrame = v.strictObject({
  type: v.literal('yielded'),
  session: v.optional(sessionName),
});
export const wantFrame = v.strictObject({ type: v.literal('want'), server: serverName });
export const readyFrame = v.strictObject({ type: v.literal('ready'), session: sessionName });
export const withdrawFrame = v.strictObject({ type: v.literal('withdraw'), session: sessionName });

/** For people: one line. */
const lineOf = (maxChars: number) =>
  v.pipe(v.string(), v.maxLength(maxChars), v.regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u));

const shownLine = lineOf(FAILURE_LINE_CHARS);

/** Why a process failed (LP32). */
export const failedFrame = v.strictObject({
  type: v.literal('failed'),
  server: serverName,
  what: shownLine,
  stderr: v.pipe(v.array(shownLine), v.maxLength(FAILURE_LINES)),
  /** Virtual servers that have it as a member. */
  memberOf: v.optional(v.pipe(v.array(serverName), v.maxLength(MEMBER_OF))),
});

/** Tools that are not as they were pinned (LP33). */
export const heldFrame = v.strictObject({
  type: v.literal('held'),
  server: serverName,
  mode: v.picklist(['hold', 'warn', 'all']),
  count,
  tools: v.pipe(v.array(lineOf(HELD_NAME_CHARS)), v.maxLength(HELD_NAMES)),
});

/** A process, as the owner is told of it (LP34). */
const runningProcess = v.strictObject({
  server: serverName,
  state: v.picklist(['starting', 'running', 'ending', 'warm']),
  ageS: count,
  pid: v.optional(count),
  sessions: v.pipe(v.array(sessionName), v.maxLength(TOLD_SESSIONS)),
  /** How many there are, of a process that several may share. */
  sharedBy: v.optional(count),
});

/** Which servers a virtual server consists of (LP34). */
const virtualServer = v.strictObject({
  server: serverName,
  members: v.pipe(v.array(serverName), v.maxLength(TOLD_MEMBERS)),
});

/** What a runner has (LP34). */
export const runningFrame = v.strictObject({
  type: v.literal('running'),
  count,
  processes: v.pipe(v.array(runningProcess), v.maxLength(TOLD_PROCESSES)),
  virtual: v.pipe(v.array(virtualServer), v.maxLength(TOLD_VIRTUAL)),
});

/** Whether it tells of any: in mode `all` no tool is counted. */
export const isAnyHeld = ({ mode, count: tools }: Pick<HeldFrame, 'mode' | 'count'>): boolean =>
  mode === 'all' || tools > 0;

/** Runner → fleet actor. */
export const controlUp = v.variant('type', [
  helloFrame,
  openRefusedFrame,
  drainFrame,
  yieldedFrame,
  wantFrame,
  readyFrame,
  withdrawFrame,
  failedFrame,
  heldFrame,
  runningFrame,
]);
export type FailedFrame = v.InferOutput<typeof failedFrame>;
export type RunningFrame = v.InferOutput<typeof runningFrame>;
export type HeldFrame = v.InferOutput<typeof heldFrame>;
export type ControlUp = v.InferOutput<typeof controlUp>;
export type HelloFrame = v.InferOutput<typeof helloFrame>;

export const controlWelcomeFrame = v.strictObject({
  type: v.literal('welcome'),
  servers: v.array(v.string()),
  version: softwareVersion,
});
const ticket = v.pipe(v.string(), v.maxLength(256));

/** Whose a session is. */
export const ownerFields = {
  server: serverName,
  clientKind: v.picklist(['sse', 'streamable', 'modern']),
  principal: v.pipe(v.string(), v.maxLength(128)),
  person: v.optional(personMember),
};

interface Owner {
  readonly principal: string;
  readonly person?: { readonly id: string } | undefined;
}

/** A session has one owner: the person that is told is its principal (LP28). */
export const isOneOwner = ({ principal, person }: Owner): boolean =>
  person === undefined || person.id === principal;

export const openFrame = v.pipe(
  v.strictObject({
    type: v.literal('open'),
    session: sessionName,
    ticket,
    ...ownerFields,
  }),
  v.check((owner) => isOneOwner(owner)),
);
export const spareFrame = v.strictObject({
  type: v.literal('spare'),
  session: sessionName,
  server: serverName,
  ticket,
});
export const yieldFrame = v.strictObject({
  type: v.literal('yield'),
  principal: v.pipe(v.string(), v.maxLength(128)),
  own: v.boolean(),
});
export const closeFrame = v.strictObject({ type: v.literal('close'), session: sessionName });

export const redialFrame = v.strictObject({
  type: v.literal('redial'),
  session: sessionName,
  epoch: count,
});

/** The owner looks (LP34). */
export const watchFrame = v.strictObject({ type: v.literal('watch') });

/** Fleet actor → runner. */
export const controlDown = v.variant('type', [
  controlWelcomeFrame,
  openFrame,
  spareFrame,
  yieldFrame,
  closeFrame,
  redialFrame,
  watchFrame,
]);
export type ControlDown = v.InferOutput<typeof controlDown>;
export type YieldFrame = v.InferOutput<typeof yieldFrame>;
export type OpenFrame = v.InferOutput<typeof openFrame>;
export type SpareFrame = v.InferOutput<typeof spareFrame>;
/** How a session's client speaks: HTTP+SSE, Streamable HTTP of the legacy era, or 2026-07-28. */
export type ClientKind = OpenFrame['clientKind'];
