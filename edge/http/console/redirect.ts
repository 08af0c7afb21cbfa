// Sends a browser on after a form, by GET whatever it sent (RFC 9110 §15.4.4).
import { COMMON } from './frame.ts';

export const redirectTo = (
  location: string,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(null, { status: 303, headers: { ...COMMON, Location: location, ...headers } });
