// The first call to a server: the `tools/list` of a 2026-07-28 client, which needs no session. It goes the way of every client.
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';

import { METHOD_HEADER, PROTOCOL_VERSION_HEADER } from '../../shared/mcp/headers.ts';
import { CODE, META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { dataLines } from '../../shared/sse/data-lines.ts';
import { networkProblem } from '../link/network-problem.ts';
import { nextPage } from '../../shared/mcp/pages.ts';

/** How one ended. */
export type FirstCall =
  | {
      readonly ok: true;
      /** Names. */
      readonly tools: readonly string[];
      /** Whether the server would list more. */
      readonly hasMore: boolean;
      readonly ms: number;
    }
  | { readonly ok: false; readonly what: string };

/** Its headers, besides the one with the key. */
export const FIRST_CALL_HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
  [PROTOCOL_VERSION_HEADER]: MODERN_REVISION,
  [METHOD_HEADER]: 'tools/list',
} as const;

/** Its body. */
export const FIRST_CALL = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: { _meta: { [META.protocolVersion]: MODERN_REVISION, [META.clientCapabilities]: {} } },
} as const;

/** A start that fails sooner has failed; one that takes longer goes on, and the next call takes it over. */
const SLOW_MS = 5_000;

/** Between two calls to a server that is still starting. */
const AGAIN_MS = 500;

/** Then no further call is made: whoever has a server that downloads for longer raises its `startTimeout`, for which one call waits. */
export const LONGEST_FIRST_CALL_MS = 3 * 60_000;

const ANSWER = v.union([
  v.object({
    result: v.object({
      tools: v.array(v.object({ name: v.string() })),
      nextCursor: v.optional(v.string()),
    }),
  }),
  v.object({
    error: v.object({
      code: v.number(),
      message: v.string(),
      data: v.optional(v.object({ retryable: v.optional(v.boolean()) })),
    }),
  }),
]);

type Answer = v.InferOutput<typeof ANSWER>;

/**
 * Calls until the server answers, or fails, or has started for {@link LONGEST_FIRST_CALL_MS}, or `stop` is aborted. `key` is absent if clients need
 * none. `onSlow`: a call ended while the server was still starting.
 */
export async function firstCall(
  url: string,
  key: string | undefined,
  stop: AbortSignal,
  now: () => number,
  onSlow?: () => void,
): Promise<FirstCall> {
  const begin = now();
  for (;;) {
    const sent = now();
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const answer = await callOnce(url, key, stop);
    if (typeof answer === 'string') return { ok: false, what: answer };
    if ('result' in answer) {
      const { tools, nextCursor } = answer.result;
      const names = tools.map(({ name }) => name);
      return {
        ok: true,
        tools: names,
        hasMore: nextPage(nextCursor, undefined) !== undefined,
        ms: now() - begin,
      };
    }
    const { code, message, data } = answer.error;
    // A server may have prompts or resources only.
    if (code === CODE.methodNotFound)
      return { ok: true, tools: [], hasMore: false, ms: now() - begin };
    if (data?.retryable !== true || now() - sent < SLOW_MS) return { ok: false, what: message };
    if (now() - begin >= LONGEST_FIRST_CALL_MS) return { ok: false, what: message };
    onSlow?.();
    // oxlint-disable-next-line no-await-in-loop -- the time between two tries
    if (await isStopped(stop)) return { ok: false, what: 'stopped' };
  }
}

const isStopped = (stop: AbortSignal): Promise<boolean> =>
  sleep(AGAIN_MS, false, { signal: stop }).catch(() => true);

/** The answer, or what went wrong. */
async function callOnce(
  url: string,
  key: string | undefined,
  stop: AbortSignal,
): Promise<Answer | string> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...FIRST_CALL_HEADERS,
        ...(key !== undefined && { Authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(FIRST_CALL),
      redirect: 'error',
      signal: stop,
    });
    return answerIn(await response.text()) ?? `the edge answered with ${response.status}`;
  } catch (error) {
    return stop.aborted ? 'stopped' : networkProblem(error).what;
  }
}

/** The message that answers, in a JSON body or in an event of a stream. */
const answerIn = (text: string): Answer | undefined =>
  [text, ...dataLines(text)].map(read).find((answer) => answer !== undefined);

function read(text: string): Answer | undefined {
  try {
    const parsed = v.safeParse(ANSWER, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
