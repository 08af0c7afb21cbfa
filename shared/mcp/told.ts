// What a record tells of a client's request: its method, the name of a tool, and what the client calls itself. Never an argument, an
// id or anything else that it sent. These texts are claims of the client, so they are short.
import type { MessageView, Path } from '../jsonrpc/view.ts';
import { META } from './modern.ts';

/** Longest text of a client in a record: any real name of a method, tool or app. */
const TOLD_CHARACTERS = 100;

export interface ToldRequest {
  readonly method: string;
  /** Of `tools/call`. */
  readonly tool?: string | undefined;
}

/** The app that a client says it is. */
export interface ToldApp {
  readonly app?: string | undefined;
  readonly appVersion?: string | undefined;
}

export const toldOf = (message: MessageView): ToldRequest => ({
  method: cut(message.method),
  tool: message.method === 'tools/call' ? shortText(message, 'params', 'name') : undefined,
});

/** What a message says of its client: `initialize` does, and each request of 2026-07-28. Nothing if it does not. */
export function appIn(message: MessageView): ToldApp {
  const place: Path =
    message.method === 'initialize'
      ? ['params', 'clientInfo']
      : ['params', '_meta', META.clientInfo];
  if (!message.has(...place)) return {};
  return {
    app: shortText(message, ...place, 'name'),
    appVersion: shortText(message, ...place, 'version'),
  };
}

function shortText(message: MessageView, ...path: Path): string | undefined {
  const text = message.string(...path);
  return text === undefined ? undefined : cut(text);
}

const cut = (text: string): string =>
  text.length > TOLD_CHARACTERS ? `${text.slice(0, TOLD_CHARACTERS)}…` : text;
