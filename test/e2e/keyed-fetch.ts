// A client's fetch on a bridge that asks for a key, and the key that `dev` printed.

/** The key in what `mcp-bridge dev` printed; undefined while the printing is not complete. */
export const printedKey = (output: string): string | undefined =>
  /^ {4}curl .*\n/mu.test(output) ? /Authorization: Bearer (\S+)\n/u.exec(output)?.[1] : undefined;

/** Sends the key with each request. */
export const keyedFetch =
  (key: string): typeof fetch =>
  (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('Authorization', `Bearer ${key}`);
    return fetch(input, { ...init, headers });
  };
