// Every fault this product must bear, and where it is tried. A row without a test says why; one whose test is smaller than the
// fault says what is missing. faults.test.ts checks that nothing here is stale.

export interface FaultRow {
  /** What happens, in a few words. */
  readonly fault: string;
  /** Files under test/ that have a test with the row's id in its title. */
  readonly tests: readonly string[];
  /** Why there is no test, or what no test covers. */
  readonly missing?: string;
}

const OAUTH = 'Clients show keys; access tokens, and so this, come with OAuth.';

export const FAULT_ROWS: Readonly<Record<string, FaultRow>> = {
  // Bad HTTP
  'F-01': {
    fault: 'a body over 4 MiB, its length told',
    tests: ['e2e/bad-http.test.ts', 'edge/http/body.test.ts'],
  },
  'F-02': {
    fault: 'a body over 4 MiB, its length not told or a lie',
    tests: ['e2e/bad-http.test.ts', 'edge/http/body.test.ts'],
  },
  'F-03': {
    fault: 'a compressed body',
    tests: ['e2e/bad-http.test.ts', 'edge/http/media.test.ts'],
  },
  'F-04': {
    fault: 'another media type',
    tests: ['e2e/bad-http.test.ts', 'edge/http/media.test.ts'],
  },
  'F-05': {
    fault: 'an Accept that allows no answer',
    tests: ['e2e/bad-http.test.ts', 'edge/http/media.test.ts'],
  },
  'F-06': {
    fault: 'another method',
    tests: ['e2e/bad-http.test.ts', 'edge/http/refuse.test.ts'],
    missing: 'There is no metadata route yet.',
  },
  'F-07': {
    fault: 'variants of a path',
    tests: ['e2e/bad-http.test.ts', 'edge/http/origin.test.ts'],
  },
  'F-09': {
    fault: 'a body that comes slowly or not at all',
    tests: ['e2e/bad-http.test.ts', 'edge/http/body.test.ts'],
  },

  // Bad JSON-RPC
  'F-11': {
    fault: 'a body that is no JSON or no message',
    tests: ['e2e/bad-jsonrpc.test.ts', 'shared/scan.test.ts'],
  },
  'F-12': {
    fault: 'invalid UTF-8, lone surrogates',
    tests: ['e2e/bad-jsonrpc.test.ts', 'shared/scan.test.ts'],
  },
  'F-13': {
    fault: 'deep nesting, a million objects',
    tests: ['e2e/bad-jsonrpc.test.ts', 'shared/scan.test.ts'],
  },
  'F-15': {
    fault: 'duplicate and look-alike keys',
    tests: ['e2e/bad-jsonrpc.test.ts', 'shared/scan.test.ts'],
  },
  'F-16': {
    fault: 'equal ids in flight',
    tests: [
      'e2e/bad-jsonrpc.test.ts',
      'e2e/clients-sessions.test.ts',
      'runner/core/calls.test.ts',
      'runner/core/session.test.ts',
    ],
  },
  'F-17': {
    fault: 'batches',
    tests: ['e2e/bad-jsonrpc.test.ts', 'runner/core/session.test.ts', 'shared/scan.test.ts'],
  },
  'F-19': {
    fault: 'arguments that a parser would change',
    tests: ['e2e/bad-jsonrpc.test.ts', 'runner/core/session.test.ts', 'shared/splice.test.ts'],
  },
  'F-19b': {
    fault: 'a second message hidden behind a line break',
    tests: [
      'e2e/bad-jsonrpc.test.ts',
      'runner/core/session.test.ts',
      'shared/scan.test.ts',
      'shared/splice.test.ts',
    ],
  },
  'F-20': {
    fault: 'modern headers that contradict the body',
    tests: ['edge/http/modern/headers.test.ts'],
  },
  'F-21': {
    fault: 'an unknown revision',
    tests: ['e2e/bad-jsonrpc.test.ts', 'edge/http/modern/headers.test.ts'],
  },
  'F-22': {
    fault: 'an unknown method',
    tests: ['e2e/bad-jsonrpc.test.ts', 'edge/http/modern/modern.test.ts', 'e2e/eras.test.ts'],
  },

  // Session misuse
  'F-23': {
    fault: 'a session id that is missing, malformed, unknown or over',
    tests: [
      'e2e/session-misuse.test.ts',
      'e2e/clients-sessions.test.ts',
      'edge/access/session-id.test.ts',
    ],
  },
  'F-24': {
    fault: 'a second initialize',
    tests: ['e2e/session-misuse.test.ts', 'runner/core/session.test.ts'],
  },
  'F-25': {
    fault: "another principal's session id",
    tests: [
      'e2e/session-misuse.test.ts',
      'edge/hosts/cloudflare/session-actor.test.ts',
      'edge/access/session-id.test.ts',
    ],
  },
  'F-27': {
    fault: 'a Last-Event-ID that is foreign, forged or huge',
    tests: ['e2e/session-misuse.test.ts', 'e2e/clients-sessions.test.ts'],
  },
  'F-28': {
    fault: 'DELETE with calls in flight',
    tests: [
      'e2e/session-misuse.test.ts',
      'edge/hosts/cloudflare/session-actor.test.ts',
      'edge/core/relay.test.ts',
      'runner/core/session.test.ts',
    ],
  },

  // Auth and browser
  'F-30': {
    fault: 'every route without the right credential',
    tests: [
      'e2e/session-misuse.test.ts',
      'edge/access/credentials.test.ts',
      'edge/http/refuse.test.ts',
    ],
    missing: 'Forged access tokens are tried as F-521.',
  },
  'F-31': {
    fault: 'a page of a foreign origin',
    tests: ['e2e/session-misuse.test.ts', 'edge/http/origin.test.ts'],
  },
  'F-32': {
    fault: 'a foreign Host',
    tests: ['e2e/session-misuse.test.ts', 'edge/http/origin.test.ts'],
  },
  'F-34': {
    fault: 'a credential in a URL or a body',
    tests: [
      'e2e/session-misuse.test.ts',
      'edge/hosts/cloudflare/fleet-actor.test.ts',
      'edge/access/credentials.test.ts',
    ],
  },
  'F-35': { fault: 'a scope that does not suffice', tests: [], missing: OAUTH },
  'F-36': {
    fault: 'a credential that ends under a stream',
    tests: ['edge/http/expiry.test.ts', 'e2e/revocation.test.ts'],
  },
  'F-37': {
    fault: 'an issuer that is down, slow or endless',
    tests: [],
    missing: 'It is tried as F-522, by the issuers of tokens.',
  },
  'F-39': {
    fault: 'secrets in logs, errors, process lists and storage',
    tests: ['e2e/canary.test.ts'],
  },

  // Bad output of a process
  'F-40': {
    fault: 'output that looks like SSE, line separators, NUL',
    tests: ['e2e/child-output.test.ts', 'shared/sse-encode.test.ts'],
  },
  'F-41': {
    fault: 'lines that are no messages',
    tests: [
      'e2e/child-output.test.ts',
      'runner/core/session.test.ts',
      'runner/process/stdio-process.test.ts',
    ],
  },
  'F-43': {
    fault: 'a line too long, or without end',
    tests: [
      'e2e/child-output.test.ts',
      'runner/core/session.test.ts',
      'runner/process/stdio-process.test.ts',
      'shared/lines.test.ts',
    ],
  },
  'F-45': {
    fault: 'a flood on stderr',
    tests: [
      'e2e/child-output.test.ts',
      'runner/process/stderr-lines.test.ts',
      'runner/process/stdio-process.test.ts',
    ],
  },
  'F-46': {
    fault: 'progress for nothing',
    tests: ['e2e/child-output.test.ts', 'runner/core/session.test.ts'],
  },
  'F-47': {
    fault: 'questions to a client that cannot be asked',
    tests: [
      'e2e/child-output.test.ts',
      'runner/core/session.test.ts',
      'runner/translate/modern-to-legacy/input-requests.test.ts',
      'runner/translate/legacy-to-modern/input-rounds.test.ts',
    ],
  },
  'F-48': { fault: 'a flood of notifications', tests: ['e2e/child-output.test.ts'] },
  'F-49': {
    fault: 'a call that is quiet for half an hour',
    tests: ['e2e/child-output.test.ts'],
    missing: 'Half an hour: the first keep-alives are awaited, and the rest are like them.',
  },

  // The runner's link
  'F-50': {
    fault: 'a cut at any step',
    tests: ['e2e/link-faults.test.ts'],
    missing: 'Every step in every order is the business of test/simulation.',
  },
  'F-51': {
    fault: 'a link away for 5, 29 or 31 s under a call',
    tests: ['e2e/link-faults.test.ts', 'e2e/clients-breaks.long.test.ts'],
  },
  'F-52': {
    fault: 'a half-open link',
    tests: ['e2e/link-faults.test.ts', 'edge/core/client-stream.test.ts'],
  },
  'F-360': {
    fault: 'a session link that dies without a word while it rests, before a call',
    tests: [
      'simulation/simulation.test.ts',
      'simulation/mutants.test.ts',
      'edge/core/resting-link.test.ts',
      'shared/heartbeat.test.ts',
      'e2e/resting-link.long.test.ts',
    ],
  },
  'F-361': {
    fault: 'a half-open session link of which only the edge knows',
    tests: ['edge/core/resting-link.test.ts', 'simulation/mutants.test.ts'],
  },
  'F-362': {
    fault: 'a second GET of a client that listens already',
    tests: ['simulation/simulation.test.ts', 'simulation/mutants.test.ts'],
  },
  'F-363': {
    fault: 'a client that vanishes under a stream on which nothing is said',
    tests: ['simulation/mutants.test.ts'],
  },
  'F-364': {
    fault: 'an access actor that dies between two statements of a step, or before its answer',
    tests: ['simulation/access.test.ts', 'simulation/mutants.test.ts'],
  },
  'F-365': {
    fault: 'a grant that ends while workers remember its token',
    tests: ['edge/http/oauth/admissions.test.ts'],
  },
  'F-366': {
    fault: 'a list of people that is narrowed while workers remember their tokens',
    tests: ['edge/http/oauth/admissions.test.ts'],
  },
  'F-54': {
    fault: 'an answer after the call was given up',
    tests: ['e2e/link-faults.test.ts', 'runner/core/session.test.ts'],
  },
  'F-55': {
    fault: 'a runner that is killed and started again',
    tests: [
      'e2e/runner-faults.test.ts',
      'e2e/clients-breaks.long.test.ts',
      'edge/hosts/cloudflare/fleet-actor.test.ts',
      'runner/process/sweep.test.ts',
    ],
  },
  'F-56': {
    fault: 'two runners with one name',
    tests: ['e2e/runner-faults.test.ts', 'edge/hosts/cloudflare/fleet-actor.test.ts'],
  },
  'F-150': {
    fault: 'a slow line: 1 MB, 200 KB and 20 KB a second, up, down and both ways',
    tests: ['e2e/slow-line.long.test.ts', 'shared/outbox.test.ts'],
  },
  'F-151': {
    fault: 'a cut in the middle of a large message on a slow line',
    tests: ['e2e/slow-line.long.test.ts', 'edge/hosts/cloudflare/session-actor.test.ts'],
  },
  'F-152': {
    fault: 'an actor that lost the beginning of a large message',
    tests: ['edge/hosts/cloudflare/session-actor.test.ts'],
  },
  'F-58': {
    fault: 'frames that are huge, endless, broken or unknown',
    tests: [
      'e2e/hostile-edge.test.ts',
      'edge/hosts/cloudflare/fleet-actor.test.ts',
      'edge/hosts/cloudflare/session-actor.test.ts',
    ],
  },
  'F-59': {
    fault: "a runner that answers for another's session",
    tests: [
      'edge/hosts/cloudflare/fleet-actor.test.ts',
      'edge/hosts/cloudflare/session-actor.test.ts',
      'edge/core/relay.test.ts',
    ],
  },
  'F-60': {
    fault: 'a thousand runners that lost the edge',
    tests: ['e2e/runner-faults.test.ts'],
    missing: 'A thousand: thirty show the spread, and one machine holds no more edges than one.',
  },
  'F-61': {
    fault: 'a runner credential that is over, repeated or revoked',
    tests: [
      'edge/access/runner-assertion.test.ts',
      'edge/core/control-link.test.ts',
      'e2e/runner-key.test.ts',
    ],
    missing:
      'A revoked one: the entry is removed by a deploy of the settings, which ends every link of the edge.',
  },
  'F-62': {
    fault: 'an enrolment code that is used again, old, wrong or tried out',
    tests: ['edge/core/credentials.test.ts', 'edge/http/admin.test.ts', 'e2e/join.test.ts'],
  },
  'F-64': {
    fault: 'a browser on the link',
    tests: [
      'e2e/session-misuse.test.ts',
      'edge/hosts/cloudflare/fleet-actor.test.ts',
      'edge/http/origin.test.ts',
    ],
  },
  'F-66': {
    fault: 'a link in clear, or to a false certificate',
    tests: ['e2e/hostile-edge.test.ts', 'runner/cli.test.ts', 'runner/config/settings.test.ts'],
  },
  'F-67': {
    fault: 'an old runner and a new edge, and the reverse',
    tests: ['e2e/hostile-edge.test.ts', 'edge/hosts/cloudflare/fleet-actor.test.ts'],
  },
  'F-68': {
    fault: 'an edge that sends commands',
    tests: ['e2e/hostile-edge.test.ts', 'shared/link-codec.test.ts'],
  },
  'F-69': {
    fault: 'a config with secrets or an open token file',
    tests: [
      'runner/cli.test.ts',
      'runner/config/settings.test.ts',
      'runner/config/warnings.test.ts',
      'runner/config/entries.test.ts',
    ],
  },
  'F-69b': {
    fault: "the runner's own port",
    tests: ['runner/cli.test.ts', 'runner/status.test.ts'],
  },

  // Processes
  'F-70': {
    fault: 'a process that cannot be started',
    tests: [
      'e2e/clients-start-failure.test.ts',
      'e2e/child-faults.test.ts',
      'runner/cli.test.ts',
      'runner/core/session.test.ts',
      'runner/process/stdio-process.test.ts',
    ],
  },
  'F-71': {
    fault: 'a process that ends under its calls',
    tests: [
      'e2e/child-faults.test.ts',
      'e2e/clients.test.ts',
      'runner/core/session.test.ts',
      'runner/process/flood.test.ts',
      'runner/process/stdio-process.test.ts',
    ],
  },
  'F-73': {
    fault: 'a process that hangs and is deaf',
    tests: [
      'e2e/child-faults.test.ts',
      'runner/core/session.test.ts',
      'runner/process/terminate.test.ts',
    ],
  },
  'F-75': {
    fault: 'descendants that slip away',
    tests: ['runner/process/containment.test.ts', 'runner/process/terminate.test.ts'],
  },
  'F-76': {
    fault: 'a crash loop',
    tests: [
      'e2e/child-faults.test.ts',
      'e2e/clients-start-failure.test.ts',
      'runner/core/breaker.test.ts',
    ],
  },
  'F-77': { fault: 'a fork bomb, a memory hog', tests: ['runner/process/containment.test.ts'] },
  'F-78': {
    fault: "a process that reads what is the runner's",
    tests: ['runner/cli.test.ts'],
  },
  'F-79': { fault: 'a process that idled', tests: ['e2e/child-faults.test.ts'] },

  'F-130': {
    fault: 'a process that lives, but has closed a pipe or reads nothing',
    tests: ['runner/process/broken-process.test.ts', 'e2e/broken-processes.test.ts'],
  },
  'F-132': {
    fault: 'a first start that takes longer than its client waits',
    tests: [
      'runner/sessions/slow-start.test.ts',
      'runner/core/starting-session.test.ts',
      'e2e/broken-processes.test.ts',
      'e2e/child-faults.test.ts',
    ],
  },
  'F-135': {
    fault: 'much that is said before anybody can listen',
    tests: ['runner/translate/for-legacy-client.test.ts', 'runner/sessions/pooled-process.test.ts'],
  },
  'F-137': {
    fault: 'a process that says nothing any more',
    tests: ['runner/core/silent-session.test.ts'],
  },
  'F-136': {
    fault: 'no descriptor left',
    tests: ['runner/process/descriptors.test.ts'],
  },
  'F-134': {
    fault: "a sweep that meets others' processes",
    tests: ['runner/process/sweep.test.ts'],
  },
  'F-133': {
    fault: 'a principal under whose calls processes crash',
    tests: ['runner/core/breakers.test.ts'],
  },
  'F-131': {
    fault: 'a process that prints without end',
    tests: [
      'runner/core/noise-budget.test.ts',
      'runner/core/output-share.test.ts',
      'runner/process/flood.test.ts',
      'e2e/broken-processes.test.ts',
      'runner/process/stderr-lines.test.ts',
    ],
  },

  'F-280': {
    fault: 'a process that prints messages without end while it is asked, and answers',
    tests: ['runner/core/output-share.test.ts'],
  },
  'F-281': {
    fault: 'a process whose output is read in many chunks in one poll of the event loop',
    tests: ['runner/process/paced-pipe.test.ts'],
  },
  'F-282': {
    fault: 'thousands of small events of one session on the way to the edge at once',
    tests: ['runner/core/stream-log.test.ts'],
  },

  'F-283': {
    fault: 'a burst of thousands of small notifications, each a message on every hop',
    tests: ['runner/core/event-batch.test.ts', 'edge/hosts/cloudflare/session-actor.test.ts'],
  },

  // Overload and exhaustion
  'F-80': {
    fault: '10,000 idle sessions for a day',
    tests: [],
    missing: 'A day, and more processes than one machine holds; the soak run is its small sibling.',
  },
  'F-81': {
    fault: '2,000 calls at once',
    tests: ['e2e/overload.test.ts'],
  },
  'F-82': {
    fault: 'a principal far over its quota',
    tests: ['e2e/greedy-principal.long.test.ts', 'edge/hosts/cloudflare/fleet-actor.test.ts'],
    missing: 'A bound on the times of others: measured by test/bench, not asserted.',
  },
  'F-83': {
    fault: 'a client that reads 1 KiB/s',
    tests: [
      'e2e/slow-reader.long.test.ts',
      'runner/core/session.test.ts',
      'edge/core/client-stream.test.ts',
    ],
  },
  'F-84': {
    fault: 'more events than the window holds',
    tests: ['e2e/slow-reader.long.test.ts'],
    missing: 'A full disk: no event is stored on one (D1).',
  },

  // The runner's own surroundings
  'F-240': {
    fault: 'a frame whose words no close reason can hold',
    tests: [
      'e2e/hostile-edge.test.ts',
      'edge/hosts/cloudflare/fleet-actor.test.ts',
      'edge/core/sockets.test.ts',
      'shared/close-reason.test.ts',
    ],
  },
  'F-241': {
    fault: 'a fault of our own over one frame, line or request',
    tests: [
      'e2e/contained-faults.test.ts',
      'edge/core/sockets.test.ts',
      'runner/core/session-fuzz.test.ts',
      'runner/status.test.ts',
    ],
  },
  'F-242': {
    fault: 'output whose reader is slow, stopped or gone; a full disk',
    tests: ['e2e/surroundings.test.ts', 'runner/output.test.ts'],
  },
  'F-243': {
    fault: 'a terminal that is closed',
    tests: ['e2e/surroundings.test.ts'],
  },
  'F-244': {
    fault: 'a clock that is set by a day',
    tests: ['e2e/clock.test.ts', 'shared/steady-clock.test.ts'],
  },
  'F-245': {
    fault: 'an edge, or a proxy in its place, that answers a dial with anything but the link',
    tests: ['e2e/bad-dials.test.ts', 'runner/link/refusal.test.ts'],
  },
  'F-246': {
    fault: 'an edge that asks to come back later',
    tests: ['e2e/bad-dials.test.ts', 'runner/link/refusal.test.ts'],
  },
  'F-247': {
    fault: 'a token file that is rotated, or belongs to somebody else',
    tests: ['e2e/bad-dials.test.ts', 'runner/credential.test.ts'],
  },
  'F-248': {
    fault: 'a storage folder that somebody else made, opened or filled',
    tests: ['runner/dev/own-storage.test.ts'],
  },
  'F-249': {
    fault: 'silent connections to the status port',
    tests: ['runner/status.test.ts'],
  },
  'F-250': {
    fault: 'a package that is not the one that was locked',
    tests: ['lockfile.test.ts'],
  },
  'F-252': {
    fault: 'file descriptors exhausted',
    tests: ['e2e/surroundings.test.ts'],
  },
  'F-253': {
    fault: 'starts without end: a client that opens and leaves',
    tests: ['runner/core/start-turns.test.ts', 'runner/sessions/starts.test.ts'],
  },
  'F-254': {
    fault: 'a principal that opens sessions faster than they can be started',
    tests: ['edge/core/opening-turns.test.ts', 'e2e/greedy-principal.long.test.ts'],
  },
  'F-251': {
    fault: 'an exception that nothing caught',
    tests: ['e2e/surroundings.test.ts'],
  },

  // Upgrade and deploy
  'F-87': {
    fault: 'an actor or an edge that is reset under a call',
    tests: [
      'e2e/deploy-faults.test.ts',
      'edge/hosts/cloudflare/session-actor.test.ts',
      'edge/hosts/cloudflare/modern.test.ts',
    ],
  },
  'F-88': {
    fault: 'deploy after deploy under load',
    tests: ['e2e/deploys.long.test.ts'],
    missing: 'An hour of them, and the two ways in which Cloudflare replaces a worker.',
  },
  'F-89': {
    fault: 'an actor that is evicted while it sleeps',
    tests: ['edge/hosts/cloudflare/session-actor.test.ts', 'edge/core/relay.test.ts'],
  },
  'F-90': {
    fault: 'a rollback',
    tests: [],
    missing: 'There is one version; the second brings the first pair to try.',
  },
  'F-91': { fault: 'a runner asked to end, once and twice', tests: ['e2e/deploy-faults.test.ts'] },
  'F-92': {
    fault: 'a changed config',
    tests: ['e2e/deploy-faults.test.ts', 'runner/cli.test.ts', 'runner/config/watch.test.ts'],
  },

  // Clocks and timeouts
  'F-94': {
    fault: 'progress without end',
    tests: ['e2e/overload.test.ts', 'runner/core/session.test.ts'],
    missing: 'Hours: the limits are set to seconds.',
  },
  'F-95': {
    fault: 'a client that cancels or leaves',
    tests: [
      'e2e/overload.test.ts',
      'e2e/clients.test.ts',
      'runner/core/session.test.ts',
      'e2e/eras.test.ts',
      'edge/hosts/cloudflare/modern.test.ts',
    ],
  },

  // What a call costs
  'F-710': {
    fault:
      'a 2026-07-28 client, which says in each request what others say once: its calls cost more than twice theirs',
    tests: [
      'edge/http/passes.test.ts',
      'runner/translate/passes.test.ts',
      'shared/repeated.test.ts',
    ],
  },

  // Edge and runner do not trust each other's bounds
  'F-380': {
    fault: 'a session that has taken many thousand posts',
    tests: ['runner/core/post-ids.test.ts'],
  },
  'F-160': {
    fault: 'a post that comes again after thousands of others',
    tests: ['runner/core/post-ids.test.ts', 'runner/core/session.test.ts'],
  },
  'F-161': {
    fault: 'messages of many megabytes for a runner that is away or slow',
    tests: ['edge/core/relay.test.ts'],
  },
  'F-162': {
    fault: 'a runner that repeats events, skips them, or speaks out of turn',
    tests: [
      'edge/core/relay.test.ts',
      'edge/hosts/cloudflare/session-actor.test.ts',
      'simulation/mutants.test.ts',
    ],
  },
  'F-163': {
    fault: 'a throw while one frame is handled',
    tests: ['edge/hosts/cloudflare/session-actor.test.ts'],
  },
  'F-164': {
    fault: 'sessions that are refused or end, by the thousand',
    tests: [
      'edge/hosts/cloudflare/session-actor.test.ts',
      'e2e/storage.test.ts',
      'runner/dev/storage-sweep.test.ts',
      'e2e/hostile-edge.test.ts',
    ],
  },
  'F-165': {
    fault: 'a client that leaves during `initialize`',
    tests: ['runner/core/presence.test.ts', 'e2e/storage.test.ts'],
  },
  'F-166': {
    fault: 'a client that holds all sessions it may, idle',
    tests: [
      'runner/core/yielding.test.ts',
      'edge/hosts/cloudflare/fleet-actor.test.ts',
      'e2e/hostile-edge.test.ts',
    ],
  },
  'F-167': {
    fault:
      'a client that cancels a request by a guessed id, or answers what nobody asked, over and over',
    tests: ['runner/core/modern-session.test.ts', 'runner/core/session.test.ts'],
  },

  // What processes and clients say beside the letter of the protocol
  'F-110': {
    fault: 'an answer that is not quite JSON-RPC, but that every direct client takes',
    tests: [
      'e2e/odd-servers.test.ts',
      'runner/translate/modern-client-lenient.test.ts',
      'runner/translate/legacy-to-modern/lenient.test.ts',
      'runner/core/session-lenient.test.ts',
      'runner/cli.test.ts',
    ],
  },
  'F-111': {
    fault: 'progress under a token that is written in another way',
    tests: [
      'runner/translate/modern-client-lenient.test.ts',
      'runner/translate/legacy-to-modern/lenient.test.ts',
      'runner/core/session-lenient.test.ts',
    ],
  },
  'F-112': {
    fault: 'an answer that nobody can read',
    tests: [
      'e2e/odd-servers.test.ts',
      'runner/translate/modern-client-lenient.test.ts',
      'runner/translate/legacy-to-modern/lenient.test.ts',
      'runner/core/session-lenient.test.ts',
    ],
  },
  'F-113': {
    fault: 'noise that looks like an answer',
    tests: [
      'runner/translate/modern-client-lenient.test.ts',
      'runner/core/session-lenient.test.ts',
    ],
  },
  'F-1140': {
    fault: 'a server prints the same answer to no request again and again while a slow call waits',
    tests: ['runner/core/session-lenient.test.ts'],
  },
  'F-114': {
    fault: 'a server that says something else instead of answering `initialize`',
    tests: [
      'e2e/odd-servers.test.ts',
      'runner/translate/modern-client-lenient.test.ts',
      'runner/translate/legacy-to-modern/lenient.test.ts',
      'runner/core/session-lenient.test.ts',
      'runner/cli.test.ts',
    ],
  },
  'F-115': {
    fault: 'progress of a task after the answer that began it',
    tests: ['runner/core/session-lenient.test.ts'],
  },
  'F-116': {
    fault: 'an answer of the client that is refused',
    tests: [
      'edge/http/refused-answer.test.ts',
      'e2e/odd-servers.test.ts',
      'runner/core/session-lenient.test.ts',
    ],
  },
  'F-117': {
    fault: 'a ping of a server whose client does not listen',
    tests: ['runner/core/session-lenient.test.ts'],
  },
  'F-118': {
    fault: 'a request with the name of a notification',
    tests: ['runner/core/session-lenient.test.ts'],
  },
  'F-120': {
    fault: 'a result of millions of values, of which the bridge wants three',
    tests: ['runner/translate/modern-client-lenient.test.ts'],
  },
  'F-121': {
    fault: 'a client that cancels with the number of its request as a text',
    tests: ['runner/core/calls.test.ts'],
  },
  'F-122': {
    fault: 'null for what is absent, in results that the bridge writes anew',
    tests: ['runner/translate/modern-client-lenient.test.ts'],
  },
  'F-119': {
    fault: 'one client whose malformed `initialize` is refused, and what that says of the server',
    tests: ['runner/translate/for-legacy-client.test.ts'],
  },

  'F-260': {
    fault: 'an error that is a text, or has no code or no message',
    tests: ['runner/core/session-lenient.test.ts'],
  },
  'F-261': {
    fault: 'an error under an id that nobody gave',
    tests: ['runner/core/session-lenient.test.ts'],
  },

  'F-270': {
    fault:
      'large lines one after the other, valid or broken in any way: their first pass goes in steps',
    tests: ['shared/skim.test.ts'],
  },
  'F-271': {
    fault: 'a process whose large answers come without a pause, beside others of its runner',
    tests: ['runner/process/flood.test.ts'],
  },
  'F-272': {
    fault: 'large answers on HTTP+SSE, of which the edge has to know whose they are',
    tests: ['edge/core/answered.test.ts'],
  },

  'F-1200': {
    fault:
      'a line as long as a line may be that is no message: cut off, coloured, in UTF-16, in quotes, all blanks',
    tests: ['runner/process/hostile-lines.test.ts'],
  },
  'F-1201': {
    fault: 'a line as long as a line may be that is no UTF-8',
    tests: ['runner/process/hostile-lines.test.ts'],
  },

  'F-1202': {
    fault:
      'a list of tools as large as a line may be, of a server whose tools the config restricts or pins',
    tests: ['runner/core/large-lists.test.ts'],
  },

  'F-1203': {
    fault:
      'an error as large as a line may be, without a code, with a code of millions of digits or with millions of members',
    tests: ['runner/process/hostile-lines.test.ts'],
  },

  'F-1204': {
    fault:
      'a line as long as a line may be that consists of hundreds of values or messages, none of them large',
    tests: ['runner/process/hostile-lines.test.ts'],
  },

  'F-1205': {
    fault: 'a result as large as a line may be, of millions of members, that is translated',
    tests: ['runner/process/hostile-lines.test.ts'],
  },

  // Config files as programs and people write them
  'F-220': {
    fault: 'a server that another program has switched off, in its own spelling',
    tests: ['runner/config/entries.test.ts'],
  },
  'F-221': {
    fault: 'parts of another program among the servers of the file',
    tests: ['runner/config/entries.test.ts', 'runner/cli.test.ts'],
  },
  'F-222': {
    fault: 'one entry that cannot be served, among others',
    tests: ['runner/config/entries.test.ts', 'runner/cli.test.ts'],
  },
  'F-223': {
    fault: 'a server whose name fits into no URL, or is that of another one',
    tests: ['runner/config/names.test.ts'],
  },
  'F-224': {
    fault: 'a file laid out as another program has it, in JSON, TOML or YAML',
    tests: ['runner/config/layouts.test.ts'],
  },
  'F-225': {
    fault: 'comments, trailing commas, UTF-16, and many mistakes at once',
    tests: ['runner/config/syntax.test.ts'],
  },
  'F-226': {
    fault: 'settings of a server in the spelling of another program',
    tests: ['runner/config/entries.test.ts'],
  },
  'F-227': {
    fault: 'references that cannot be filled, or that cost time',
    tests: ['runner/config/references.test.ts'],
  },
  'F-228': {
    fault: 'a storm of changes, broken ones among them, while the file is served',
    tests: [
      'runner/config/watch.test.ts',
      'runner/config/reload.test.ts',
      'e2e/config-reload.test.ts',
    ],
  },
  'F-229': {
    fault: 'a changed name of the runner, edge or token file in a config that is served',
    tests: ['runner/config/watch.test.ts', 'e2e/config-reload.test.ts'],
  },
  'F-230': {
    fault: 'a secret from a reference, an env file or the environment in what is logged',
    tests: [
      'runner/process/redaction.test.ts',
      'runner/config/secrets.test.ts',
      'e2e/config-reload.test.ts',
    ],
  },
  'F-231': {
    fault: 'a link or a folder on the way to the config that is exchanged',
    tests: ['runner/config/watch.test.ts'],
  },
  'F-232': {
    fault: 'settings that mean something to another program and nothing here',
    tests: ['runner/config/warnings.test.ts'],
  },

  // Clients without a session on processes with state
  'F-200': {
    fault: 'parallel calls of a client that may be asked, before a server with state',
    tests: ['runner/translate/modern-to-legacy/client-state.test.ts', 'e2e/modern-state.test.ts'],
  },
  'F-201': {
    fault: 'a question while several calls run',
    tests: [
      'runner/translate/modern-to-legacy/client-state.test.ts',
      'runner/translate/modern-client-fuzz.test.ts',
    ],
    missing: 'A cancelled call that asks after five seconds.',
  },
  'F-202': {
    fault: 'notifications that no revision defines, in both directions',
    tests: [
      'runner/translate/modern-client-notices.test.ts',
      'runner/core/modern-session.test.ts',
      'edge/http/modern/modern.test.ts',
      'e2e/modern-state.test.ts',
    ],
  },
  'F-203': {
    fault: 'a modern client that cancels by notifications, with guessed ids',
    tests: ['edge/http/modern/modern.test.ts', 'e2e/modern-state.test.ts'],
  },
  'F-204': {
    fault: 'a process shared by clients that answers nobody any more',
    tests: ['runner/translate/modern-client-notices.test.ts', 'e2e/modern-state.test.ts'],
  },
  'F-205': {
    fault: 'more clients of one principal than processes they may have',
    tests: ['runner/translate/modern-to-legacy/client-state.test.ts'],
  },
  'F-206': {
    fault: 'a process that starts slowly behind the first call of a client without a session',
    tests: ['e2e/modern-state.test.ts'],
  },
  'F-168': {
    fault: 'a runner that names 400,000 sessions, claims endless room, or says no hello',
    tests: ['edge/hosts/cloudflare/fleet-actor.test.ts'],
  },
  'F-169': {
    fault: 'a GET stream on a path that swallows what is written, and a client that wants it back',
    tests: [
      'edge/core/relay.test.ts',
      'edge/hosts/cloudflare/session-actor.test.ts',
      'e2e/second-get.test.ts',
    ],
  },

  // Clients and what stands before the edge
  'F-180': {
    fault: 'a setting that names one thing twice, or one secret for two things',
    tests: ['edge/settings.test.ts'],
  },
  'F-181': {
    fault: 'a client that looks for an OAuth server first',
    tests: ['edge/http/front.test.ts'],
  },
  'F-182': { fault: 'a slip in the URL of a server', tests: ['edge/http/front.test.ts'] },
  'F-183': {
    fault: 'a key in a URL, under whatever name',
    tests: ['edge/http/front.test.ts'],
  },
  'F-184': {
    fault: 'a refusal that a page of a listed origin has to read',
    tests: ['edge/http/front.test.ts'],
  },
  'F-185': {
    fault: 'an endpoint event behind a proxy that takes a prefix off, or resolved in an odd way',
    tests: ['edge/http/front.test.ts', 'e2e/field-clients.test.ts'],
  },
  'F-186': {
    fault: 'a version header that the session did, or did not, negotiate',
    tests: [
      'edge/http/front.test.ts',
      'edge/core/relay.test.ts',
      'runner/core/session.test.ts',
      'e2e/field-clients.test.ts',
    ],
  },
  'F-187': {
    fault: 'a header of MCP of more than 8 KiB',
    tests: ['edge/http/front.test.ts'],
  },
  'F-188': {
    fault: 'a mirrored header beside keys that a lax reader takes for the mirrored one',
    tests: ['edge/http/front.test.ts', 'runner/translate/tool-headers.test.ts'],
  },
  'F-189': {
    fault: 'a Host or a target that makes no URL',
    tests: ['edge/http/front.test.ts', 'e2e/field-clients.test.ts'],
  },
  'F-190': {
    fault: 'a refusal while its client still sends',
    tests: ['edge/http/read-on.test.ts', 'e2e/early-refusals.test.ts'],
  },
  'F-191': {
    fault: 'a text made to be slow for a regular expression',
    tests: ['shared/linear-patterns.test.ts'],
  },
  'F-192': {
    fault: 'a client that would rather have a stream, or asked for progress',
    tests: ['edge/http/media.test.ts', 'e2e/field-clients.test.ts'],
  },

  'F-300': {
    fault: 'a client that answers a question with an error or a result that is none',
    tests: ['runner/translate/legacy-to-modern/input-rounds.test.ts'],
  },
  'F-310': {
    fault: 'a process that answers a request it was not sent',
    tests: [
      'runner/translate/modern-to-legacy/messages.test.ts',
      'runner/translate/modern-to-legacy/subscriptions.test.ts',
    ],
  },

  // The rules of sessions and of the fleet
  'F-290': {
    fault: 'a socket that does not say whose it is, when its actor wakes and when it closes',
    tests: ['edge/hosts/cloudflare/session-actor.test.ts'],
  },
  'F-291': {
    fault:
      'an actor that dies between the end of its session and the word to the fleet, whose books would hold it for good',
    tests: ['simulation/mutants.test.ts', 'simulation/simulation.test.ts'],
  },
  'F-292': {
    fault:
      'a session given up while its actor has no memory of it: what it kept would stay on disk',
    tests: ['contract/stores.ts', 'simulation/mutants.test.ts', 'simulation/simulation.test.ts'],
  },
  'F-293': {
    fault: 'an actor, or the fleet, that dies while one tells the other that a session is given up',
    tests: [
      'contract/stores.ts',
      'edge/core/fleet-given-up.test.ts',
      'simulation/simulation.test.ts',
    ],
  },
  'F-294': {
    fault: 'a post told as not sent although an attempt before had reached the runner',
    tests: ['simulation/mutants.test.ts', 'simulation/simulation.test.ts'],
  },
  'F-295': {
    fault: 'a post refused for lack of room, of which a second copy arrives when there is room',
    tests: ['runner/core/session.test.ts'],
  },
  'F-305': {
    fault:
      'many clients of one principal that open sessions at once while actors, links and the runner break',
    tests: ['simulation/mutants.test.ts', 'simulation/simulation.test.ts'],
  },
  'F-340': {
    fault:
      'an env file that a served entry names changes, appears or is replaced while the runner runs',
    tests: ['runner/config/watch.test.ts', 'e2e/config-reload.test.ts'],
  },
  'F-505': {
    fault: 'a key that ends, is replaced or is removed while everything runs',
    tests: ['edge/core/credentials.test.ts', 'edge/http/admin.test.ts'],
  },
  'F-860': {
    fault: 'the answer to a machine that joins is lost, though its code was spent',
    tests: ['edge/core/credentials.test.ts', 'e2e/join.test.ts'],
  },
  'F-507': {
    fault: 'a grant ends, or a key is removed, while sessions and streams of it are open',
    tests: [
      'edge/core/control-link.test.ts',
      'edge/http/oauth/sign-in.test.ts',
      'edge/http/admin.test.ts',
      'edge/http/expiry.test.ts',
      'e2e/revocation.test.ts',
    ],
  },
  'F-506': {
    fault:
      "somebody else than the owner, or a page in the owner's browser, calls the operator's API",
    tests: ['edge/http/admin.test.ts'],
  },
  'F-434': {
    fault:
      'an edge whose sign-in some clients would fail on: a proxy, another address, metadata that was changed',
    tests: ['runner/check/sign-in.test.ts', 'e2e/sign-in.test.ts', 'e2e/start.test.ts'],
  },
  'F-500': {
    fault: 'a runner that may offer all servers offers one that is meant for another machine',
    tests: ['edge/access/runner-assertion.test.ts', 'edge/core/control-link.test.ts'],
  },
  'F-341': {
    fault:
      'a session with thousands of events, or some large ones, on a line so fast that all of them lie at the edge at once',
    tests: [
      'shared/outbox.test.ts',
      'runner/core/event-batch.test.ts',
      'runner/link/dial-turns.test.ts',
    ],
  },
  'F-344': {
    fault:
      'the fleet dies as it is told that a session is over, and the actor goes to sleep before it hears of that',
    tests: ['edge/core/session-over.test.ts', 'simulation/simulation.test.ts'],
  },
  'F-345': {
    fault:
      'a client of HTTP+SSE posts a call, the actor breaks away when the runner has it, and the session is lost before the post is repeated',
    tests: ['simulation/simulation.test.ts'],
  },
  'F-346': {
    fault:
      'the fleet falls asleep while the ticket of a spare is signed, and its runner waits for it for ever',
    tests: ['simulation/simulation.test.ts', 'simulation/mutants.test.ts'],
  },
  'F-347': {
    fault:
      'a call of an HTTP+SSE client is accepted in the moment in which its stream, its actor and its runner break away, so that nobody knows of it',
    tests: ['simulation/simulation.test.ts', 'edge/core/client-stream.test.ts'],
  },
  'F-342': {
    fault:
      'sessions by the thousand, one after the other: V8 keeps room for objects that are long gone',
    tests: ['runner/young-generation.test.ts'],
  },
  'F-343': {
    fault:
      'a client that leaves a slow `initialize` and cannot come back for its answer: its process would run on for seconds',
    tests: ['edge/core/client-stream.test.ts', 'e2e/storage.test.ts'],
  },

  // Isolation
  'F-1130': {
    fault:
      'a small result after a large one lies in a place as large as that had: 8 MiB of results that are kept take 400 MiB',
    tests: ['shared/lines.test.ts'],
  },
  'F-370': {
    fault:
      'a message of many MiB: whoever copies it in one go stops all other sessions for that long',
    tests: [
      'runner/translate/passes.test.ts',
      'shared/lines.test.ts',
      'shared/link-codec.test.ts',
      'edge/http/large-answers.test.ts',
      'shared/sse-encode.test.ts',
    ],
  },
  'F-371': {
    fault:
      'a client that asks for many large answers and reads none: those sent as JSON bodies counted as delivered, and filled the edge',
    tests: ['edge/http/large-answers.test.ts', 'edge/core/relay.test.ts'],
  },
  'F-720': {
    fault:
      'a large answer on its way through one program is decoded to text and encoded again, and kept as both',
    tests: [
      'shared/bytes.test.ts',
      'edge/http/large-answers.test.ts',
      'runner/dev/memory-link.test.ts',
    ],
  },
  'F-721': {
    fault:
      'each idle stream of a client keeps a stream of the platform, its reader and their promises, three KiB beside what it is for',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-722': {
    fault:
      'a queue that keeps what was taken from it: up to 63 messages of a stream that goes on, each of many MiB, beside the window, and a dozen done effects of each idle session',
    tests: ['runner/core/queue.test.ts', 'runner/core/stream-log.test.ts'],
  },
  'F-723': {
    fault: 'each process that runs keeps a copy of its whole environment in the runner',
    tests: ['runner/process/environment.test.ts'],
  },
  'F-724': {
    fault: 'each idle session keeps a dozen maps of things that never happened in it',
    tests: ['runner/core/idle-session.test.ts', 'edge/core/idle-session.test.ts'],
  },
  'F-372': {
    fault: 'many sessions opened at once: what starts their processes holds up everybody else',
    tests: ['runner/sessions/starts.test.ts', 'edge/core/opening-turns.test.ts'],
  },
  'F-550': {
    fault:
      'the kernel takes ten milliseconds to move the runner into a cgroup: with each start, everybody waited that long',
    tests: ['runner/sessions/starts.test.ts', 'runner/process/containment.test.ts'],
  },
  'F-590': {
    fault: 'two ends of a socket in memory that answer each other without end, while others wait',
    tests: ['edge/hosts/node/mail.test.ts'],
  },
  'F-591': {
    fault: 'frames between edge and runner of one program, which no socket writes out or reads',
    tests: [
      'edge/core/relay.test.ts',
      'edge/hosts/node/mail.test.ts',
      'runner/dev/memory-link.test.ts',
    ],
  },
  'F-551': {
    fault:
      'a session ends beside hundreds of others: to find what its process has started, all their processes were read',
    tests: ['runner/process/family.test.ts'],
  },
  'F-552': {
    fault: 'a runner that ends by an exception: the last lines of a record in a file were lost',
    tests: ['runner/output.test.ts'],
  },
  'F-1131': {
    fault:
      'a write to the record in a file fails once: nothing was recorded any more, and the last lines went to whatever had its descriptor by then',
    tests: ['runner/output.test.ts'],
  },
  'F-1132': {
    fault:
      'the record could not be written for a while, and nothing in it said that lines are missing',
    tests: ['runner/output.test.ts'],
  },
  'F-1191': {
    fault:
      'a server that never answers: `up` waited for ever, without a word about its config, and also where others had answered',
    tests: ['runner/dev/first-call.test.ts', 'e2e/up.test.ts'],
  },
  'F-1192': {
    fault:
      'a proxy in front of an edge asks it by a name of its own (421): runner and `check` told of WebSockets and of other programs',
    tests: ['runner/link/refusal.test.ts'],
  },
  'F-1193': {
    fault:
      'a second `up` in one folder: it told of a database, and of a folder that is not the one to replace',
    tests: ['e2e/up.test.ts'],
  },
  'F-1194': {
    fault:
      'a second `up` or `dev` in one folder, with another command, ended: the first served that command from then on, and its own no more',
    tests: ['e2e/up.test.ts'],
  },
  'F-1195': {
    fault:
      'a wrong key at an edge with sign-in: its sender was told to send a key, as if there were none',
    tests: ['edge/http/policy.test.ts'],
  },
  'F-1190': {
    fault:
      'a Node server that throws at its start: `up`, `check` and the console showed calls of its stack, and not the message above them',
    tests: [
      'runner/core/told-lines.test.ts',
      'runner/core/told-failures.test.ts',
      'e2e/up.test.ts',
    ],
  },
  'F-553': {
    fault: 'each stop of a runner warned that its control link had closed',
    tests: ['runner/link/control-link.test.ts'],
  },
  'F-600': {
    fault:
      'each session wrote to disk the one word that was negotiated, and deleted it at its end: nine of fifteen syncs',
    tests: ['runner/core/session.test.ts'],
  },
  'F-601': {
    fault: 'a thousand clients that only listen wake the edge two hundred times a second',
    tests: ['edge/core/client-stream.test.ts', 'edge/http/idle-stream.test.ts'],
  },
  'F-604': {
    fault: 'a view that failed had the figures of /metrics counted twice',
    tests: ['edge/http/metrics.test.ts'],
  },
  'F-605': {
    fault: 'a runner whose version had an unusual form was cut off',
    tests: ['edge/core/control-link.test.ts'],
  },
  'F-606': {
    fault: 'of two pre-releases each called the other one newer',
    tests: ['shared/version.test.ts'],
  },
  'F-607': {
    fault:
      'a secret of a person that is often renewed: what a session takes out of output grew without a bound',
    tests: ['runner/sessions/session-share.test.ts'],
  },
  'F-608': {
    fault: 'a quota of a day for many principals: each request looked through all of them',
    tests: ['edge/core/quotas.test.ts'],
  },
  'F-609': {
    fault: 'an open console had the fleet read all its sessions several times a second',
    tests: ['contract/stores.ts', 'edge/hosts/node/fleet-actor.test.ts'],
  },
  'F-373': {
    fault: 'a process that prints megabytes a second to stderr, or of text that is no message',
    tests: ['runner/core/output-share.test.ts', 'shared/lines.test.ts'],
  },

  // People at the console who are not its owner
  'F-730': {
    fault:
      'a person signs in at the console whom nobody let in, who was blocked, listed no more or signed out since, or whose sign-in another site or browser began',
    tests: ['edge/http/console/people.test.ts', 'e2e/console-people.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-731': {
    fault: 'a person at the console asks for what is of another person, or of the edge itself',
    tests: ['edge/http/console/people.test.ts', 'e2e/console-people.test.ts'],
  },
  'F-733': {
    fault:
      'a server fails on a machine that is somewhere else, with words that are long, hostile, secret or of a person; a runner of another version',
    tests: [
      'runner/core/told-failures.test.ts',
      'edge/core/control-link.test.ts',
      'edge/core/state-words.test.ts',
      'e2e/console.test.ts',
    ],
  },
  'F-735': {
    fault:
      'tools are held back on a machine that is somewhere else, with hostile names, or many; they are accepted, or their pins cannot be read',
    tests: [
      'runner/core/told-held.test.ts',
      'runner/pin-books.test.ts',
      'edge/core/control-link.test.ts',
      'edge/core/state-words.test.ts',
      'e2e/pins-console.test.ts',
    ],
    missing: 'A tool that cannot be named is in the runner’s log alone.',
  },
  'F-732': {
    fault:
      'a call was slow, and nobody can say where: in the edge, on the link, or in the process; its answer was sent twice, and clocks differ',
    tests: ['runner/core/session.test.ts', 'edge/http/recorded-post.test.ts', 'e2e/record.test.ts'],
  },

  // Whoever adds a runner, or leaves a page of the console open
  'F-650': {
    fault: 'somebody types on a page of the console while what is on it changes',
    tests: ['edge/http/console/views.test.ts', 'e2e/console.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-651': {
    fault: 'somebody types what the console says to type on a machine that is to be a runner',
    tests: ['e2e/add-runner.test.ts'],
    missing:
      'Docker itself: a stand-in takes the options that `docker run` documents. The service is printed, not started.',
  },
  'F-652': {
    fault: 'two config files have the same command under the same name, for two different servers',
    tests: ['runner/config/merged.test.ts'],
  },
  'F-653': {
    fault:
      'a server lists tools without end, or so long ones that an edge that remembers them is full',
    tests: ['edge/core/seen-tools.test.ts', 'edge/http/console/tools.test.ts'],
  },
  'F-654': {
    fault: 'a page of the console is left open for days',
    tests: ['edge/http/console/stream.test.ts', 'e2e/console.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },

  'F-740': {
    fault:
      'an edge at a domain of the account: one that is in no zone there, one to which an edge moves',
    tests: [
      'e2e/deploy-domain.long.test.ts',
      'runner/deploy/worker-config.test.ts',
      'runner/commands/deployments.test.ts',
    ],
    missing: 'Only the real Cloudflare shows how long a new certificate takes.',
  },

  'F-741': {
    fault:
      'a person at the terminal who says no, says nonsense, or leaves, when something is asked',
    tests: ['e2e/prompts.test.ts', 'e2e/deploy-prompts.long.test.ts'],
  },

  'F-742': {
    fault: 'a first start that takes longer than a person waits',
    tests: ['e2e/package.test.ts'],
  },
  'F-743': {
    fault: 'a release whose workflow is wrong, or whose tag, version or changelog is another',
    tests: ['release.test.ts'],
    missing: 'The workflow itself has not run: what the steps of others do is theirs.',
  },
  'F-744': {
    fault: 'an image that cannot be built, or does not start, stop or tell of its health',
    tests: ['release.test.ts', 'e2e/package.test.ts'],
    missing:
      'No engine builds them here: a linter reads the files, and what they start is started.',
  },

  'F-746': {
    fault: 'cgroups of runners that were killed, in folders that never see a runner again',
    tests: ['runner/process/sweep.test.ts'],
  },
  'F-745': {
    fault: 'text of others that controls a terminal, breaks a line of a log or turns its direction',
    tests: ['shared/steering.test.ts'],
  },

  // Metrics and traces
  'F-630': {
    fault: 'a value with quotes and line breaks in a label of /metrics',
    tests: ['shared/metrics.test.ts'],
  },
  'F-631': {
    fault: 'invented names of servers, or values of no list: each would be a time series',
    tests: ['shared/figures.test.ts', 'edge/http/metrics.test.ts'],
  },
  'F-632': {
    fault: 'an actor sleeps or breaks away, an edge restarts: what was counted begins at zero',
    tests: ['edge/core/fleet-figures.test.ts', 'contract/stores.ts', 'e2e/metrics.test.ts'],
  },
  'F-633': {
    fault: 'the fleet cannot be told what was counted',
    tests: ['edge/http/metrics.test.ts'],
  },
  'F-634': {
    fault: 'a client sends a trace context that is none',
    tests: ['shared/trace-context.test.ts', 'edge/core/traced-call.test.ts', 'e2e/traces.test.ts'],
  },
  'F-635': {
    fault: 'a span tells a collector what was said, or who may say it',
    tests: ['e2e/traces.test.ts'],
  },
  'F-636': {
    fault: 'the collector of traces is gone',
    tests: ['runner/span-export.test.ts'],
  },

  // Sessions linked ahead
  'F-330': {
    fault: 'two clients ask for the one spare at once, or one asks that may have none',
    tests: ['edge/core/fleet-spares.test.ts', 'simulation/mutants.test.ts'],
  },
  'F-331': {
    fault: 'the control link, the fleet, the server or the runner of spares goes',
    tests: ['edge/core/fleet-spares.test.ts', 'simulation/mutants.test.ts'],
  },
  'F-332': {
    fault: 'more clients come at once than there are spares',
    tests: ['e2e/spares.test.ts'],
  },
  'F-333': {
    fault: 'the edge, or the runner, is restarted while it has spares',
    tests: ['e2e/spares.test.ts'],
  },
  'F-334': {
    fault: 'the network of a runner with spares is gone for a while',
    tests: ['e2e/spares.test.ts'],
  },
  'F-335': {
    fault: 'the server of spares is changed, then taken out of the config',
    tests: ['e2e/spares.test.ts'],
  },
  'F-336': {
    fault: 'a runner with spares drains',
    tests: ['e2e/spares.test.ts'],
  },
  'F-337': {
    fault: 'the actor of a spare has lost its link, or its memory, when its client comes',
    tests: ['edge/core/spare-session.test.ts'],
  },

  // Processes kept ready, as many as are needed
  'F-890': {
    fault: 'more sessions are opened at once than processes wait for them',
    tests: [
      'runner/core/warm-size.test.ts',
      'runner/sessions/warm-processes.test.ts',
      'e2e/warm.test.ts',
    ],
  },
  'F-891': {
    fault: 'after a burst of openings there is a lull, or the machine sleeps',
    tests: [
      'runner/core/warm-size.test.ts',
      'runner/sessions/warm-processes.test.ts',
      'e2e/warm.test.ts',
    ],
  },
  'F-892': {
    fault: 'bursts of openings come and go, and starts take now a moment and now minutes',
    tests: ['runner/core/warm-size.test.ts'],
  },
  'F-893': {
    fault: 'sessions take the room that processes wait in',
    tests: [
      'runner/core/warm-size.test.ts',
      'runner/sessions/warm-processes.test.ts',
      'e2e/warm.test.ts',
    ],
  },
  'F-894': {
    fault: 'processes are to be started ahead while sessions wait for their own',
    tests: ['runner/core/start-turns.test.ts'],
  },
  'F-1185': {
    fault:
      'clients that leave before an answer have the processes that were started ahead minutes ago',
    tests: ['runner/sessions/warm-pool.test.ts'],
  },
  'F-1184': {
    fault:
      'a principal whose starts wait in a long row opens a session of a server whose processes all share, and others come to it',
    tests: ['runner/core/start-turns.test.ts', 'runner/sessions/shared-pool.test.ts'],
  },
  'F-1183': {
    fault:
      'a shared process logs at the work of a session that left, in the moment in which that is forgotten',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-1182': {
    fault:
      'a session of a server whose sessions share processes, and whose starts fail, opens and says nothing',
    tests: ['runner/sessions/shared-pool.test.ts'],
  },
  'F-1181': {
    fault: 'a session that began with a spare ends before the ticket of its `open` is signed',
    tests: ['edge/core/fleet-spares.test.ts'],
  },
  'F-1180': {
    fault: 'a client opens and drops sessions of a server with processes kept ready, beside others',
    tests: [
      'runner/core/start-turns.test.ts',
      'runner/core/idle-processes.test.ts',
      'runner/sessions/warm-pool.test.ts',
    ],
  },
  'F-895': {
    fault: 'processes are to be started ahead of a server that may start none, or is gone',
    tests: ['runner/sessions/warm-processes.test.ts'],
  },
  'F-896': {
    fault: 'a runner wants more or fewer sessions linked ahead, at any moment',
    tests: ['simulation/simulation.test.ts'],
  },
  'F-897': {
    fault: 'a process dies while it waits for a session',
    tests: ['runner/sessions/warm-pool.test.ts'],
  },
  'F-898': {
    fault: 'ten thousand links of a runner come back at once after an outage',
    tests: ['runner/link/sleepers.test.ts'],
  },

  'F-899': {
    fault: 'as many processes are kept ready of a server at a URL as were asked for',
    tests: ['runner/sessions/warm-pool.test.ts'],
  },
  'F-1220': {
    fault:
      'each pong of a session that rests was handled as if its link had moved something: a third of what an idle runner costs',
    tests: ['runner/link/dial-turns.test.ts'],
  },
  'F-1221': {
    fault:
      'a client that opened two hundred sessions at once kept everybody who called through the same edge waiting until it was through: seconds on a busy machine',
    tests: ['edge/core/opening-pace.test.ts'],
  },
  'F-966': {
    fault: 'each keep-alive of an idle stream was four writes of the platform, joined a turn later',
    tests: ['edge/hosts/node/short-pieces.test.ts'],
  },
  'F-1060': {
    fault:
      'workerd collects memory while no call is read, and V8 throws the compiled code of reading one away, once a second for ever',
    tests: ['shared/kept-shapes.test.ts'],
  },
  'F-1121': {
    fault: 'an actor hangs in each dial of a stream whose clock is read at keep-alives only',
    tests: ['edge/http/idle-stream.test.ts'],
  },
  'F-1122': {
    fault:
      'a client pipelines an offer to upgrade, or what is no request, behind calls that have yet to be answered',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-1123': {
    fault: 'a client pipelines CONNECT behind calls that have yet to be answered',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-1124': {
    fault:
      'a client whose upgrade or bytes were refused leaves unread bytes, or does not end its side',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-1170': {
    fault:
      'a client offers to upgrade where there is nothing to upgrade to: the body of a call would be lost, a stream held for ever',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-1171': {
    fault:
      'a forwarded host that is more than a host leads to another path than the proxy let through',
    tests: ['edge/hosts/node/trusted-proxies.test.ts'],
  },
  'F-1172': {
    fault: 'a proxy behind another, or one that tells ports, hides which client guesses keys',
    tests: ['edge/hosts/node/trusted-proxies.test.ts'],
  },
  'F-1173': {
    fault: 'headers that are frozen are taken for legal and constant, and written past all checks',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-1174': {
    fault:
      'the clock of an edge is set back by hours: what is remembered for seconds, or limited for a minute, would be for hours',
    tests: ['edge/http/clock-set-back.test.ts'],
  },
  'F-1175': {
    fault: 'connections that never begin their handshake of TLS are held for minutes',
    tests: ['e2e/silent-connections.long.test.ts'],
  },
  'F-1176': {
    fault: 'a backslash in the target of an upgrade leads around what a proxy forbids',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-1177': {
    fault: 'storage that can no longer be read keeps an edge from stopping in order',
    tests: ['edge/hosts/node/stop.test.ts'],
  },
  'F-1120': {
    fault:
      'a client expects 100 Continue and sends its bodies unasked, thousands of times on one connection',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-985': {
    fault: 'the token of a runner is shown at a server that is called "runner"',
    tests: ['edge/http/oauth/admissions.test.ts'],
  },

  // The edge on Node
  'F-315': {
    fault: 'a machine that has Node and nothing else',
    tests: ['e2e/package.test.ts'],
  },
  'F-316': {
    fault: 'a step of an actor that fails when some of its writes are done',
    tests: ['edge/hosts/node/database.test.ts'],
  },
  'F-317': {
    fault: 'a database that another edge uses, that a newer edge wrote, or that is none',
    tests: ['edge/hosts/node/database.test.ts', 'e2e/edge-command.test.ts'],
  },
  'F-318': {
    fault: 'sessions that come and go: what the program holds of each would add up',
    tests: ['runner/dev/memory-link.test.ts'],
  },
  'F-319': {
    fault: 'storage that refuses a write of one session',
    tests: ['runner/dev/memory-link.test.ts'],
  },
  'F-320': {
    fault: 'an edge that is stopped in order while clients hold streams',
    tests: ['e2e/edge-command.test.ts', 'edge/hosts/node/http-server.test.ts'],
  },
  'F-321': {
    fault: 'a certificate that is replaced, or replaced by something that is none',
    tests: ['e2e/edge-command.test.ts'],
  },
  'F-322': {
    fault: 'headers that say for whom a proxy forwards, from somebody who is no proxy of ours',
    tests: ['e2e/edge-command.test.ts'],
  },
  'F-323': {
    fault: 'what is no request, or asks for another protocol, on a connection to the edge on Node',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-324': {
    fault: 'a stream of the edge on Node that is cut off, or whose client leaves',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-325': {
    fault: 'more connections to the edge on Node than it has file descriptors',
    tests: ['e2e/edge-command.test.ts'],
  },

  // Other systems
  'F-350': {
    fault:
      'a system without /proc and cgroups: what a process started is ended, what a killed runner left too',
    tests: [
      'runner/process/terminate.test.ts',
      'runner/process/sweep.test.ts',
      'runner/process/ps-system.test.ts',
      'runner/portable.test.ts',
    ],
    missing:
      'Tried on Linux with ps in place of /proc. The table of Windows and taskkill are tried as text only.',
  },
  'F-351': {
    fault: 'a batch file as the command, with arguments that a shell would take for its own',
    tests: ['runner/process/spawn-on-windows.test.ts'],
    missing: 'What cmd.exe makes of a line is tried against a model of it, not on Windows.',
  },
  'F-352': {
    fault: 'a system without users, owners of files, modes and SIGHUP for reloads',
    tests: ['runner/portable.test.ts'],
    missing: 'Tried on Linux without the calls that Windows lacks.',
  },

  // Sign-in
  'F-400': {
    fault: 'a client without a token has to find out where to sign in',
    tests: ['edge/http/oauth/metadata.test.ts'],
  },
  'F-401': {
    fault: 'metadata that some client cannot use, or that tells which servers there are',
    tests: ['edge/http/oauth/metadata.test.ts'],
  },
  'F-402': {
    fault: 'a request that says the edge is elsewhere',
    tests: ['edge/http/oauth/metadata.test.ts'],
  },
  'F-403': {
    fault: 'a person lets an app in, or does not',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-404': {
    fault: 'a sign-in whose answer would go to somebody else',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-405': {
    fault: 'an authorization request that asks for what there is not',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-406': {
    fault: 'a sign-in page that is sent by another browser, by another site, twice or late',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-407': {
    fault: 'an app whose name or state is markup',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-408': {
    fault: 'a code in the wrong hands, or twice',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-409': { fault: 'a token request that is not one', tests: ['edge/http/oauth/sign-in.test.ts'] },
  'F-410': {
    fault: 'an answer with a refresh token is lost, comes late, or is stolen',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-411': {
    fault: 'an access token at another server, late, after its grant, or in a URL',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-412': { fault: 'a token is revoked', tests: ['edge/http/oauth/sign-in.test.ts'] },
  'F-413': { fault: 'somebody tries owner keys', tests: ['edge/http/oauth/sign-in.test.ts'] },
  'F-414': {
    fault: 'an app registers with what it must not have, or too often',
    tests: ['edge/http/oauth/sign-in.test.ts'],
  },
  'F-415': {
    fault: 'the document of an app lies, leads elsewhere or cannot be read',
    tests: ['edge/http/oauth/documents.test.ts'],
  },
  'F-416': { fault: 'codes come in any order, with anything', tests: ['edge/core/access.test.ts'] },
  'F-417': {
    fault: 'refresh tokens come in any order, lost, late and stolen',
    tests: ['edge/core/access.test.ts'],
  },
  'F-418': {
    fault: 'a token for one server is shown to another',
    tests: ['edge/core/access.test.ts'],
  },
  'F-419': { fault: 'anybody fills the storage of sign-in', tests: ['edge/core/access.test.ts'] },
  'F-420': { fault: 'the access actor ends between two steps', tests: ['contract/access.ts'] },
  'F-421': { fault: 'a wrong setting of sign-in', tests: ['edge/settings.test.ts'] },
  'F-422': {
    fault: 'an app uses the session of another app of the same person',
    tests: ['edge/access/session-id.test.ts'],
  },
  'F-423': {
    fault: 'an official client, old or new, signs in, refreshes and is refused',
    tests: ['e2e/sign-in.test.ts'],
  },
  'F-424': {
    fault: 'the edge is killed between two steps of a sign-in',
    tests: ['e2e/sign-in.test.ts'],
  },
  'F-425': {
    fault: 'a secret of a sign-in gets into a log or into storage',
    tests: ['e2e/sign-in.test.ts'],
  },
  'F-560': {
    fault: 'a machine on which nothing is configured yet but what other programs have',
    tests: ['e2e/up.test.ts', 'e2e/prompts.test.ts', 'runner/dev/found-configs.test.ts'],
  },
  'F-660': {
    fault: 'servers that are spread over the files of several programs, some of them twice',
    tests: [
      'runner/config/merged.test.ts',
      'runner/dev/found-configs.test.ts',
      'e2e/prompts.test.ts',
    ],
  },
  'F-661': {
    fault: 'a file of a later version of the config',
    tests: ['runner/config/settings.test.ts'],
  },
  'F-662': {
    fault: 'a server whose start fails for a reason that npm, uv, Docker, Node or Python prints',
    tests: ['runner/check/printed-cause.test.ts'],
  },
  'F-663': {
    fault: 'what stops people in their first minutes: ports, folders, commands, registries, edges',
    tests: ['e2e/hurdles.test.ts'],
  },
  'F-664': {
    fault: 'a disk that is full at the first start, and has room at the second',
    tests: ['e2e/hurdles.test.ts'],
    missing: 'Skipped where the system lets this user mount nothing.',
  },
  'F-563': {
    fault: 'a first call by npx, in an empty folder of a user with an empty home',
    tests: ['e2e/package.test.ts'],
  },
  'F-665': {
    fault: 'a command in README.md that does not do what it says',
    tests: ['e2e/readme.test.ts'],
  },
  'F-666': {
    fault: 'a machine with nothing on it but Node: no shell, no /proc, no service manager',
    tests: ['e2e/package.test.ts'],
    missing: 'Skipped where the system gives this user no root of their own.',
  },
  'F-564': {
    fault: 'a Node that is too old for the program',
    tests: ['e2e/package.test.ts'],
  },
  'F-610': {
    fault:
      'a deployment from nothing that leaves something unmade, made twice, or a secret where it should not lie',
    tests: ['e2e/deploy.test.ts', 'e2e/package.test.ts'],
  },
  'F-611': {
    fault: 'a deployment that is killed at any of its steps',
    tests: ['e2e/deploy-interrupted.long.test.ts'],
  },
  'F-612': {
    fault:
      'a deployment that cannot go on: no terminal, no login, a name that is taken, several accounts, no network, a plan or a quota',
    tests: ['e2e/deploy.test.ts', 'e2e/deploy-interrupted.long.test.ts'],
    missing: 'Nothing here was tried against the real Cloudflare.',
  },
  'F-613': {
    fault: 'a failure of wrangler, told in its own words',
    tests: ['runner/deploy/wrangler-problem.test.ts'],
  },
  'F-614': {
    fault: 'a config of a person that is changed where it should not be',
    tests: ['runner/deploy/config-block.test.ts'],
  },
  'F-615': {
    fault: 'an edge and a runner of different versions',
    tests: ['runner/deploy/versions.test.ts', 'e2e/deployed-edge.long.test.ts'],
    missing: 'One release is all there is: an edge that says another version plays the other.',
  },
  'F-616': {
    fault: 'a secret or an owner key that has to be replaced while everything runs',
    tests: ['e2e/deployed-edge.long.test.ts', 'edge/settings.test.ts', 'edge/http/front.test.ts'],
  },
  'F-617': {
    fault: 'a wrangler config in a folder above, which names another account',
    tests: ['runner/deploy/cloudflare.test.ts'],
  },
  'F-618': {
    fault:
      'a worker of somebody else under the name of one that was to be deployed, or was deployed, from here',
    tests: ['runner/deploy/cloudflare.test.ts', 'e2e/deploy-interrupted.long.test.ts'],
  },
  'F-619': {
    fault:
      'a deployment that was whole and is not any more: worker, settings, key file or runner are gone',
    tests: ['e2e/deployed-edge.long.test.ts'],
  },
  'F-620': {
    fault:
      'a replacement of a secret that is killed between its files, or begun while another old one counts',
    tests: ['e2e/deployed-edge.long.test.ts'],
  },
  'F-621': {
    fault: 'a disk that is full while the config of a person is changed',
    tests: ['runner/config/file-text.test.ts'],
  },
  'F-622': {
    fault: 'a folder or a file of a deployment that the system refuses to make or to write',
    tests: ['runner/commands/deployments.test.ts'],
  },
  'F-623': {
    fault: 'another account named for an edge that is in one already',
    tests: ['runner/commands/deployments.test.ts'],
  },
  'F-625': {
    fault: 'a change that nobody agreed to: an answer that is no yes, the service of another edge',
    tests: ['runner/commands/deployments.test.ts', 'runner/service/definitions.test.ts'],
  },
  'F-562': {
    fault: 'paths with spaces, quotes, percent signs and dollars in the definition of a service',
    tests: ['runner/service/definitions.test.ts'],
  },
  'F-561': {
    fault: 'a first start with nothing to serve, or with a server that does not answer',
    tests: ['e2e/up.test.ts'],
  },
  'F-540': {
    fault:
      'a key, code, verifier, token, cookie, argument or header value gets where it does not belong: a log, a record, a file, a frame, an argument or an environment',
    tests: ['e2e/canary.test.ts', 'e2e/sign-in-apps.test.ts'],
  },
  'F-541': {
    fault:
      "a browser does not show the sign-in page, does not take its cookie, or does not follow its redirects; the key gets into an app's hands; a page is framed",
    tests: ['e2e/browser.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-542': {
    fault: 'a client that is a web page, of a listed origin and of another',
    tests: ['e2e/browser.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-543': {
    fault: 'over HTTP+SSE a server fails to start before its client has sent `initialize`',
    tests: ['edge/core/afterword.test.ts', 'e2e/clients-start-failure.test.ts'],
  },
  'F-544': {
    fault: 'somebody gives up before the first app is connected: too many commands, or too slow',
    tests: ['e2e/only-me.test.ts'],
    missing: 'Of a deployment to Cloudflare the commands are not run, and no hosted app is.',
  },
  'F-580': {
    fault:
      'a company gives up before the first of its people is connected: too many commands, or too slow',
    tests: ['e2e/only-me.test.ts'],
    missing: 'Of what an operator does at a provider only the result is there: a registered edge.',
  },
  'F-581': {
    fault: "the inspector's command line, with a key and by signing in",
    tests: ['e2e/inspector.test.ts'],
  },
  'F-582': {
    fault: 'a policy that is narrowed, or a limit that is lowered, while workers remember it',
    tests: ['edge/http/policies.test.ts'],
  },
  'F-583': {
    fault:
      'keys and tokens that no one knows, one again and again or a new one each time, from one network or from where nobody can tell',
    tests: ['edge/http/junk-keys.test.ts'],
  },
  'F-584': {
    fault: 'a deploy with a policy that shuts out somebody who has something open',
    tests: ['edge/core/policy-change.test.ts', 'contract/stores.ts', 'e2e/edge-policy.test.ts'],
  },
  'F-700': {
    fault:
      'a deploy that takes a key, a server of a key or a person out of the settings, while they have something open',
    tests: ['edge/access/let-in.test.ts', 'contract/stores.ts', 'e2e/revocation.test.ts'],
  },
  'F-702': {
    fault: 'a deploy that takes a server away from a runner, which has sessions of it',
    tests: ['edge/core/control-link.test.ts'],
  },
  'F-585': {
    fault: 'somebody uses up the quota of a day at each isolate, or again after a deploy',
    tests: ['edge/core/quotas.test.ts', 'edge/http/limits.test.ts', 'contract/access.ts'],
  },
  'F-586': {
    fault:
      'a traced call with a large message: the edge kept the whole of it until its stream ended',
    tests: ['edge/core/traced-call.test.ts'],
  },
  'F-587': {
    fault: 'the fleet is away for half a minute: an isolate told no records and figures any more',
    tests: ['edge/hosts/cloudflare/record-mail.test.ts'],
  },
  'F-588': {
    fault: 'wrong keys from a network kept out the runners there that had joined',
    tests: ['edge/http/limits.test.ts', 'edge/http/junk-keys.test.ts'],
  },
  'F-589': {
    fault: 'figures that a full disk could not take closed every control link',
    tests: ['edge/core/fleet-figures.test.ts', 'edge/hosts/node/fleet-actor.test.ts'],
  },
  'F-426': {
    fault: 'a strict OAuth client, and an answer whose issuer was changed',
    tests: ['e2e/sign-in-peers.test.ts'],
  },
  'F-427': {
    fault: 'the official conformance suite for authorization servers',
    tests: ['e2e/sign-in-peers.test.ts'],
  },
  'F-428': {
    fault: 'a client on the command line with a browser callback of its own',
    tests: ['e2e/sign-in-peers.test.ts'],
  },
  'F-429': {
    fault: 'the apps that people connect, each with its own ways',
    tests: ['e2e/sign-in-apps.test.ts'],
  },
  'F-430': {
    fault: 'an app has overheard the session id of another app of the same person',
    tests: ['e2e/sign-in-apps.test.ts'],
  },
  'F-431': {
    fault: 'two refreshes at once, of which the client keeps the first answer',
    tests: ['e2e/sign-in-apps.test.ts'],
  },
  'F-432': {
    fault: 'the address of a document leads to this network, or elsewhere',
    tests: ['edge/hosts/node/outside.test.ts', 'edge/hosts/cloudflare/outside.test.ts'],
  },
  'F-433': {
    fault: 'somebody else than the owner administers access, or a browser page does',
    tests: ['edge/http/oauth/grants.test.ts', 'e2e/sign-in.test.ts'],
  },

  'F-570': {
    fault:
      'an identity provider says of a person what has no fit form, or more than there is room for',
    tests: ['edge/access/told-person.test.ts'],
  },
  'F-571': {
    fault: 'an edge tells of a person in no fit form, or of another than the principal',
    tests: ['shared/person.test.ts'],
  },

  'F-572': {
    fault:
      'a config by which one person could get what is kept for another, or what people call themselves would be a path or code',
    tests: ['runner/config/per-user.test.ts'],
  },
  'F-573': {
    fault:
      'what a process is to get of its person is missing, open to others, no plain file, no text, or nobody is known',
    tests: [
      'runner/person-file.test.ts',
      'runner/core/idle-processes.test.ts',
      'runner/sessions/per-user.test.ts',
      'runner/cli.test.ts',
      'shared/person.test.ts',
      'e2e/per-user.test.ts',
    ],
  },
  'F-574': {
    fault:
      'sessions of several people come, leave and end in any order, and their secrets change meanwhile',
    tests: ['runner/core/idle-processes.test.ts', 'runner/sessions/per-user.test.ts'],
  },
  'F-575': {
    fault:
      'two people use a server with secrets of their own, in sessions of all eras that come and go side by side',
    tests: ['e2e/per-user.test.ts', 'e2e/per-user.long.test.ts'],
  },
  'F-576': {
    fault: 'a variable of a server is called like something that every object has',
    tests: ['runner/config/any-name.test.ts'],
  },
  'F-577': {
    fault:
      'the system takes the name of one person for that of another where it is a part of a path',
    tests: ['runner/person-file.test.ts'],
  },

  // Audit
  'F-450': {
    fault: 'a client sends its key in X-API-Key, or two different credentials',
    tests: ['edge/access/credentials.test.ts'],
  },
  'F-451': {
    fault:
      'clients need no key, and no host is listed, so any page could have its name resolved to the edge',
    tests: ['edge/settings.test.ts'],
  },
  'F-452': {
    fault: 'a page of another site loads an endpoint without CORS, so there is no Origin',
    tests: ['edge/http/origin.test.ts'],
  },
  'F-453': {
    fault: 'other users of the machine, and processes of another user, call a local bridge',
    tests: ['e2e/start.test.ts', 'e2e/dev.test.ts', 'runner/dev/options.test.ts'],
  },
  'F-454': {
    fault:
      'a client, a leaked key or an edge in the wrong hands asks for what the runner forbids, in any spelling',
    tests: ['runner/core/policy.test.ts', 'simulation/simulation.test.ts', 'e2e/policy.test.ts'],
  },
  'F-455': {
    fault: 'one message of a batch, or a notification, is forbidden',
    tests: ['runner/core/policy.test.ts'],
  },
  'F-456': {
    fault: 'a list names tools that nobody may call',
    tests: ['runner/core/policy.test.ts', 'e2e/policy.test.ts'],
  },
  'F-457': {
    fault:
      'a call cannot be found in the record: two share an id, or its tool and client are not named',
    tests: ['runner/core/session.test.ts'],
  },
  'F-458': {
    fault:
      'afterwards nobody can say who called what, or the record grows, or it tells what was said',
    tests: ['edge/core/record.test.ts', 'edge/http/recorded-post.test.ts', 'e2e/record.test.ts'],
  },
  'F-530': {
    fault:
      'a client asks for what the policy of the edge does not allow it: in any spelling, in a batch, under a header that lies',
    tests: ['edge/core/policy.test.ts', 'edge/http/policy.test.ts'],
  },
  'F-531': {
    fault: 'an app needs more scopes than it was granted, or more than its person may have',
    tests: ['edge/core/policy.test.ts', 'edge/http/policy.test.ts'],
  },
  'F-532': {
    fault:
      'a policy is set while everything runs, is broken, or cannot be read from the actor that keeps it',
    tests: ['edge/http/policy.test.ts', 'edge/http/expiry.test.ts'],
  },
  'F-534': {
    fault: 'a policy is set that shuts out somebody who has sessions, streams and calls open',
    tests: [
      'edge/core/policy-change.test.ts',
      'edge/http/oauth/foreign-tokens.test.ts',
      'e2e/edge-policy.test.ts',
    ],
  },
  'F-535': {
    fault: 'many come at once while nothing of an issuer is known yet, or with a key that is new',
    tests: ['edge/http/oauth/kept-documents.test.ts', 'edge/http/oauth/foreign-tokens.test.ts'],
  },
  'F-536': {
    fault: 'the access token of a company provider is as long as its groups are many',
    tests: ['edge/http/oauth/foreign-tokens.test.ts'],
  },
  'F-537': {
    fault: 'the owner cannot see in the record which rule of the policy refused a call',
    tests: ['edge/http/policy.test.ts'],
  },
  'F-538': {
    fault: 'a setting has a key twice, or one that readers of JSON leave out without a word',
    tests: ['edge/settings.test.ts', 'edge/identity-settings.test.ts'],
  },
  'F-459': {
    fault:
      'one network guesses keys, one principal asks, sends or opens as fast as it can, or somebody asks for the health all the time',
    tests: ['edge/core/rates.test.ts', 'edge/http/limits.test.ts'],
  },
  'F-460': {
    fault: 'somebody else than the owner asks an edge what it recorded',
    tests: ['e2e/audit.test.ts'],
  },
  'F-520': {
    fault: 'somebody who must be let in no more has grants, codes, tokens or open streams',
    tests: ['edge/core/people.test.ts', 'edge/http/oauth/blocked.test.ts'],
  },
  'F-521': {
    fault:
      'an access token of another issuer comes: of a stranger, for a sibling, an ID token, unsigned, or signed with a trick',
    tests: ['edge/http/oauth/foreign-tokens.test.ts', 'edge/identity-settings.test.ts'],
  },
  'F-522': {
    fault: 'an issuer changes its keys, takes one back, is out of reach, or names somebody else',
    tests: ['edge/http/oauth/foreign-tokens.test.ts', 'edge/hosts/node/provider.test.ts'],
  },
  'F-523': {
    fault: 'somebody signs in elsewhere who is not on the list, or only looks as if',
    tests: ['edge/access/allow-list.test.ts', 'edge/identity-settings.test.ts'],
  },
  'F-524': {
    fault:
      'an identity provider refuses, is out of reach, is set up wrongly, or answers for somebody else',
    tests: ['edge/http/oauth/provider-login.test.ts'],
  },
  'F-525': {
    fault:
      'a browser comes back from an identity provider twice, late, in place of another, or without having left',
    tests: ['edge/http/oauth/provider-login.test.ts', 'edge/core/journeys.test.ts'],
  },
  'F-526': {
    fault: 'the list of who may sign in changes while people are signed in',
    tests: ['edge/http/oauth/provider-login.test.ts'],
  },
  'F-527': {
    fault: 'a person of a real provider is refused, gives up, or is blocked while much is open',
    tests: ['e2e/identity-provider.test.ts'],
  },
  'F-528': {
    fault:
      'tokens of a real provider come to a sibling, changed, under a new key, while it is away, or after the list changed',
    tests: ['e2e/identity-provider.test.ts'],
  },
  'F-640': {
    fault: 'an edge is in trouble, and its console does not say so, or not what to do',
    tests: [
      'edge/core/state-words.test.ts',
      'edge/core/record.test.ts',
      'e2e/console.test.ts',
      'e2e/console-pages.long.test.ts',
    ],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-641': {
    fault:
      'somebody gets into the console who has no key, or another site acts in the name of its owner',
    tests: ['edge/http/console/console.test.ts'],
  },
  'F-642': {
    fault:
      'names of tools, clients and servers are HTML, scripts or control characters, and are shown in the console and in a terminal',
    tests: ['edge/http/console/views.test.ts', 'e2e/console-pages.long.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-643': {
    fault:
      'somebody reads the console without scripts, without colours, by keyboard, or on a narrow screen',
    tests: [
      'edge/http/console/views.test.ts',
      'e2e/console.test.ts',
      'e2e/console-pages.long.test.ts',
    ],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-644': {
    fault: 'a tool changes its description, its schema or its name behind its users',
    tests: [
      'edge/core/seen-tools.test.ts',
      'edge/http/console/tools.test.ts',
      'e2e/console-pages.long.test.ts',
    ],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-645': {
    fault: 'a sign-in stops half-way, and nobody knows where',
    tests: ['edge/core/sign-in-trail.test.ts', 'e2e/console.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-646': {
    fault:
      'a tool is tried in the console: a strange schema, wrong arguments, an image that is none, an error',
    tests: ['edge/http/console/try.test.ts', 'e2e/console-pages.long.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-647': {
    fault: 'ten thousand calls are made while somebody watches them',
    tests: ['e2e/console-load.long.test.ts'],
    missing: 'Only Chromium is tried, and only where the machine has one.',
  },
  'F-648': {
    fault:
      'somebody runs the bridge on one machine and cannot open its console, or its key is seen, or a page of the machine uses it',
    tests: ['e2e/up.test.ts'],
  },
  'F-649': {
    fault:
      'calls of a server become slow or fail, and its console shows how they went since the edge was made, or nothing',
    tests: [
      'edge/core/recent-calls.test.ts',
      'edge/core/state-words.test.ts',
      'edge/http/metrics.test.ts',
      'edge/http/console/views.test.ts',
      'e2e/console.test.ts',
    ],
    missing: 'What a server itself answers as an error is counted at its runner alone.',
  },
  'F-99': {
    fault: 'what happened is not recorded, or the record holds what it must not',
    tests: ['edge/core/log.test.ts'],
  },

  // What clients see of tools
  'F-750': {
    fault: 'a member of a virtual server cannot start, or none can',
    tests: [
      'runner/virtual/legacy-clients.test.ts',
      'runner/virtual/modern-clients.test.ts',
      'e2e/virtual-faults.test.ts',
    ],
  },
  'F-751': {
    fault: 'a member of a virtual server ends while calls run',
    tests: [
      'runner/virtual/legacy-clients.test.ts',
      'runner/virtual/modern-clients.test.ts',
      'e2e/virtual-faults.test.ts',
    ],
  },
  'F-752': {
    fault: 'a member of a virtual server answers late, or nothing at all',
    tests: ['runner/virtual/legacy-clients.test.ts', 'e2e/virtual-stopped.long.test.ts'],
  },
  'F-753': {
    fault: 'a member of a virtual server is not running, and lists something else once it is',
    tests: [
      'runner/virtual/legacy-clients.test.ts',
      'runner/virtual/modern-clients.test.ts',
      'e2e/virtual-faults.test.ts',
    ],
  },
  'F-754': {
    fault: 'a member of a virtual server does not read its stdin',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-755': {
    fault:
      'a virtual server with unknown members, with a taken or an impossible name, or in another',
    tests: ['runner/config/virtual.test.ts'],
  },
  'F-756': {
    fault: 'two members of a virtual server give their tasks the same ids',
    tests: ['runner/virtual/legacy-clients.test.ts', 'e2e/virtual-faults.test.ts'],
  },
  'F-757': {
    fault: 'a member of a virtual server has pinned tools, and lists another',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-758': {
    fault: 'no member of a virtual server answers for a while',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-900': {
    fault:
      'a member alone that ends while its client is asked, and whose next process asks under the same id',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-901': {
    fault: 'a member alone whose lists are others when it starts again',
    tests: ['runner/virtual/legacy-clients.test.ts', 'simulation/virtual-mutants.test.ts'],
  },
  'F-902': {
    fault: 'a subscription to a resource that no list names, and its member starts again',
    tests: ['runner/virtual/legacy-clients.test.ts', 'simulation/virtual-mutants.test.ts'],
  },
  'F-904': {
    fault:
      'a question of a member that is gone is taken back under an id that its client does not know',
    tests: ['runner/virtual/legacy-clients.test.ts', 'simulation/virtual-mutants.test.ts'],
  },
  'F-905': {
    fault: 'a 2026-07-28 client listens to a resource while the member that has it stands still',
    tests: ['runner/virtual/modern-clients.test.ts', 'simulation/virtual-mutants.test.ts'],
  },
  'F-906': {
    fault:
      'a member ends in a call whose stream has its question: the answer to the call would be the last there',
    tests: ['runner/virtual/legacy-clients.test.ts', 'simulation/virtual-mutants.test.ts'],
  },
  'F-907': {
    fault: 'two members have one name, and the list of the first is not known when it is called',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-908': {
    fault: 'a member speaks or asks while its only call is cancelled and not over',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-991': {
    fault: 'a client calls a virtual server in a session that it has not initialized',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-997': {
    fault:
      'a client asks for the first page of a list while all its pages are read to find whose a name is',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-1100': {
    fault:
      'a client lists tools while a member owes the answer to another question, and the member goes on',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-1160': {
    fault: 'a client is shown a list without a member that has too much to do to be asked',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-1161': {
    fault: 'large calls of a virtual server that wait until it is known what its members list',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-1162': {
    fault:
      'a member that was away comes back with a tool of the name under which the client was shown that of another',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-1163': {
    fault:
      'a client lists tools while a member that started again owes another answer: it is shown what its earlier process listed',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-1133': {
    fault:
      'calls of a virtual server that wait for a list: each had every member list everything once more, two thousand times for a client that cancels what it calls',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-998': {
    fault:
      'the list that has a name changes while another member is waited for to find whose it is',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-992': {
    fault: 'a member that lists in pages starts, after its whole list was shown from memory',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-994': {
    fault: 'a schema refers to the property of an argument that the config fixes',
    tests: ['runner/core/tool-view.test.ts'],
  },
  'F-993': {
    fault: 'a member fails while a client reads on in its list, and a later member answers',
    tests: ['runner/virtual/legacy-clients.test.ts'],
  },
  'F-1141': {
    fault:
      'a member of a virtual server asks in its answer, and another lists that name before the client sends the call again',
    tests: ['runner/virtual/modern-clients.test.ts'],
  },
  'F-1040': {
    fault:
      'streams are kept alive more seldom, and a listener that shares its session outlives its right by that',
    tests: ['edge/http/expiry.test.ts'],
  },
  'F-990': {
    fault:
      'a session has shown a list from memory, another session learns that it changed, and then the member of the first starts',
    tests: ['runner/virtual/legacy-clients.test.ts', 'runner/virtual/modern-clients.test.ts'],
  },
  'F-810': {
    fault: 'a call of a virtual server is cancelled before it is decided which member has it',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-811': {
    fault:
      'a client of a virtual server asks a member that does not take it for more than may wait',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-812': {
    fault: 'the call for which pinned tools are listed is cancelled, and another comes',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-813': {
    fault: 'a list of a member is too long to be remembered, or its cursor is of another session',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-814': {
    fault: 'a principal opens a virtual server of which another has learned the lists',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-815': {
    fault: 'a subscription names more resources than are watched',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-816': {
    fault: 'a member of a virtual server lists more than a list may have',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-817': {
    fault: 'a member of a virtual server asks something while it starts',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-818': {
    fault: 'a client says again and again that it is initialized, to a server at a URL',
    tests: ['runner/translate/remote/remote-session.test.ts'],
  },
  'F-819': {
    fault: 'a server at a URL ends its streams at once, and wants them opened again at once',
    tests: ['runner/translate/remote/remote-session.test.ts'],
  },
  'F-820': {
    fault:
      'a server at a URL never ends a response that nobody reads, or never answers a notification',
    tests: ['runner/translate/remote/remote-session.test.ts'],
  },
  'F-821': {
    fault: 'a member of a virtual server prints what it got of its person',
    tests: ['runner/sessions/per-user.test.ts'],
  },
  'F-910': {
    fault: 'two sessions with one virtual server whose ids and progress tokens are all 1',
    tests: ['e2e/virtual-sessions.test.ts'],
  },
  'F-911': {
    fault: 'a member of a virtual server is killed while calls of it and of others run',
    tests: ['e2e/virtual-restarts.long.test.ts'],
  },
  'F-912': {
    fault: 'a member of a virtual server stands still while calls run, and goes on',
    tests: ['e2e/virtual-restarts.long.test.ts'],
  },
  'F-913': {
    fault: 'a member at a URL is killed while calls run, and is started again later',
    tests: ['e2e/virtual-restarts.long.test.ts'],
  },
  'F-914': {
    fault:
      'headers that repeat names and arguments of a member’s tools: renamed, prefixed, and set by the config at any place',
    tests: ['e2e/virtual-headers.test.ts'],
  },
  'F-915': {
    fault: 'a member cannot be started for a while, and 2026-07-28 clients listen to it',
    tests: ['runner/virtual/modern-clients.test.ts'],
  },
  'F-916': {
    fault: 'something is forbidden for one member of a virtual server, and wanted of another',
    tests: ['runner/virtual/forbidden.test.ts'],
  },
  'F-917': {
    fault: 'a member’s tool is called under a name, or by somebody, for which it is forbidden',
    tests: ['e2e/virtual-policy.test.ts'],
  },
  'F-918': {
    fault: 'pinned tools of a member change in mid-session and between two starts',
    tests: ['e2e/virtual-pins.test.ts'],
  },
  'F-919': {
    fault:
      'a member cannot be started, time and again, and 2026-07-28 clients are told of its tools',
    tests: ['runner/virtual/modern-clients.test.ts'],
  },
  'F-770': {
    fault:
      'renamed and newly described tools: lists and calls, byte for byte where nothing is changed',
    tests: ['runner/core/tool-view.test.ts', 'e2e/tool-view.test.ts'],
  },
  'F-771': {
    fault: 'a tool gets the name that another of the server has',
    tests: ['runner/core/tool-view.test.ts'],
  },
  'F-772': {
    fault:
      'an argument that the config fixes: not asked for, put in, and refused from clients in any spelling',
    tests: ['runner/core/tool-view.test.ts', 'e2e/tool-view.test.ts'],
  },
  'F-773': {
    fault:
      'mistakes in the rules for tools: the same name twice, rules by new names, rules for forbidden tools',
    tests: ['runner/config/tool-rules.test.ts'],
  },
  'F-774': {
    fault: 'an argument that the config fixes and a header is to repeat',
    tests: ['runner/translate/tool-headers.test.ts', 'e2e/tool-view.test.ts'],
  },
  'F-775': {
    fault:
      'calls before the tools are known: they wait, in order and within bounds, and go nowhere if the tools stay unknown',
    tests: ['runner/core/tool-catalogue.test.ts'],
  },
  'F-776': {
    fault:
      'a definition of a tool written otherwise, or that readers of JSON take differently; what lock files hold',
    tests: ['runner/core/pins.test.ts'],
  },
  'F-777': {
    fault: 'text of a tool that hides something: bidi controls, no width, tags, lookalikes',
    tests: ['runner/core/shown-text.test.ts', 'runner/core/pins.test.ts'],
  },
  'F-778': {
    fault:
      'a tool that changes between two starts, and one that comes in mid-session, behind the back of who let them in',
    tests: ['e2e/pins.test.ts'],
  },
  'F-779': {
    fault: 'a lock file that is spoilt, removed, changed by somebody else, or cannot be written',
    tests: ['runner/pin-file.test.ts', 'runner/commands/pins.test.ts'],
  },
  'F-780': {
    fault:
      'tools that fill a model’s context, and rules that fit no tool: their sizes are told, for people and programs',
    tests: [
      'shared/tool-size.test.ts',
      'runner/commands/tools.test.ts',
      'edge/http/console/tools.test.ts',
    ],
  },
  'F-846': {
    fault:
      'a server changes a tool between the look of a person at what is held back and their word that lets it in',
    tests: ['runner/core/pins.test.ts', 'runner/commands/pins.test.ts'],
  },
  'F-847': {
    fault:
      'a virtual server of which a member does not start, or two have a tool of the same name: mcp-bridge tools says so',
    tests: ['runner/commands/tools.test.ts'],
  },
  'F-785': {
    fault:
      'tools that are searched: pages, ties, changes that are told or not, words in every script, a list that never comes',
    tests: [
      'runner/core/tool-index.test.ts',
      'runner/core/tool-search.test.ts',
      'e2e/discovery.test.ts',
    ],
  },
  'F-786': {
    fault:
      'hostile tools that are searched: the names of the bridge’s own, words that pass for its own, lists and queries of any size',
    tests: ['runner/core/tool-index.test.ts', 'runner/core/tool-search.test.ts'],
  },
  'F-787': {
    fault:
      'a tool that may not be called, or is held back, is called by way of another, or found: rules, pins and the policy of the edge hold',
    tests: [
      'runner/core/tool-search.test.ts',
      'edge/core/inner-call.test.ts',
      'e2e/discovery.test.ts',
    ],
  },
  'F-788': {
    fault: 'a call by way of another tool, whose arguments its headers cannot repeat',
    tests: [
      'runner/core/tool-search.test.ts',
      'runner/translate/tool-headers.test.ts',
      'e2e/discovery.test.ts',
    ],
  },
  'F-789': {
    fault: 'a record that names the tool that calls others, and not the one that was called',
    tests: ['edge/core/inner-call.test.ts', 'e2e/discovery.test.ts'],
  },
  'F-980': {
    fault:
      'whoever may not use tools/list learns the names of tools by a search, or by a call of what there is not',
    tests: ['runner/core/tool-search.test.ts', 'edge/core/inner-call.test.ts'],
  },
  'F-981': {
    fault:
      'a server changes its tools all the time, and a client searches each time: all of them would be indexed anew, which stops everybody',
    tests: ['runner/core/tool-index.test.ts'],
  },
  'F-982': {
    fault:
      'a server lists definitions that are too large to be shown: a look at what is held back counts as one at them',
    tests: ['runner/commands/pins.test.ts'],
  },
  'F-849': {
    fault:
      'a server that is searched says a megabyte of itself: each result of a search would have it',
    tests: ['runner/core/tool-search.test.ts'],
  },
  'F-983': {
    fault:
      'a member of a virtual server that is searched is down: a call of its tools is told that there are none, and not why',
    tests: ['runner/core/tool-search.test.ts'],
  },

  'F-822': {
    fault: 'many principals open virtual servers with long lists',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-823': {
    fault: 'a member of a virtual server refuses a request of no revision for what is in it',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-824': {
    fault: 'a client of a virtual server subscribes with very large requests',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-825': {
    fault:
      'a pinned definition in which thousands of sentences have changed: nobody waits for the difference',
    tests: ['runner/core/pins.test.ts'],
  },
  'F-826': {
    fault:
      'a lock file that is removed while sessions go on, or a first list that fails: the next list pins, and nothing is held back for good',
    tests: ['runner/pin-file.test.ts', 'runner/core/tool-catalogue.test.ts'],
  },
  'F-827': {
    fault:
      'a process that never answers when the runner lists its tools, and lives: later calls ask again',
    tests: ['runner/core/tool-catalogue.test.ts'],
  },
  'F-828': {
    fault:
      'a server that lists tools without end, or always others: memory, the lock file and the time to write it stay bounded',
    tests: ['runner/core/tool-catalogue.test.ts', 'runner/pin-file.test.ts'],
  },
  'F-829': {
    fault: 'tools under a key like "tools", and definitions with a key twice in their depths',
    tests: ['runner/core/tool-catalogue.test.ts', 'runner/core/pins.test.ts'],
  },
  'F-830': {
    fault: 'an edge that is to move to a domain that the account does not have',
    tests: ['e2e/deploy-domain.long.test.ts'],
  },
  'F-831': {
    fault:
      'a server that starts, and fails when it is asked for its tools: mcp-bridge tools says so',
    tests: ['runner/commands/tools.test.ts'],
  },
  'F-832': {
    fault:
      'what a killed program has left beside a file that is replaced, by a program of the same process id',
    tests: ['runner/config/file-text.test.ts'],
  },

  // Sessions that share a process
  'F-870': {
    fault:
      'sessions at one process that use the same ids, progress tokens and subscriptions, and name those of others',
    tests: [
      'runner/seats/hub.test.ts',
      'runner/seats/hub-fuzz.test.ts',
      'e2e/shared-processes.test.ts',
    ],
  },
  'F-871': {
    fault:
      'a process that several sessions greet: it refuses, is slow, is of both eras, or a client asks for an old revision',
    tests: [
      'runner/sessions/shared-processes.test.ts',
      'runner/seats/hub.test.ts',
      'runner/seats/seating.test.ts',
    ],
  },
  'F-872': {
    fault: 'a shared process asks for what only one client could answer, or a client for a task',
    tests: ['runner/seats/hub.test.ts', 'e2e/shared-processes.test.ts'],
  },
  'F-873': {
    fault: 'sessions at one process set different log levels, and leave',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-874': {
    fault: 'a shared process says what names no session',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-875': {
    fault:
      'sessions at one process subscribe to the same resources, to parts, to too many, and leave',
    tests: ['runner/seats/hub.test.ts', 'runner/seats/watched-resources.test.ts'],
  },
  'F-876': {
    fault: 'a session leaves a shared process with requests in flight',
    tests: [
      'runner/sessions/shared-processes.test.ts',
      'runner/seats/hub.test.ts',
      'e2e/shared-processes.test.ts',
    ],
  },
  'F-877': {
    fault: 'a shared process does not read, hangs, or prints a line that is too long',
    tests: [
      'runner/sessions/shared-processes.test.ts',
      'runner/seats/hub.test.ts',
      'runner/seats/seating.test.ts',
    ],
  },
  'F-878': {
    fault: 'clients of every kind, and of two principals, at one process of every kind',
    tests: ['e2e/shared-processes.test.ts'],
  },
  'F-879': {
    fault:
      'kill -9 of a shared process in the middle of calls, and a client of one that reads nothing',
    tests: [
      'runner/sessions/shared-processes.test.ts',
      'e2e/shared-processes.test.ts',
      'runner/seats/seating.test.ts',
    ],
  },
  'F-880': {
    fault: 'more sessions than the processes of a server may have',
    tests: ['runner/sessions/shared-processes.test.ts', 'runner/seats/seating.test.ts'],
  },
  'F-881': {
    fault: 'a process that hundreds of sessions share, to be told to the owner who looks',
    tests: ['edge/http/console/views.test.ts', 'runner/core/told-running.test.ts'],
  },
  'F-882': {
    fault:
      'a session of a shared process names the request of another in a member that only a lax reader takes for the id, the token, the level or the URI',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-883': {
    fault: 'a shared process goes on with a request that was given up, and logs what it does',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-884': {
    fault: 'a client tells a shared process by a notification of its own what it means for itself',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-885': {
    fault: 'sessions that watch many resources end while their shared process does not read',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-886': {
    fault: 'a process shared by the sessions of one principal talks when none of them is left',
    tests: ['runner/seats/hub.test.ts'],
  },
  'F-887': {
    fault: 'an operator looks at who shares a server at a URL, which has no process id',
    tests: ['runner/sessions/shared-processes.test.ts'],
  },
  'F-888': {
    fault: 'sessions share processes that have something of a person, or that were started ahead',
    tests: ['runner/sessions/shared-pool.test.ts'],
  },
  'F-889': {
    fault: 'sessions at one process watch so many resources that its updates stop the runner',
    tests: ['runner/seats/watched-resources.test.ts'],
  },

  // Servers at a URL
  'F-840': {
    fault: 'A person who looks at their own apps has the grants of everybody read',
    tests: ['edge/core/access.test.ts'],
  },
  'F-841': {
    fault:
      'A deploy ends what a person has open who is in more groups than are kept, and of whom it says nothing new',
    tests: ['edge/access/let-in.test.ts'],
  },
  'F-842': {
    fault:
      'A body goes on with something else after it gave a piece, and is waited for without an end',
    tests: ['edge/hosts/node/http-server.test.ts'],
  },
  'F-843': {
    fault:
      'A person opens as many live streams of the console as they like, and each has the fleet looked at',
    tests: ['edge/core/open-streams.test.ts', 'edge/http/console/people.test.ts'],
  },
  'F-844': {
    fault: 'The client of a person who ended a session is told that the operator did',
    tests: ['edge/core/state-words.test.ts'],
  },
  'F-790': {
    fault:
      'an entry with a URL, as some fifteen programs write it; whatever transport stands there',
    tests: [
      'runner/config/http-source.test.ts',
      'runner/translate/remote/remote-session.test.ts',
      'runner/remote/remote-process.test.ts',
      'e2e/http-members.long.test.ts',
      'e2e/http-members.test.ts',
    ],
  },
  'F-791': {
    fault:
      'credentials that would go to another origin, by a redirect or an endpoint, or into a log',
    tests: [
      'runner/config/http-source.test.ts',
      'runner/translate/remote/remote-session.test.ts',
      'runner/remote/remote-process.test.ts',
    ],
  },
  'F-792': {
    fault: 'a server that speaks HTTP+SSE alone, under a type that does not say so',
    tests: [
      'runner/translate/remote/remote-session.test.ts',
      'runner/remote/remote-process.test.ts',
    ],
  },
  'F-793': {
    fault: 'a stream of a server that breaks, with and without ids to go on from',
    tests: [
      'runner/translate/remote/remote-session.test.ts',
      'runner/remote/remote-process.test.ts',
    ],
  },
  'F-794': {
    fault: 'a server that is killed and started again, and knows no session any more',
    tests: [
      'runner/translate/remote/remote-session.test.ts',
      'runner/remote/remote-process.test.ts',
      'e2e/http-members.test.ts',
    ],
  },
  'F-795': {
    fault: 'a server that is not there, wants other credentials, or answers with anything but MCP',
    tests: [
      'runner/translate/remote/remote-session.test.ts',
      'runner/remote/remote-process.test.ts',
      'runner/check/remote.test.ts',
      'e2e/http-members.test.ts',
    ],
  },
  'F-796': {
    fault: 'a server of 2026-07-28 at a URL: headers that repeat the body, also arguments of tools',
    tests: ['runner/translate/remote/remote-session.test.ts', 'e2e/http-members.test.ts'],
  },
  'F-797': {
    fault: 'a server that answers with more than fits, or floods',
    tests: ['runner/remote/remote-process.test.ts'],
  },
  'F-798': {
    fault: 'a server that takes a request and never answers, or not the end of its session',
    tests: ['runner/remote/remote-process.test.ts'],
  },
  'F-941': {
    fault:
      'a session comes to a shared process that hangs, before anybody has given up a call to it',
    tests: [
      'runner/seats/hub.test.ts',
      'runner/seats/seating.test.ts',
      'runner/sessions/shared-processes.test.ts',
    ],
  },
  'F-942': {
    fault:
      'a session comes to a shared process that lives, while a start is tried after others of its server failed',
    tests: ['runner/core/breakers.test.ts', 'runner/sessions/shared-processes.test.ts'],
  },
  'F-1150': {
    fault:
      'a worker that knows nothing yet of a deploy with fewer scopes for a person lets a session open by the old ones',
    tests: ['edge/access/let-in.test.ts'],
  },
  'F-940': {
    fault:
      'a deploy takes away, adds or moves one of two lists of one issuer, by which people sign in and by which its tokens are accepted, and leaves fewer scopes, or not',
    tests: ['edge/access/let-in.test.ts'],
  },
  'F-930': {
    fault:
      'somebody watches what runs on a machine that is somewhere else: a thousand processes, ones that come and go, a page that stays open for days, a runner of an older version',
    tests: [
      'runner/core/told-running.test.ts',
      'edge/core/control-link.test.ts',
      'e2e/running-console.test.ts',
    ],
  },
  'F-937': {
    fault:
      'a second deploy comes seconds after one that took something away, before every worker of the time before it is gone',
    tests: ['edge/access/let-in.test.ts'],
  },
  'F-936': {
    fault: 'a client reads a list of hundreds of pages at one member of a virtual server',
    tests: ['runner/virtual/bounds.test.ts'],
  },
  'F-935': {
    fault:
      'a tool with an argument that the config fixes, whose schema has references: to one place, to several, in a ring, to nowhere',
    tests: ['runner/core/tool-view.test.ts'],
  },
  'F-848': {
    fault:
      'a tool with an argument that the config fixes, whose schema has ten thousand references: all would be compared with each, while everybody waits',
    tests: ['runner/core/tool-view.test.ts'],
  },
  'F-984': {
    fault:
      'a tool with an argument that the config fixes, whose schema refers to a part of itself that is looked at anyway: the runner would end',
    tests: ['runner/core/tool-view.test.ts'],
  },
  'F-934': {
    fault: 'an edge was moved to a domain, and is to go back to the address that it had',
    tests: ['e2e/deploy-domain.long.test.ts'],
  },
  'F-933': {
    fault:
      'a deploy leaves a person fewer scopes than those by which something of theirs is open: a stream, a call, a session',
    tests: ['edge/access/let-in.test.ts', 'e2e/identity-provider.test.ts'],
  },
  'F-932': {
    fault: 'somebody opens the console of an edge that can have none, whatever the reason',
    tests: ['edge/http/console/no-console.test.ts'],
  },
  'F-931': {
    fault: 'a server fails that no client knows by its name, since it is only a member of another',
    tests: [
      'edge/core/control-link.test.ts',
      'edge/core/state-words.test.ts',
      'e2e/running-console.test.ts',
    ],
  },
  'F-950': {
    fault:
      'many sessions are opened beside calls while the disk is busy, and workerd syncs four times for each',
    tests: ['runner/dev/memory-folder.test.ts'],
  },
};

/** Every row there is, group by group, so that none can be left out above. */
export const FAULT_IDS: readonly string[] = [
  'F-01 F-02 F-03 F-04 F-05 F-06 F-07 F-09',
  'F-11 F-12 F-13 F-15 F-16 F-17 F-19 F-19b F-20 F-21 F-22',
  'F-23 F-24 F-25 F-27 F-28',
  'F-30 F-31 F-32 F-34 F-35 F-36 F-37 F-39',
  'F-40 F-41 F-43 F-45 F-46 F-47 F-48 F-49',
  'F-50 F-51 F-52 F-54 F-55 F-56 F-58 F-59 F-60 F-61 F-62',
  'F-150 F-151 F-152',
  'F-64 F-66 F-67 F-68 F-69 F-69b',
  'F-70 F-71 F-73 F-75 F-76 F-77 F-78 F-79 F-130 F-131 F-132 F-133 F-134 F-135 F-136 F-137',
  'F-80 F-81 F-82 F-83 F-84',
  'F-240 F-241 F-242 F-243 F-244 F-245 F-246 F-247 F-248 F-249 F-250 F-251 F-252 F-253 F-254',
  'F-350 F-351 F-352',
  'F-360 F-361 F-362 F-363 F-364 F-365 F-366',
  'F-87 F-88 F-89 F-90 F-91 F-92',
  'F-94 F-95 F-99',
  'F-180 F-181 F-182 F-183 F-184 F-185 F-186 F-187 F-188 F-189 F-190 F-191 F-192',
  'F-160 F-161 F-162 F-163 F-164 F-165 F-166 F-167 F-168 F-169',
  'F-110 F-111 F-112 F-113 F-1140 F-114 F-115 F-116 F-117 F-118 F-119 F-120 F-121 F-122',
  'F-610 F-611 F-612 F-613 F-614 F-615 F-616',
  'F-617 F-618 F-619 F-620 F-621 F-622 F-623 F-625',
  'F-220 F-221 F-222 F-223 F-224 F-225 F-226 F-227 F-228 F-229 F-230 F-231 F-232',
  'F-260 F-261',
  'F-270 F-271 F-272 F-1200 F-1201 F-1202 F-1203 F-1204 F-1205',
  'F-280 F-281 F-282 F-283',
  'F-290 F-291 F-292 F-293 F-294 F-295',
  'F-300',
  'F-305',
  'F-310',
  'F-400 F-401 F-402 F-403 F-404 F-405 F-406 F-407 F-408 F-409 F-410 F-411 F-412 F-413 F-414',
  'F-415 F-416 F-417 F-418 F-419 F-420 F-421 F-422 F-423 F-424 F-425 F-426 F-427 F-428 F-429 F-430 F-431',
  'F-432 F-433',
  'F-434',
  'F-520 F-521 F-522 F-523 F-524 F-525 F-526 F-527 F-528',
  'F-500 F-505 F-506 F-507 F-860',
  'F-540 F-541 F-542 F-543 F-544',
  'F-560 F-561',
  'F-660 F-661 F-662 F-663 F-664 F-665 F-666',
  'F-562 F-563 F-564',
  'F-890 F-891 F-892 F-893 F-894 F-895 F-896 F-897 F-898 F-899 F-1180',
  'F-985',
  'F-966',
  'F-1060',
  'F-1120 F-1121 F-1122 F-1123 F-1124',
  'F-330 F-331 F-332 F-333 F-334 F-335 F-336 F-337 F-1181',
  'F-1182 F-1183 F-1184 F-1185',
  'F-950',
  'F-1170 F-1171 F-1172 F-1173 F-1174 F-1175 F-1176 F-1177',
  'F-1040',
  'F-315 F-316 F-317 F-318 F-319 F-320 F-321 F-322 F-323 F-324 F-325',
  'F-340 F-341 F-342 F-343 F-344 F-345 F-346 F-347',
  'F-450 F-451 F-452 F-453 F-454 F-455 F-456 F-457 F-458 F-459 F-460',
  'F-530 F-531 F-532 F-534 F-535 F-536 F-537 F-538',
  'F-1130',
  'F-370 F-371 F-372 F-373 F-1221',
  'F-720 F-721 F-722 F-723 F-724',
  'F-640 F-641 F-642 F-643 F-644 F-645 F-646 F-647 F-648 F-649',
  'F-550 F-551 F-552 F-553 F-1131 F-1132 F-1192 F-1193 F-1194 F-1195 F-1191 F-1190',
  'F-600 F-601 F-1220 F-604 F-605 F-606 F-607 F-608 F-609',
  'F-730 F-731 F-732 F-733 F-735',
  'F-650 F-651 F-652 F-653 F-654',
  'F-580 F-581 F-582 F-583 F-584 F-585 F-586 F-587 F-588 F-589',
  'F-590 F-591',
  'F-700 F-702',
  'F-380',
  'F-930 F-931 F-932 F-933 F-934 F-935 F-936 F-937 F-984 F-848',
  'F-940 F-941 F-942 F-1150',
  'F-830 F-831 F-832',
  'F-710',
  'F-570 F-571 F-572 F-573 F-574 F-575 F-576 F-577',
  'F-630 F-631 F-632 F-633 F-634 F-635 F-636',
  'F-740 F-741 F-742 F-743 F-744 F-745 F-746',
  'F-200 F-201 F-202 F-203 F-204 F-205 F-206',
  'F-750 F-751 F-752 F-753 F-754 F-755 F-756 F-757 F-758',
  'F-900 F-901 F-902 F-904 F-905 F-906 F-907 F-908 F-990 F-991 F-997 F-998 F-1133 F-1100 F-1160 F-1161 F-1162 F-1163 F-992 F-994 F-993 F-1141',
  'F-770 F-771 F-772 F-773 F-774 F-775 F-776 F-777 F-778 F-779 F-780',
  'F-785 F-786 F-787 F-788 F-789 F-846 F-847 F-980 F-981 F-982 F-983 F-849',
  'F-840 F-841 F-842 F-843 F-844',
  'F-790 F-791 F-792 F-793 F-794 F-795 F-796 F-797 F-798',
  'F-810 F-811 F-812 F-813 F-814 F-815 F-816 F-817 F-818 F-819 F-820 F-821 F-822 F-823 F-824',
  'F-825 F-826 F-827 F-828 F-829',
  'F-910 F-911 F-912 F-913 F-914 F-915 F-916 F-917 F-918 F-919',
  'F-870 F-871 F-872 F-873 F-874 F-875 F-876 F-877 F-878 F-879 F-880 F-881',
  'F-882 F-883 F-884 F-885 F-886 F-887 F-888 F-889',
].flatMap((group) => group.split(' '));
