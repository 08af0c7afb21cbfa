// The defaults of the config, each with its reason.
import { PROCESS_LINE_BYTES } from '../../shared/limits.ts';

/** Sessions of a runner: at 50 to 100 MB a Node process, 200 fill a machine of 16 GB. */
export const CAPACITY = 200;

/** How long a drain lets requests finish: below the 90 s that systemd, and near the 30 s that Kubernetes, wait before SIGKILL. */
export const DRAIN_TIMEOUT_MS = 30_000;

/** Where stderr goes: to the operator, because it may say what clients must not know. */
export const STDERR = 'log';

/** Whether calls may run on processes of their own: most servers keep state, and lost state shows no error. */
export const STATELESS = false;

/** Sessions at one shared process: an interpreter answers a few hundred calls a second, and few of so many clients call at a time. */
export const SESSIONS_PER_PROCESS = 200;

/** Processes kept ready: none, since each costs memory whether or not a client comes. */
export const WARM = 0;

/** The least of a number that follows the openings: the first client after a lull is the one who would wait. */
export const WARM_MIN = 1;

/** The most of it: at 50 to 100 MB a Node process, less than a GB stands idle. */
export const WARM_MAX = 8;

/** For how long it is kept: clients that are started by one schedule, or one by one by one person, come again within minutes. */
export const WARM_HOLD_MS = 5 * 60_000;

/** A session nobody uses: long enough for a coffee or a meeting, short enough that forgotten processes do not pile up. */
export const IDLE_TIMEOUT_MS = 30 * 60_000;

/** A session whose client's stream broke, with nothing in flight or undelivered: a reconnecting client is back within seconds. */
export const VANISH_TIMEOUT_MS = 30_000;

/** A request without progress: tools that fetch or build take minutes, and clients with a timeout give up sooner. */
export const REQUEST_TIMEOUT_MS = 300_000;

/** A request that keeps reporting progress: past an hour it is a process in a loop more often than work. */
export const REQUEST_LIMIT_MS = 3_600_000;

/** How long a process may take to answer `initialize`: a first `npx` downloads its package in that time. */
export const START_TIMEOUT_MS = 30_000;

/** Longest line of a process. A link cannot carry more. */
export const MAX_LINE_BYTES = PROCESS_LINE_BYTES;

/** Processes for the modern clients of one principal, one each: a person rarely uses more programs at once. */
export const MAX_PROCESSES = 8;

/** A person answers a question within minutes, and a call whose client does not come back occupies a process. */
export const PARK_TIMEOUT_MS = 5 * 60_000;

/** Requests a session may have in flight: agents seen in the field fan out to a dozen. */
export const MAX_IN_FLIGHT = 64;

/** Sessions of one server: as many as the runner has room for. */
export const SESSIONS_PER_SERVER = Number.POSITIVE_INFINITY;

/** The edge decides which calls are traced; what began elsewhere is nobody's until the operator wants it. */
export const TRACE_RATIO = 0;
