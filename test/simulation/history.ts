// What happened, as clients and processes saw it. The checker has no other evidence.
import { SESSIONS_PER_PRINCIPAL } from '../../edge/core/placement.ts';

export interface CallHistory {
  readonly session: string;
  readonly client: string;
  /** Unique over the run; travels in the arguments. */
  readonly uid: string;
  /** What the client got for it, in order: `result:<uid>` or `error:<fault>`. */
  readonly outcomes: string[];
  /** Progress numbers the client saw, and how many the process sends before its result. */
  readonly progress: number[];
  readonly progressSent: number;
  /** The client's own connection died in a revision or a state without resumption, or it left: no outcome is owed. */
  isForsaken: boolean;
  /** The runner's config forbids it. */
  readonly isForbidden?: boolean;
  /** When a client that cannot come back lost its connection, before an outcome. */
  leftAt?: number;
  isCancelled: boolean;
  /** The client was told that it was not sent, so that it is safe to repeat. */
  isToldUnsent?: boolean;
  /** Something for this call arrived after its outcome. */
  isFollowed: boolean;
  /** Of a virtual server: what the request is for, and when it was sent and had its outcome. */
  readonly virtual?: VirtualCall;
}

/** What is known of a call when it is sent. */
export type SentCall = Pick<
  CallHistory,
  'session' | 'client' | 'uid' | 'progressSent' | 'isForbidden' | 'virtual'
>;

/** A call that was just sent: nothing has come of it. */
export const newCall = (sent: SentCall): CallHistory => ({
  ...sent,
  outcomes: [],
  progress: [],
  isForsaken: false,
  isCancelled: false,
  isFollowed: false,
});

/** A request to a virtual server. */
export interface VirtualCall {
  /** Whose the name was wherever a list showed it; undefined: a request that names nothing. */
  readonly wanted?: ReadonlySet<string>;
  readonly sentAt: number;
  endedAt?: number;
  cancelledAt?: number;
  /** How often its client went on with it. */
  rounds?: number;
  /** When it did so last. */
  wentOnAt?: number;
  /** False: it may fail although its member is well. */
  readonly isOwed?: boolean;
  /** It lasts as long as its session. */
  readonly isEndless?: boolean;
  /** What the client sends in its place, if the answer asks for something. */
  readonly again?: (call: CallHistory, result: Record<string, unknown>) => object | undefined;
  /** What came, when it is no result with the request's own uid; true: it is in order. */
  readonly takes?: (result: object) => boolean;
}

/** A question of a member's process, as client and process know it. */
export interface QuestionHistory {
  readonly client: string;
  readonly member: string;
  readonly askedAt: number;
  /** Its client got it. */
  seenAt?: number;
  /** Its process ended before it was answered. */
  diedAt?: number;
  /** It was answered, or taken back. */
  endedAt?: number;
}

export interface ProcessRecord {
  readonly session: string;
  readonly kind: 'call' | 'note';
  readonly uid: string;
  /** When the process was through with a call: it answered, was told to cancel, or died. */
  endedAt?: number;
  /** The member of a virtual server that carried it out, and what it is there. */
  readonly by?: string;
  /** It asked its client something: it may wait for an answer long after the client has left. */
  hasAsked?: boolean;
  /** Its process ended under it. */
  diedAt?: number;
}

export interface StandingHistory {
  readonly session: string;
  /** Numbers of the process's untied notifications, as the client saw them. */
  readonly seen: number[];
}

export interface History {
  readonly calls: Map<string, CallHistory>;
  readonly journal: ProcessRecord[];
  readonly standing: Map<string, StandingHistory>;
  /** Notifications a client sent in sequence, by session, each after the 202 of the one before. */
  readonly sentNotes: Map<string, string[]>;
  /** Event numbers each resumable stream gave its client, over all its connections. */
  readonly streams: Map<string, number[]>;
  /** Messages that reached a client of another session. */
  readonly foreign: string[];
  /** Resumptions that were refused although no run outgrows the window. */
  readonly evicted: string[];
  /** The clients that each spare was handed to. */
  readonly handed: Map<string, Set<string>>;
  /** The most sessions that a principal of many clients had in the fleet's books. */
  mostOfOne: number;
  /** What is held of sessions long after the last client has left. */
  readonly left: string[];
  /** Streams that went to another although their client listened. */
  readonly taken: string[];
  /** Calls that were answered too late, where nothing but the silence of links held them up. */
  readonly late: string[];
  /** What a virtual server did against its promises. */
  readonly virtual: string[];
  /** Questions of members, by their tokens. */
  readonly questions?: Map<string, QuestionHistory>;
  /** What went wrong, for a person. */
  readonly trace: string[];
}

export function emptyHistory(): History {
  return {
    calls: new Map(),
    journal: [],
    standing: new Map(),
    sentNotes: new Map(),
    streams: new Map(),
    foreign: [],
    evicted: [],
    handed: new Map(),
    mostOfOne: 0,
    left: [],
    taken: [],
    late: [],
    virtual: [],
    trace: [],
  };
}

/** The promises (PROMISES.md) that a history breaks; empty when all hold. */
export function check(history: History): string[] {
  return [
    ...oneOutcome(history),
    ...atMostOnce(history),
    ...noLostResponse(history),
    ...inOrder(history),
    ...cancelledByLeaving(history),
    ...history.evicted.map((what) => `R-4: ${what}`),
    ...history.foreign.map((what) => `R-9: ${what}`),
    ...(history.mostOfOne > SESSIONS_PER_PRINCIPAL
      ? [`R-10: a principal had ${history.mostOfOne} sessions`]
      : []),
    ...history.taken.map((what) => `R-4: ${what}`),
    ...history.late.map((what) => `R-7: ${what}`),
    ...history.left.map((what) => `R-11: ${what}`),
    ...toOneClient(history),
    ...withinPolicy(history),
    ...history.virtual,
  ];
}

function oneOutcome({ calls }: History): string[] {
  const faults: string[] = [];
  for (const { uid, outcomes, isForsaken, isCancelled, isFollowed } of calls.values()) {
    if (outcomes.length > 1) faults.push(`R-1: call ${uid} has outcomes ${outcomes.join(', ')}`);
    if (outcomes.length === 0 && !isForsaken && !isCancelled)
      faults.push(`R-1: call ${uid} has no outcome`);
    if (outcomes[0]?.startsWith('result:') && outcomes[0] !== `result:${uid}`) {
      faults.push(`R-9: call ${uid} got the answer ${outcomes[0]}`);
    }
    if (isFollowed) faults.push(`R-8: something followed the outcome of call ${uid}`);
  }
  return faults;
}

function atMostOnce({ calls, journal }: History): string[] {
  const faults: string[] = [];
  const times = new Map<string, number>();
  for (const { uid, session, kind } of journal) {
    // A notification goes to all members of a virtual server.
    const key = kind === 'note' ? `${uid} in ${session}` : uid;
    times.set(key, (times.get(key) ?? 0) + 1);
    const call = calls.get(uid);
    if (call && call.session !== session) faults.push(`R-9: call ${uid} ran in session ${session}`);
  }
  for (const [uid, count] of times) {
    if (count > 1) faults.push(`R-2: ${uid} reached a process ${String(count)} times`);
  }
  for (const { uid, outcomes, isToldUnsent, virtual } of calls.values()) {
    // What was not sent may be only what its client went on with.
    if (isToldUnsent && times.has(uid) && virtual?.rounds === undefined)
      faults.push(`R-2: call ${uid} ran, and its client was told that it was not sent`);
    const isCarriedOut = virtual?.takes === undefined;
    if (
      isCarriedOut &&
      outcomes.some((outcome) => outcome.startsWith('result:')) &&
      !times.has(uid)
    ) {
      faults.push(`R-1: call ${uid} has a result but never ran`);
    }
  }
  return faults;
}

function noLostResponse({ calls, standing, streams }: History): string[] {
  const faults: string[] = [];
  for (const [stream, seen] of streams) {
    const isExact = seen.every((seq, index) => index === 0 || seq === (seen[index - 1] ?? 0) + 1);
    if (!isExact) faults.push(`R-4: stream ${stream} gave events ${seen.join(' ')}`);
  }
  for (const { uid, outcomes, progress, progressSent, isCancelled, virtual } of calls.values()) {
    // While a client is away for the answer to a question, nothing can be told to it.
    if (virtual?.rounds !== undefined) continue;
    const isComplete =
      isCancelled || !outcomes[0]?.startsWith('result:') || progress.length === progressSent;
    if (!isComplete || !progress.every((value, index) => value === index + 1)) {
      faults.push(`R-4: call ${uid} saw progress ${progress.join(' ')} of ${String(progressSent)}`);
    }
  }
  for (const { session, seen } of standing.values()) {
    const isExact = seen.every(
      (value, index) => index === 0 || value === (seen[index - 1] ?? 0) + 1,
    );
    if (!isExact) {
      faults.push(`R-4: session ${session} saw notifications ${seen.join(' ')}`);
    }
  }
  return faults;
}

/** The longest that both ends of a link and a worker may take to find out, one after the other, and the grace between. */
const LEAVING_MS = 120_000;

function cancelledByLeaving({ calls, journal }: History): string[] {
  const faults: string[] = [];
  for (const { uid, endedAt = Infinity, hasAsked = false } of journal) {
    if (hasAsked) continue;
    const leftAt = calls.get(uid)?.leftAt;
    if (leftAt !== undefined && endedAt > leftAt + LEAVING_MS)
      faults.push(`R-5: call ${uid} went on long after its client had left`);
  }
  return faults;
}

function toOneClient({ handed }: History): string[] {
  const shared = [...handed].filter(([, clients]) => clients.size > 1);
  return shared.map(
    ([spare, clients]) => `R-13: spare ${spare} went to ${[...clients].join(', ')}`,
  );
}

function withinPolicy({ calls, journal }: History): string[] {
  const reached = journal.filter(({ uid }) => calls.get(uid)?.isForbidden);
  return reached.map(({ uid }) => `R-14: call ${uid} reached a process, and is forbidden`);
}

function inOrder({ journal, sentNotes }: History): string[] {
  const faults: string[] = [];
  for (const [session, sent] of sentNotes) {
    const got = journal.filter((record) => record.kind === 'note' && record.session === session);
    let at = -1;
    for (const { uid } of got) {
      const place = sent.indexOf(uid);
      if (place < at) faults.push(`R-8: session ${session} wrote ${uid} to stdin out of order`);
      at = Math.max(at, place);
    }
  }
  return faults;
}
