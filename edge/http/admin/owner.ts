// Who may use the operator's API: whoever shows the owner's key, from a program. What it takes and gives is JSON.
import * as v from 'valibot';
import { checkNoOrigin } from '../guards/origin.ts';
import { askAccess, type SignInRequest } from '../oauth/context.ts';
import { BODY_BYTES, bodyText } from '../oauth/parameters.ts';
import { refuse } from '../refuse.ts';
import { urlOf } from '../request-url.ts';
import { bearerToken } from '../../access/credentials.ts';
import { sha256 } from '../../access/digest.ts';
import type { Settings } from '../../settings.ts';

export interface AdminRequest extends SignInRequest {
  readonly settings: Settings;
}

/** Does the work for the owner. A wrong key counts, and where too many came from no further one is looked at. */
export async function asOwner(
  { request, signIn, ports, from }: AdminRequest,
  work: () => Promise<Response>,
): Promise<Response> {
  const origin = checkNoOrigin(request);
  if (origin) return refuse(origin);
  const bearer = bearerToken(request.headers, urlOf(request));
  if (!bearer.ok) return refuse(bearer.fault, { tokenSent: bearer.tokenSent });
  if (signIn.ownerKeys.has(await sha256(bearer.token))) return work();
  const asked = await askAccess(ports, 'ownerKey', { isRight: false, from });
  if (asked?.answer.kind === 'limited') return limited(asked.answer.retryAfterS);
  return refuse({ fault: 'unauthorized', message: NOT_OWNER }, { tokenSent: true });
}

const NOT_OWNER = 'This is not the owner key. `mcp-bridge credential owner` makes one.';

export const limited = (retryAfterS: number): Response =>
  refuse({
    fault: 'overloaded',
    message: `Too many wrong tries. Try again in ${retryAfterS} seconds.`,
    retryAfterS,
  });

/** The access actor is out of reach. */
export const unreachable = (): Response => refuse({ fault: 'sign_in_unavailable' });

export const invalid = (message: string): Response => refuse({ fault: 'invalid_request', message });

export const answered = (value: object, status = 200): Response =>
  Response.json(value, { status, headers: { 'Cache-Control': 'no-store' } });

const JSON_TYPE = /^application\/json\s*(?:;|$)/iu;

/** The body by its schema; or the refusal. The schema's messages are ours and quote nothing. */
export async function readJson<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
  limitBytes = BODY_BYTES,
): Promise<{ readonly ok: true; readonly value: v.InferOutput<Schema> } | RefusedBody> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? ''))
    return { ok: false, response: invalid('The body must be application/json.') };
  const text = await bodyText(request, limitBytes);
  if (text === undefined)
    return {
      ok: false,
      response: invalid(`The body must be JSON of at most ${limitBytes} bytes.`),
    };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, response: invalid('The body is not JSON.') };
  }
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return { ok: true, value: parsed.output };
  return { ok: false, response: invalid(`${parsed.issues[0].message}.`) };
}

export interface RefusedBody {
  readonly ok: false;
  readonly response: Response;
}
