// What the events of a whole stream say, for who reads an answer that has ended and whose messages are on one line each.

const FIELD = 'data:';

/** The value of each `data` line, in order (HTML, "Server-sent events", "Interpreting an event stream"). */
export const dataLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith(FIELD))
    .map((line) => line.slice(FIELD.length));
