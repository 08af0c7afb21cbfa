// The upgrade requests between a worker and an actor: what one side writes in the URL and the other reads from it.
import type { ControlDial, FollowWish, LinkDial } from '../../core/ports.ts';

/** An upgrade request that the worker makes itself: of what a client sent, only `fields` reach an actor. */
function upgrade(
  path: string,
  fields: Record<string, string | number | boolean>,
  source?: Request,
): Request {
  const headers = new Headers({ Upgrade: 'websocket' });
  const subprotocol = source?.headers.get('Sec-WebSocket-Protocol');
  if (subprotocol) headers.set('Sec-WebSocket-Protocol', subprotocol);
  const texts = Object.entries(fields).map(([key, value]) => [key, String(value)]);
  const query = new URLSearchParams(Object.fromEntries(texts) as Record<string, string>);
  return new Request(`http://actor/${path}?${query.toString()}`, { headers });
}

export const controlUpgrade = (
  request: Request,
  { granted, withheld, use, from, ...dial }: ControlDial,
): Request =>
  upgrade(
    'control',
    {
      ...dial,
      granted: granted === '*' ? '*' : granted.join(','),
      withheld: withheld.join(','),
      ...(use && { use: use.id, until: use.until }),
      ...(from !== undefined && { from }),
    },
    request,
  );

export function readControl(request: Request): ControlDial {
  const fields = new URL(request.url).searchParams;
  const granted = fields.get('granted') ?? '';
  const withheld = fields.get('withheld') ?? '';
  const [use, from] = [fields.get('use'), fields.get('from')];
  return {
    runner: fields.get('runner') ?? '',
    granted: granted === '*' ? '*' : granted.split(','),
    withheld: withheld === '' ? [] : withheld.split(','),
    ...(use !== null && { use: { id: use, until: Number(fields.get('until')) } }),
    ...(from !== null && { from }),
    subprotocol: fields.get('subprotocol') ?? '',
  };
}

export const linkUpgrade = (request: Request, dial: LinkDial): Request =>
  upgrade('link', { ...dial }, request);

export const followUpgrade = ({ stream, resumes, place }: FollowWish): Request =>
  upgrade('follow', { stream, resumes, ...place });

/** The socket that asks to enter a session actor. */
export function readSessionUpgrade(
  request: Request,
): { readonly dial: LinkDial } | { readonly wish: FollowWish } {
  const { pathname, searchParams } = new URL(request.url);
  return pathname === '/link' ? { dial: dialOf(searchParams) } : { wish: wishOf(searchParams) };
}

const dialOf = (fields: URLSearchParams): LinkDial => ({
  session: fields.get('session') ?? '',
  runner: fields.get('runner') ?? '',
  boot: fields.get('boot') ?? '',
  epoch: Number(fields.get('epoch')),
  holds: fields.get('holds') ?? '',
  subprotocol: fields.get('subprotocol') ?? '',
});

function wishOf(fields: URLSearchParams): FollowWish {
  const session = fields.get('session');
  const openedBefore = fields.get('openedBefore');
  return {
    stream: fields.get('stream') ?? '',
    resumes: fields.get('resumes') === 'true',
    ...(openedBefore !== null && { place: { openedBefore: Number(openedBefore) } }),
    ...(session !== null && { place: { session } }),
  };
}
