// What a sign-in page is about. It travels sealed: in the page's form, and on a journey to an identity provider.
import * as v from 'valibot';

/** Until then a page counts. */
export const PAGE_S = 600;

const CONSENT_REQUEST = v.object({
  page: v.string(),
  until: v.number(),
  browser: v.string(),
  client: v.string(),
  app: v.string(),
  redirect: v.string(),
  state: v.optional(v.string()),
  server: v.string(),
  scopes: v.array(v.string()),
  /** Scopes that the app did not ask for, and the person may grant. */
  others: v.array(v.string()),
  challenge: v.string(),
});

export type ConsentRequest = v.InferOutput<typeof CONSENT_REQUEST>;

const JOURNEY = v.object({
  /** Absent: it leads to the console. */
  consent: v.optional(CONSENT_REQUEST),
  issuer: v.string(),
  nonce: v.string(),
  verifier: v.string(),
});

/** A consent, or a console, that waits for its person, and what proves that an answer of the provider belongs to it. */
export type Journey = v.InferOutput<typeof JOURNEY>;

/** Reads what was unsealed; undefined if nothing was. */
export const readConsentRequest = (text: string | undefined): ConsentRequest | undefined =>
  read(CONSENT_REQUEST, text);

export const readJourney = (text: string | undefined): Journey | undefined => read(JOURNEY, text);

/** A text that was sealed here is JSON. */
function read<Schema extends v.GenericSchema>(
  schema: Schema,
  text: string | undefined,
): v.InferOutput<Schema> | undefined {
  const parsed = text === undefined ? undefined : v.safeParse(schema, JSON.parse(text));
  return parsed?.success === true ? parsed.output : undefined;
}
