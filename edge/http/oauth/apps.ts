// Finds the app that a client id names: a registered one, or one whose document is at the URL that is its id. A document is read
// here, outside of the access actor, so that a slow one delays nobody.
import { askAccess, type SignInRequest } from './context.ts';
import { documentUrl, freshMs, isDocumentId, readDocument } from '../../access/client-metadata.ts';
import type { ClientApp } from '../../core/access-ports.ts';

/** `why`: what to tell the person. */
export type FoundApp =
  | { readonly ok: true; readonly app: ClientApp }
  | {
      readonly ok: false;
      readonly status: number;
      readonly why: string;
      readonly retryAfterS?: number;
    };

/** Documents that are read at a time. */
const READING = 4;

let reading = 0;

export async function findApp(context: SignInRequest, clientId: string): Promise<FoundApp> {
  const isDocument = isDocumentId(clientId);
  if (isDocument && !documentUrl(clientId))
    return refused(
      'This app names itself by an address that cannot be used: it must be https with a public name and a path, without a port.',
    );
  const asked = await askAccess(context.ports, 'app', {
    id: clientId,
    isDocument,
    from: context.from,
  });
  if (!asked) return APP_UNREACHABLE;
  const { answer } = asked;
  switch (answer.kind) {
    case 'known':
      return { ok: true, app: answer.app };
    case 'unknown':
      return refused(
        'This app is not known here. Remove the connection in the app and add it again, so that it registers anew.',
      );
    case 'limited':
      return {
        ok: false,
        status: 429,
        why: `Too many sign-ins were begun. Try again in ${answer.retryAfterS} seconds.`,
        retryAfterS: answer.retryAfterS,
      };
    case 'fetch':
      return fetchApp(context, clientId, answer.stale);
  }
}

async function fetchApp(
  { ports }: SignInRequest,
  clientId: string,
  stale: ClientApp | undefined,
): Promise<FoundApp> {
  if (reading >= READING) return stale ? { ok: true, app: stale } : BUSY;
  reading += 1;
  const document = await ports.outside(clientId).finally(() => {
    reading -= 1;
  });
  if (!document)
    return stale
      ? { ok: true, app: stale }
      : refused(`The description of this app at ${clientId} could not be read.`);
  const read = readDocument(clientId, document.text);
  if (!read.ok) return refused(read.why);
  const app = { id: clientId, ...read.app };
  const kept = { app, freshMs: freshMs(document.cacheControl) };
  return (await askAccess(ports, 'keepDocument', kept)) ? { ok: true, app } : APP_UNREACHABLE;
}

const refused = (why: string): FoundApp & { readonly ok: false } => ({
  ok: false,
  status: 400,
  why,
});

export const APP_UNREACHABLE = {
  ok: false,
  status: 503,
  why: 'Sign-in cannot be reached. Try again soon.',
  retryAfterS: 5,
} as const satisfies FoundApp;

const BUSY = {
  ok: false,
  status: 503,
  why: 'Too many sign-ins are being prepared. Try again in a few seconds.',
  retryAfterS: 5,
} as const satisfies FoundApp;
