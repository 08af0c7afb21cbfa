// The member "servers" of settings and of the operator's requests: which servers somebody may use, or a runner may offer.
import * as v from 'valibot';

import { SERVER_NAME } from '../shared/ids.ts';

const FORM = '"servers" must be ["*"] or a list of server names';

/** Every server, or some. */
export const serversMember = v.pipe(
  v.array(
    v.pipe(
      v.string(FORM),
      v.check((name) => name === '*' || SERVER_NAME.test(name), FORM),
    ),
    FORM,
  ),
  v.minLength(1, FORM),
);
