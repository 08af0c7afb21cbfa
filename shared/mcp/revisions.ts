// MCP protocol revisions and the two eras they fall into.

/** The legacy revisions this bridge serves: those that begin with `initialize`. */
export const LEGACY_REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;

export type LegacyRevision = (typeof LEGACY_REVISIONS)[number];

/** What a Streamable HTTP request without MCP-Protocol-Version counts as (MCP 2025-11-25, Transports, "Protocol Version Header"). */
export const ASSUMED_REVISION: LegacyRevision = '2025-03-26';

/** The newest legacy revision, offered to a peer whose own is not known. */
export const NEWEST_LEGACY_REVISION: LegacyRevision = LEGACY_REVISIONS.at(-1) ?? '2025-11-25';

/** Longer than any revision: they are dates. */
export const REVISION_CHARS = 64;

/** Whether a text has the form of a revision, known or not. */
export const isRevision = (text: string): boolean => /^\d{4}-\d\d-\d\d$/u.test(text);

/** True for a legacy revision this bridge knows. */
export function isLegacyRevision(text: string): text is LegacyRevision {
  return (LEGACY_REVISIONS as readonly string[]).includes(text);
}

/** Batches exist in 2025-03-26 only (MCP 2025-03-26, Base Protocol, "Batching"; removed in 2025-06-18). */
export const allowsBatches = (revision: string): boolean => revision === '2025-03-26';

/** SSE answers begin with an empty event that carries an id since 2025-11-25 (Transports, "Sending Messages to the Server"). */
export const primesStreams = (revision: string): boolean => revision === '2025-11-25';
