// The members of the operator's requests that clients and runners have in common.
import * as v from 'valibot';
import { SERVER_NAME } from '../../../shared/ids.ts';

const MOST_SERVERS = 100;

const SERVERS_FORM = '"servers" must be ["*"] or a list of server names';

/** Every server, or some. */
export const serversMember = v.pipe(
  v.array(
    v.pipe(
      v.string(SERVERS_FORM),
      v.check((text) => text === '*' || SERVER_NAME.test(text), SERVERS_FORM),
    ),
    SERVERS_FORM,
  ),
  v.minLength(1, SERVERS_FORM),
  v.maxLength(MOST_SERVERS, `"servers" names more than ${MOST_SERVERS}`),
);

export const nameMember = (form: RegExp) => {
  const words = '"name" must have 1 to 64 letters, digits, dots, dashes and underscores';
  return v.pipe(v.string(words), v.regex(form, words));
};
