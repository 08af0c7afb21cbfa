// The signed statement by which a runner with a key of its own proves who it is (PROTOCOL.md LP5): what both sides must agree on.

/** The `typ` of its JWT, so that no other signed text passes for one (RFC 8725 §3.11). */
export const ASSERTION_TYPE = 'mcp-bridge-runner+jwt';

/** How long one is valid. It is made for one dial. */
export const ASSERTION_LIFE_S = 60;

/** How far the clocks of a runner and its edge may be apart. */
export const CLOCK_TOLERANCE_S = 60;

/** The 32 bytes of an Ed25519 public key in base64url (RFC 8037 §2). */
const PUBLIC_KEY = /^[\w-]{43}$/u;

const PREFIX = 'ed25519:';

/** What a person must write. */
export const RUNNER_PUBLIC_KEY_FORM = '"ed25519:" and the 43 characters of a runner\'s public key';

/** How the edge writes a runner's public key: `ed25519:` and 43 characters. Undefined if `x` is none. */
export const runnerPublicKey = (x: string): string | undefined =>
  PUBLIC_KEY.test(x) ? `${PREFIX}${x}` : undefined;

/** Whether a text is a runner's public key as {@link runnerPublicKey} writes it. */
export const isRunnerPublicKey = (text: string): boolean =>
  text.startsWith(PREFIX) && PUBLIC_KEY.test(text.slice(PREFIX.length));
