// Answers a legacy client's `initialize` from a modern process's answer to `server/discover` (MCP 2026-07-28, "Discovery").
import type { BridgeRequestId, ServerName } from '../../../shared/ids.ts';
import {
  changeAt,
  isObjectAt,
  textAt,
  valueAt,
  withMembers,
} from '../../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { META, TASKS_EXTENSION } from '../../../shared/mcp/modern.ts';
import { requestOf } from '../message.ts';
import type { DeclaredClient } from './declared-client.ts';
import { isObject, type JsonObject } from '../../../shared/json-value.ts';

/** The line that asks, with an id of the bridge's own. */
export function discoverLine(id: BridgeRequestId, client: DeclaredClient): Uint8Array {
  const request = requestOf({ id, method: 'server/discover' });
  return client.onRequest(request).bytes;
}

/** The process's capabilities, parsed. */
export function capabilitiesIn(answer: MessageView): JsonObject {
  const capabilities = answer.parsed('result', 'capabilities');
  return isObject(capabilities) ? capabilities : {};
}

/** The result of `initialize` as JSON text. `server` is the name of a process that does not give one. */
export function initializeResult(
  answer: MessageView,
  client: DeclaredClient,
  server: ServerName,
): string {
  const info = answer.text('result', '_meta', META.serverInfo);
  const instructions = answer.text('result', 'instructions');
  const members = [
    `"protocolVersion":${JSON.stringify(client.revision)}`,
    `"capabilities":${legacyCapabilities(answer)}`,
    `"serverInfo":${info ?? JSON.stringify({ name: server, version: '0' })}`,
  ];
  if (instructions !== undefined) members.push(`"instructions":${instructions}`);
  return `{${members.join(',')}}`;
}

function legacyCapabilities(answer: MessageView): string {
  const { bytes } = answer;
  const span = answer.at('result', 'capabilities');
  if (!isObjectAt(bytes, span)) return '{}';
  const own = withMembers(bytes, { without: ['tasks'] }, span);
  const hasTasks = valueAt(own, 'extensions', TASKS_EXTENSION) !== undefined;
  const kept = hasTasks ? changeAt(own, ['extensions'], { without: [TASKS_EXTENSION] }) : own;
  return textAt(kept);
}
