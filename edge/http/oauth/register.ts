// POST /register: an app makes itself known (RFC 7591). Anybody may, so what is kept is small and bounded; all apps are public clients,
// and what an app asked for beside that is answered with what it gets (§3.2.1).
import { nanoid } from 'nanoid';
import { limitedError, oauthAnswer, oauthError, unavailableError } from './answer.ts';
import { isStep } from './sign-in-step.ts';
import { askAccess, type SignInRequest } from './context.ts';
import { BODY_BYTES, bodyText } from './parameters.ts';
import { readMetadata } from '../../access/client-metadata.ts';

const ID_CHARACTERS = 22;

export async function registerApp({ request, ports, from }: SignInRequest): Promise<Response> {
  const text = await bodyText(request);
  if (text === undefined)
    return oauthError(
      400,
      'invalid_client_metadata',
      `The body must be JSON of at most ${BODY_BYTES} bytes.`,
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return oauthError(400, 'invalid_client_metadata', 'The body is not JSON.');
  }
  const read = readMetadata(json);
  if (!read.ok) return oauthError(400, read.error, read.why);
  const app = { id: `app-${nanoid(ID_CHARACTERS)}`, ...read.app };
  const asked = await askAccess(ports, 'register', { app, from });
  if (!asked) return unavailableError();
  if (asked.answer.kind === 'limited') return limitedError(asked.answer.retryAfterS);
  if (asked.answer.kind === 'full')
    return oauthError(503, 'temporarily_unavailable', 'No more apps can register here.');
  return isStep(
    'registered',
    oauthAnswer(
      {
        client_id: app.id,
        client_id_issued_at: Math.floor(Date.now() / 1000),
        client_name: app.name,
        redirect_uris: app.redirects,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      201,
    ),
    { app: app.id, name: app.name },
  );
}
