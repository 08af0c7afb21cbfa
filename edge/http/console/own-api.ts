// The console asks the operator's API as a program does, without a network between: what it may do, and what it is refused, is the same.
import type { AdminRequest } from '../admin/owner.ts';

/** A request to the API, of this value as JSON. */
export const asJson = (
  { request: { url } }: Pick<AdminRequest, 'request'>,
  value: object,
): Request =>
  new Request(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(value),
  });

export type ApiAnswer =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly message: string };

/** What the API answered: its object, or its words. */
export async function apiAnswer(response: Response): Promise<ApiAnswer> {
  const text = new TextDecoder().decode(await response.arrayBuffer());
  const value = JSON.parse(text) as Record<string, unknown>;
  if (response.status < 400) return { ok: true, value };
  const { message } = value['error'] as { readonly message: string };
  return { ok: false, message };
}
