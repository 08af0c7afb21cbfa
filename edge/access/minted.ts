// The secrets that the edge mints: 256 random bits behind a prefix that tells people and secret scanners what they are. All
// of them are b64tokens (RFC 6750 §2.1) and say nothing.
import { nanoid } from 'nanoid';

const PREFIXES = {
  access: 'mcpa_',
  /** A key of a client program. */
  client: 'mcpc_',
  code: 'mcpd_',
  refresh: 'mcpf_',
} as const;

/** 43 characters of 6 bits. */
const SECRET_CHARACTERS = 43;

export const mintSecret = (kind: keyof typeof PREFIXES): string =>
  `${PREFIXES[kind]}${nanoid(SECRET_CHARACTERS)}`;

const FORM = /^mcp[acdf]_[\w-]{43}$/u;

/** True if a text may be a secret of this kind: others need not be looked up. */
export const isMinted = (kind: keyof typeof PREFIXES, text: string): boolean =>
  text.startsWith(PREFIXES[kind]) && FORM.test(text);

/** Characters of the part by which an invitation is found. */
const INVITATION_CHARACTERS = 12;

const INVITATION = /^enr_([\w-]{12})\.[\w-]{43}$/u;

/** A code with which a machine joins as a runner: `enr_`, the part by which it is found, a dot and 256 random bits. */
export const mintInvitation = (): string =>
  `enr_${nanoid(INVITATION_CHARACTERS)}.${nanoid(SECRET_CHARACTERS)}`;

/** The part of a code by which its invitation is found; undefined for what is no code. */
export const invitationOf = (code: string): string | undefined => INVITATION.exec(code)?.[1];
