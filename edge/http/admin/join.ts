// POST /-/join: a machine that was invited brings its code and the public key that it made, and is a runner from then on.
import * as v from 'valibot';
import { answered, limited, readJson, unreachable, type AdminRequest } from './owner.ts';
import { checkNoOrigin } from '../guards/origin.ts';
import { askAccess } from '../oauth/context.ts';
import { refuse } from '../refuse.ts';
import { sha256 } from '../../access/digest.ts';
import { invitationOf } from '../../access/minted.ts';
import { isRunnerPublicKey, RUNNER_PUBLIC_KEY_FORM } from '../../../shared/link/assertion.ts';

const KEY_FORM = `"key" must be ${RUNNER_PUBLIC_KEY_FORM}`;

const JOIN = v.strictObject(
  {
    code: v.string('"code" must be text'),
    key: v.pipe(v.string(KEY_FORM), v.check(isRunnerPublicKey, KEY_FORM)),
  },
  'The body must be an object of "code" and "key"',
);

export async function join({ request, ports, from }: AdminRequest): Promise<Response> {
  const origin = checkNoOrigin(request);
  if (origin) return refuse(origin);
  const read = await readJson(request, JOIN);
  if (!read.ok) return read.response;
  const { code, key } = read.value;
  const id = invitationOf(code) ?? '';
  const asked = await askAccess(ports, 'join', { id, code: await sha256(code), proof: key, from });
  if (!asked) return unreachable();
  const { answer } = asked;
  switch (answer.kind) {
    case 'joined':
      return answered({ runner: answer.runner, servers: answer.servers }, 201);
    case 'refused':
      return refuse({ fault: 'unauthorized', message: NOT_INVITED });
    case 'limited':
      return limited(answer.retryAfterS);
  }
}

const NOT_INVITED =
  'This code does not count: it was used, it is older than ten minutes, or it is not whole. Make a new one with `mcp-bridge runner add`.';
