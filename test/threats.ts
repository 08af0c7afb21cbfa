// What somebody may try to get in, or to get at what others have, and which rows of faults.ts try it. threats.test.ts checks that each
// row is there and is tried.

export interface ThreatRow {
  /** What somebody tries. */
  readonly threat: string;
  /** What stands against it. */
  readonly control: string;
  /** Rows of faults.ts. */
  readonly faults: readonly string[];
  /** What no test covers, or why there is none. */
  readonly missing?: string;
}

export const THREAT_ROWS: Readonly<Record<string, ThreatRow>> = {
  T1: {
    threat: 'steals a code, or slips in one of his own',
    control: 'PKCE with S256; a code counts once, for 60 s, for its app, redirect and server',
    faults: ['F-408', 'F-416'],
  },
  T2: {
    threat: 'has the browser sent to an address of his, with the code or the key',
    control: 'nothing is redirected before app and URI are proved, and then with 303',
    faults: ['F-404', 'F-541'],
  },
  T3: {
    threat: 'puts markup into what an app says of itself, or the page into a frame',
    control: 'all of it is text; a policy without scripts and without frames',
    faults: ['F-407', 'F-541'],
  },
  T4: {
    threat: "sends another's consent, or one again",
    control: 'the form is sealed, bound to a cookie of this host, and counts once',
    faults: ['F-406', 'F-541'],
  },
  T5: {
    threat: 'passes off the answer of another authorization server',
    control: '`iss` in each answer (RFC 9207)',
    faults: ['F-426'],
  },
  T6: {
    threat: "has the edge ask an identity provider for somebody's consent to an app of his",
    control: 'consent comes first, and the cookie after it',
    faults: ['F-525'],
  },
  T7: {
    threat: 'signs somebody in as himself, or repeats an answer of an identity provider',
    control: 'state, nonce, PKCE and the cookie',
    faults: ['F-524', 'F-525'],
  },
  T8: {
    threat: 'shows a token for one server to another',
    control: 'a token is for one server',
    faults: ['F-411', 'F-418', 'F-521'],
  },
  T9: {
    threat: 'forges a token of another issuer',
    control: 'the issuer, the algorithms and the audience are those of the settings',
    faults: ['F-521', 'F-522'],
  },
  T10: {
    threat: 'steals a refresh token',
    control: 'it turns with each use, and a spent one ends the grant',
    faults: ['F-410', 'F-417', 'F-431'],
  },
  T11: {
    threat: "reaches the edge's own network by the address of a document",
    control: 'public addresses, no redirects, 5 s, 16 KiB',
    faults: ['F-415', 'F-432'],
  },
  T12: {
    threat: "uses a known app's name on the person's own machine",
    control: 'the page shows where the answer goes, and warns',
    faults: ['F-415'],
  },
  T13: {
    threat: 'registers apps without end',
    control: 'so many for each network; what has no grant goes first',
    faults: ['F-414', 'F-419'],
  },
  T14: {
    threat: 'guesses keys, codes and tokens',
    control: '256 random bits; wrong ones are limited for their network, right ones never',
    faults: ['F-413', 'F-419', 'F-459', 'F-583'],
  },
  T15: {
    threat: 'reads secrets in a log, a URL, a file, a frame or an environment',
    control: 'digests; nothing of a request but what the record names',
    faults: ['F-39', 'F-425', 'F-540'],
  },
  T16: {
    threat: 'goes on after his access was taken back',
    control: 'requests end within 30 s, what is open within 5 s',
    faults: ['F-36', 'F-411', 'F-505', 'F-507', 'F-520', 'F-526', 'F-582', 'F-584', 'F-700'],
  },
  T17: {
    threat: 'finds out which servers there are',
    control: 'metadata is the same for every name',
    faults: ['F-401'],
  },
  T18: {
    threat: 'makes the edge name another host in its metadata',
    control: '`BRIDGE_URL` alone says where the edge is',
    faults: ['F-402', 'F-32'],
  },
  T19: {
    threat: 'uses a session id that he overheard, with a token of his own',
    control: 'a session id is signed for its person, app and server',
    faults: ['F-25', 'F-422', 'F-430'],
  },
  T20: {
    threat: 'hides a tool that is forbidden from whoever judges, but not from the server',
    control:
      'one scanner reads what is judged; a key twice, in two cases, or unlike its header is refused',
    faults: ['F-20', 'F-454', 'F-455', 'F-456'],
  },
  T21: {
    threat: "gets the process, or the secret, that is another person's",
    control:
      'a process for each session; of 2026-07-28 clients, for each person and server; what was started with something of a person serves nobody else',
    faults: ['F-25', 'F-422', 'F-572', 'F-573', 'F-574', 'F-575', 'F-577'],
  },
  T22: {
    threat: "uses the operator's API, or has the owner's browser use it",
    control: "the owner's key as a bearer, no Origin, ten wrong keys a minute",
    faults: ['F-433', 'F-460', 'F-506'],
  },
  T23: {
    threat: 'nobody, but the edge is killed between any two steps',
    control: 'what was answered is on disk',
    faults: ['F-420', 'F-424'],
  },
  T24: {
    threat: 'nobody, but a client knows only the rules of 2025-03-26',
    control: 'metadata at the origin; without `resource` the only server',
    faults: ['F-423'],
  },
  T25: {
    threat: 'calls a tool that is forbidden, or held back, by way of one that calls others',
    control:
      'edge and runner read the inner name by one rule: the policy judges both names, the runner makes a plain call of it before its own rules and pins look',
    faults: ['F-787', 'F-789'],
  },
  T26: {
    threat: 'changes a tool between the look of a person and their word that lets it in',
    control: 'what was shown is noted by its digest; nothing else is let in',
    faults: ['F-846'],
  },
};
