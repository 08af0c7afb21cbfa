// The adversaries of the neighbours' bench. Each is one client program next to the neighbour; those of the first list misuse
// nothing themselves, but use a process that does.

/** Kinds of process.mjs. */
export const BAD_PROCESSES = [
  'notes',
  'noise',
  'blank-lines',
  'endless-line',
  'floods-at-once',
  'stderr',
  'questions',
  'silent',
  'closes-stdout',
  'reads-nothing',
  'large-initialize',
  'large-results',
  'crashes',
] as const;

/** Kinds of client.ts beside `drives`. */
export const BAD_CLIENTS = [
  'opens-and-drops',
  'starts-processes',
  'leaves-in-initialize',
  'junk-bodies',
  'many-tokens',
  'slow-bodies',
  'reads-nothing',
  'junk-keys',
  'asks-for-health',
  'blank-headers',
  'useless-answers',
  'fills-in-flight',
  'large-posts',
  'stream-storm',
  'abandons-calls',
] as const;

export type BadClient = (typeof BAD_CLIENTS)[number];

/** The server that bad clients use, a well-behaved one. */
export const VICTIM = 'victim';

/** The name of the server whose processes are of a bad kind. */
export const badServer = (kind: string): string => `bad-${kind}`;
