// Who is calling, as the edge tells a runner (PROTOCOL.md LP28): the shape and the bounds of it.
import * as v from 'valibot';
import { PERSON_ID } from '../ids.ts';

/** Bytes of all that is told of a person, as JSON. */
export const PERSON_BYTES = 4096;

/** Groups that are told, and scopes. */
export const MOST_GROUPS = 64;

/** Characters of a fact, of a group and of a scope. */
export const FACT_CHARACTERS = 320;

/** One line of text, without anything that a reader would take for its end: no control character, no half of a pair. */
export const FACT = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;

const fact = v.optional(v.pipe(v.string(), v.maxLength(FACT_CHARACTERS), v.regex(FACT)));
const facts = v.optional(
  v.pipe(
    v.array(v.unknown()),
    v.maxLength(MOST_GROUPS),
    v.array(v.pipe(v.string(), v.maxLength(FACT_CHARACTERS), v.regex(FACT))),
  ),
);

const encoder = new TextEncoder();

/** What a value takes as JSON, in bytes. */
export const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

export const personMember = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.regex(PERSON_ID)),
    issuer: fact,
    subject: fact,
    email: fact,
    name: fact,
    groups: facts,
    client: fact,
    scopes: facts,
  }),
  v.check((person) => jsonBytes(person) <= PERSON_BYTES),
);

/** See {@link PERSON_ID} for `id`; all else is what an identity provider or issuer said, or what was granted. */
export type ToldPerson = v.InferOutput<typeof personMember>;
