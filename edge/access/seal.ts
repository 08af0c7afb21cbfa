// Seals texts with AES-256-GCM: what is handed out and comes back, so that nobody but the edge reads or changes it, and nothing of it
// is kept meanwhile. The key is derived from a secret and a label (HMAC-SHA-256), so that what was sealed for one purpose opens for no other.
import { fromBase64url, toBase64url } from './base64url.ts';

export type SealLabel = 'consent' | 'successor' | 'journey' | 'console';

const IV_BYTES = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The sealed text, in base64url. */
export async function seal(secret: string, label: SealLabel, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const key = await keyOf(secret, label);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, encoder.encode(text));
  const bytes = new Uint8Array(IV_BYTES + sealed.byteLength);
  bytes.set(iv);
  bytes.set(new Uint8Array(sealed), IV_BYTES);
  return toBase64url(bytes);
}

/** The text, if it was sealed with this secret under this label; undefined otherwise. */
export async function unseal(
  secret: string,
  label: SealLabel,
  sealed: string,
): Promise<string | undefined> {
  const bytes = fromBase64url(sealed);
  if (!bytes || bytes.length <= IV_BYTES) return undefined;
  const key = await keyOf(secret, label);
  try {
    const iv = bytes.slice(0, IV_BYTES);
    const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, bytes.slice(IV_BYTES));
    return decoder.decode(text);
  } catch {
    return undefined;
  }
}

/** Secrets have 128 random bits or more, so one HMAC makes a key of them. */
async function keyOf(secret: string, label: SealLabel): Promise<CryptoKey> {
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const base = await crypto.subtle.importKey('raw', encoder.encode(secret), hmac, false, ['sign']);
  const bytes = await crypto.subtle.sign(
    'HMAC',
    base,
    encoder.encode(`mcp-edge-bridge seal ${label}`),
  );
  return crypto.subtle.importKey('raw', new Uint8Array(bytes), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
}
