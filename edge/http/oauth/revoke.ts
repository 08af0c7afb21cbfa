// POST /revoke: who holds a token ends its whole grant (RFC 7009). A token that is unknown is answered as one that was ended (§2.2).
import { oauthAnswer, oauthError, unavailableError } from './answer.ts';
import { askAccess, withdraw, type SignInRequest } from './context.ts';
import { readForm } from './parameters.ts';
import { sha256 } from '../../access/digest.ts';

export async function revokeToken({ request, ports, from }: SignInRequest): Promise<Response> {
  const form = await readForm(request);
  if (typeof form === 'string') return oauthError(400, 'invalid_request', form);
  const token = form.get('token');
  if (token === undefined) return oauthError(400, 'invalid_request', 'token is missing.');
  const asked = await askAccess(ports, 'revoke', { token: await sha256(token), from });
  if (!asked) return unavailableError();
  withdraw(ports, asked.answer.ended);
  return oauthAnswer({});
}
