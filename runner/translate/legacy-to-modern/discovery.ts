// Answers a legacy client's `initialize` from a modern process's answer to `server/discover` (MCP 2026-07-28, "Discovery").
import type { BridgeRequestId, ServerName } from '../../../shared/ids.ts';
import {
  changeAt,
  isObjectAt,
  parsedAt,
  textAt,
  valueAt,
  withMembers,
} from '../../../shared/jsonrpc/members.ts';
import { META, TASKS_EXTENSION } from '../../../shared/mcp/modern.ts';
import type { DeclaredClient } from './declared-client.ts';
import { isObject, type JsonObject } from '../../../shared/json-value.ts';

const encoder = new TextEncoder();

/** The line that asks, with an id of the bridge's own. */
export function discoverLine(id: BridgeRequestId, client: DeclaredClient): Uint8Array {
  const line = JSON.stringify({ jsonrpc: '2.0', id, method: 'server/discover' });
  return client.onRequest(encoder.encode(line));
}

/** The process's capabilities, parsed. */
export function capabilitiesIn(line: Uint8Array): JsonObject {
  const capabilities = parsedAt(line, 'result', 'capabilities');
  return isObject(capabilities) ? capabilities : {};
}

/** The result of `initialize` as JSON text. `server` is the name of a process that does not give one. */
export function initializeResult(
  line: Uint8Array,
  client: DeclaredClient,
  server: ServerName,
): string {
  const info = valueAt(line, 'result', '_meta', META.serverInfo);
  const instructions = valueAt(line, 'result', 'instructions');
  const members = [
    `"protocolVersion":${JSON.stringify(client.revision)}`,
    `"capabilities":${legacyCapabilities(line)}`,
    `"serverInfo":${info ? textAt(line, info) : JSON.stringify({ name: server, version: '0' })}`,
  ];
  if (instructions) members.push(`"instructions":${textAt(line, instructions)}`);
  return `{${members.join(',')}}`;
}

function legacyCapabilities(line: Uint8Array): string {
  const span = valueAt(line, 'result', 'capabilities');
  if (!isObjectAt(line, span)) return '{}';
  const own = withMembers(line, { without: ['tasks'] }, span);
  const hasTasks = valueAt(own, 'extensions', TASKS_EXTENSION) !== undefined;
  const kept = hasTasks ? changeAt(own, ['extensions'], { without: [TASKS_EXTENSION] }) : own;
  return textAt(kept);
}
