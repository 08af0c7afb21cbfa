// How a translator reads the ids and tokens of a message, puts a message under another id or takes a member out of it, and makes
// messages of its own.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { digitsOf } from '../../shared/jsonrpc/numbers.ts';
import { onlyMessageIn, type MessageView, type Path } from '../../shared/jsonrpc/view.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';

/** The text of a raw id, in any spelling; undefined for a number. */
export function stringOf(raw: string | undefined): string | undefined {
  const value: unknown = raw?.startsWith('"') === true ? JSON.parse(raw) : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The progress token of a message, if it is one of the bridge's. */
export const progressTokenOf = ({ progressToken }: MessageView): BridgeRequestId | undefined =>
  bridgeIdOf(progressToken);

/** The message under another id. */
export const underId = (message: MessageView, id: BridgeRequestId): MessageView =>
  message.idAt ? message.edited([{ ...message.idAt, with: digitsOf(id) }]) : message;

/** The message under another id; `raw` is JSON text. */
export const underRawId = (message: MessageView, raw: string): MessageView =>
  message.idAt ? message.edited([{ ...message.idAt, with: encoder.encode(raw) }]) : message;

/** The message without a member of the object at `path`; itself if that has none. */
export const withoutMember = (message: MessageView, path: Path, member: string): MessageView =>
  message.has(...path, member)
    ? message.edited(message.changes(path, { without: [member] }))
    : message;

/** A request that the bridge makes, to be changed like one of a client. */
export function requestOf(members: {
  readonly id: BridgeRequestId;
  readonly method: string;
  readonly params?: object;
}): MessageView {
  return ownMessage(JSON.stringify({ jsonrpc: '2.0', ...members }));
}

/** A message that the bridge has made, as text or in UTF-8. It throws if that is no message, which is a fault of the bridge's own. */
export function ownMessage(json: string | Uint8Array): MessageView {
  const message = onlyMessageIn(typeof json === 'string' ? encoder.encode(json) : json);
  if (!message) throw new Error('what the bridge makes is one message');
  return message;
}

const encoder = new TextEncoder();
