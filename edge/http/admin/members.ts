// The members of the operator's requests that clients and runners have in common.
import * as v from 'valibot';
import { serversMember } from '../../servers-member.ts';

const MOST_SERVERS = 100;

/** Every server, or some. */
export const serversOfRequest = v.pipe(
  serversMember,
  v.maxLength(MOST_SERVERS, `"servers" names more than ${MOST_SERVERS}`),
);

export const nameMember = (form: RegExp) => {
  const words = '"name" must have 1 to 64 letters, digits, dots, dashes and underscores';
  return v.pipe(v.string(words), v.regex(form, words));
};
