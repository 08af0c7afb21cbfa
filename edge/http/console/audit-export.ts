// GET /-/audit.jsonl: what the edge has recorded and still keeps, a line of JSON each, as `mcp-bridge audit --json` prints it.
import type { CallQuery } from './facts.ts';
import { COMMON } from './frame.ts';
import type { ConsoleRequest } from './request.ts';
import { OwnLines } from '../../core/own-lines.ts';
import { streamResponse, type BodyReader } from '../stream-body.ts';

const encoder = new TextEncoder();

export function auditAnswer({ ports, viewer }: ConsoleRequest, query: CallQuery): Response {
  const { server, outcome } = query;
  const principal = viewer.isOwner ? query.person : viewer.name;
  const own = viewer.isOwner ? undefined : new OwnLines(viewer.name);
  let after: number | undefined;
  const pull = async (reader: BodyReader): Promise<void> => {
    const { lines, next } = await ports.fleet.records({ after, server, principal, outcome });
    if (lines.length === 0 || next === after) return reader.close();
    after = next;
    const text = (own?.take(lines) ?? lines).map(({ time, line }) => {
      const { level, message, ...fields } = line;
      return `${JSON.stringify({ time: new Date(time).toISOString(), level, message, ...fields })}\n`;
    });
    reader.enqueue(encoder.encode(text.join('')));
  };
  const headers = {
    ...COMMON,
    'Content-Type': 'application/jsonl; charset=utf-8',
    'Content-Disposition': 'attachment; filename="audit.jsonl"',
  };
  return streamResponse({ pull }, { headers });
}
