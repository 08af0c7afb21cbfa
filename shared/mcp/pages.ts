// Lists in pages, of which the bridge itself asks for all (MCP 2025-11-25, Server Utilities, "Pagination").

/** Most pages of one list that are asked for: a server that always gives another cursor must not be followed for ever. */
export const MAX_PAGES = 100;

/**
 * The cursor of the page behind one whose result has `nextCursor`; undefined at the end. `asked`: the cursor that this page was asked for
 * with, undefined for the first. Some servers send an empty cursor at the end, or the same page for ever.
 */
export const nextPage = (nextCursor: unknown, asked: string | undefined): string | undefined =>
  typeof nextCursor === 'string' && nextCursor !== '' && nextCursor !== asked
    ? nextCursor
    : undefined;
