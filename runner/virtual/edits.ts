// Changes that the messages of a virtual server need, on their bytes.
import { faultError } from '../../shared/fault.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView, Path } from '../../shared/jsonrpc/view.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import { ownMessage } from '../translate/message.ts';

const encoder = new TextEncoder();

/** The message with another value where `path` leads; its keys stay where they are. Of equal keys one is left. `value` is JSON text. */
export function withChangedMember(message: MessageView, path: Path, value: string): MessageView {
  const span = message.at(...path);
  if (!span) return message;
  const [part, ...keys] = path;
  const last = keys.at(-1) ?? '';
  const outer: Path = [part, ...keys.slice(0, -1)];
  const same = [...message.members(...outer)].filter(({ key }) => key === last);
  return same.length > 1
    ? message.edited(message.changes(outer, { and: { [last]: value } }))
    : message.edited([{ ...span, with: encoder.encode(value) }]);
}

/** A client's request as one of the bridge's own: under another id, without a progress token, and with another cursor or none. */
export function asOwnRequest(message: MessageView, id: number, cursor?: string): MessageView {
  const edits: Edit[] = [
    ...(message.idAt ? [{ ...message.idAt, with: encoder.encode(String(id)) }] : []),
    ...message.changes(['params', '_meta'], { without: ['progressToken'] }),
    ...(cursor === undefined
      ? message.changes(['params'], { without: ['cursor'] })
      : message.changes(['params'], { and: { cursor: JSON.stringify(cursor) } })),
  ];
  return message.edited(edits);
}

/** The error of an answer; one of our own where it cannot be read. */
export function errorIn(answer: MessageView): ErrorObject {
  const code = answer.parsed('error', 'code');
  const message = answer.string('error', 'message');
  const data = answer.parsed('error', 'data');
  if (typeof code !== 'number' || message === undefined)
    return faultError({ fault: 'process_protocol' });
  return { code, message, ...(data !== undefined && { data }) };
}

/** A request for the tools with the `_meta` of another request; its id is to be replaced. */
export function listRequestLike(message: MessageView, method = 'tools/list'): MessageView {
  const meta = message.text('params', '_meta');
  const params = meta === undefined ? '' : `,"params":{"_meta":${meta}}`;
  return ownMessage(`{"jsonrpc":"2.0","id":0,"method":${JSON.stringify(method)}${params}}`);
}
