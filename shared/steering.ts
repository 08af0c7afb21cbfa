// Characters of others that no terminal and no log should get: they control it, break its lines, or turn the direction of what stands
// beside them. One table, and what is done with them where a text is shown. Pure.

/**
 * C0, DEL and C1 controls (ECMA-48), line and paragraph separators, the marks, embeddings, overrides and isolates of bidirectional text
 * (Unicode UAX #9, "Trojan Source"), the byte order mark, and halves of surrogate pairs.
 */
const STEERING =
  /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]|\p{Surrogate}/gu;

/** Each written out as `\uXXXX`: for a log, which hides nothing. */
export const escapeSteering = (text: string): string =>
  text.replaceAll(
    STEERING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Without them: for what a process prints, whose colours and bells say nothing. */
export const dropSteering = (text: string): string => text.replaceAll(STEERING, '');

/** A blank for each, but for line feeds: for a text of several lines on a terminal. */
export const blankSteering = (text: string): string =>
  text.replaceAll(STEERING, (character) => (character === '\n' ? character : ' '));
