// What a record tells of a client's request: its method, the name of a tool, and what the client calls itself. Never an argument, an
// id or anything else that it sent, but for the name that `call_tool` is given. These texts are claims of the client, so they are short.
import { TOOL_NAME } from '../ids.ts';
import type { MessageView, Path } from '../jsonrpc/view.ts';
import { innerCallOf } from './discovery.ts';
import { CALL_METHOD } from './judged.ts';
import { META } from './modern.ts';

/** Longest text of a client in a record: any real name of a method, tool or app. */
const TOLD_CHARACTERS = 100;

export interface ToldRequest {
  readonly method: string;
  /** Of `tools/call`. Of one that calls another tool in turn, that one. */
  readonly tool?: string | undefined;
}

/** The app that a client says it is. */
export interface ToldApp {
  readonly app?: string | undefined;
  readonly appVersion?: string | undefined;
}

/** What a request asks for, and for which app: the one that it names, else the one that is `known`. */
export function toldOf(message: MessageView, known?: ToldApp): ToldRequest & ToldApp {
  const { app, appVersion } = appIn(message, known);
  const tool = message.method === CALL_METHOD ? toolOf(message) : undefined;
  return { app, appVersion, method: cut(message.method), tool };
}

/** What is no name of a tool by its form may be anything that somebody wrote, and is not told. */
function toolOf(message: MessageView): string | undefined {
  const inner = innerCallOf(message);
  if (inner.kind === 'call' && TOOL_NAME.test(inner.name)) return cut(inner.name);
  return shortText(message, 'params', 'name');
}

const NO_APP: ToldApp = {};

/** What a message says of its client: `initialize` does, and each request of 2026-07-28. If it does not, what is `known`. */
export function appIn(message: MessageView, known = NO_APP): ToldApp {
  const place = message.method === 'initialize' ? IN_INITIALIZE : IN_META;
  if (!message.has(...place)) return known;
  return {
    app: shortText(message, ...place, 'name'),
    appVersion: shortText(message, ...place, 'version'),
  };
}

const IN_INITIALIZE: Path = ['params', 'clientInfo'];
const IN_META: Path = ['params', '_meta', META.clientInfo];

function shortText(message: MessageView, ...path: Path): string | undefined {
  const text = message.string(...path);
  return text === undefined ? undefined : cut(text);
}

const cut = (text: string): string =>
  text.length > TOLD_CHARACTERS ? `${text.slice(0, TOLD_CHARACTERS)}…` : text;
