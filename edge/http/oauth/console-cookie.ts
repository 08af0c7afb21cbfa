// The cookie of who is signed in at the console: only this edge can read it, and no page of another site sends it along.

/** With the prefix no other host and no plain HTTP can set it (RFC 6265bis §4.1.3). */
export const CONSOLE_COOKIE = '__Host-bridge-console';

/** A value of Set-Cookie. */
export const consoleCookie = (value: string, lastsS: number): string =>
  `${CONSOLE_COOKIE}=${value}; Path=/; Max-Age=${lastsS}; Secure; HttpOnly; SameSite=Strict`;
