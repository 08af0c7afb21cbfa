// The secrets that the edge mints for apps: 256 random bits behind a prefix that tells people and secret scanners what they are. All
// of them are b64tokens (RFC 6750 §2.1) and say nothing.
import { nanoid } from 'nanoid';

const PREFIXES = { access: 'mcpa_', code: 'mcpd_', refresh: 'mcpf_' } as const;

/** 43 characters of 6 bits. */
const SECRET_CHARACTERS = 43;

export const mintSecret = (kind: keyof typeof PREFIXES): string =>
  `${PREFIXES[kind]}${nanoid(SECRET_CHARACTERS)}`;

const FORM = /^mcp[adf]_[\w-]{43}$/u;

/** True if a text may be a secret of this kind: others need not be looked up. */
export const isMinted = (kind: keyof typeof PREFIXES, text: string): boolean =>
  text.startsWith(PREFIXES[kind]) && FORM.test(text);
