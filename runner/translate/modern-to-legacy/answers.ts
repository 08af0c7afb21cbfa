// Turns what a legacy process says about a call into lines for the session.
import { errorResponse } from '../../../shared/jsonrpc/message.ts';
import { digitsOf } from '../../../shared/jsonrpc/numbers.ts';
import { isHeard, type LegacyCall } from './call.ts';
import { isAtLeast } from '../log-levels.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { progressTokenOf } from '../message.ts';
import { listsTooMuch } from '../faults.ts';
import { lacking, toModernError } from './errors.ts';
import { toModernResult } from './results.ts';
import { inputRequired } from './questions.ts';

/** The answer of the process, with the id that the client waits for now. */
export function answerFor(
  { client, lacks }: LegacyCall,
  answer: MessageView,
  serverInfo: unknown,
): MessageView | string {
  const id = String(client.bridgeId);
  if (answer.kind === 'result') {
    return toModernResult(answer, client, serverInfo) ?? errorResponse(id, listsTooMuch());
  }
  if (lacks) return errorResponse(id, lacking(lacks));
  const error = toModernError(answer, client);
  switch (error.kind) {
    case 'error':
      return error.answer;
    case 'refusal':
      return errorResponse(id, error.error);
    case 'question': {
      // The process ended the call, so there is no state to come back to: the retry is a new call.
      const requests = error.requests.map((embedded, at) => ({
        key: `q${String(at + 1)}`,
        embedded,
      }));
      return inputRequired(client.bridgeId, requests, { serverInfo });
    }
  }
}

/** The process reports under the token of the first request; the client waits under that of the last. Undefined when nobody does. */
export function progressFor(
  calls: Iterable<LegacyCall>,
  message: MessageView,
): MessageView | undefined {
  const { progressTokenAt } = message;
  const token = progressTokenOf(message);
  if (!progressTokenAt || token === undefined) return undefined;
  for (const { progressToken, state, client } of calls) {
    if (progressToken !== token || state.kind !== 'running') continue;
    if (client.progressToken === undefined) return undefined;
    const edit = { ...progressTokenAt, with: digitsOf(client.progressToken) };
    return message.edited([edit]);
  }
  return undefined;
}

/** The calls that want a `notifications/message`; it does not say which of them it belongs to. */
export function logOwners(calls: Iterable<LegacyCall>, message: MessageView): LegacyCall[] {
  const level = message.parsed('params', 'level');
  return [...calls].filter((call) => {
    const { logLevel } = call.client;
    return isHeard(call) && logLevel !== undefined && isAtLeast(level, logLevel);
  });
}
