// Asks identity providers by fetch, which every host has: what is sent, and how much of an answer is read.
import { boundedText } from './bounded-text.ts';
import { PROVIDER, type ProviderPort } from './ports.ts';

export interface ProviderInit {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly redirect: 'manual';
}

/** `send`: fetch, which gives up after so much time, reading included. */
export const askingProviders =
  (send: (url: string, init: ProviderInit, timeoutMs: number) => Promise<Response>): ProviderPort =>
  async ({ url, form, authorization }) => {
    const headers = {
      Accept: 'application/json',
      ...(authorization !== undefined && { Authorization: authorization }),
      ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
    };
    const method = form === undefined ? 'GET' : 'POST';
    const init = { method, headers, redirect: 'manual', ...(form !== undefined && { body: form }) };
    try {
      const { status, body } = await send(url, init as ProviderInit, PROVIDER.timeoutMs);
      const text = body ? await boundedText(body, PROVIDER.limitBytes) : '';
      return text === undefined ? undefined : { status, text };
    } catch {
      return undefined;
    }
  };
