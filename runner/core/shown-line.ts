// Text of a server as one line of a bounded length, for people who are told of it on another machine. Pure.

export function shownLine(text: string, maxChars: number): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  const short = line.length > maxChars ? `${line.slice(0, maxChars - 1)}…` : line;
  return short.toWellFormed();
}
