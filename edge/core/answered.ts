// Which request a message answers, where the edge has to know it: on HTTP+SSE, where all answers share one stream.
import { scanMessage } from '../../shared/jsonrpc/scan.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The id of the request that a message of the runner's answers, as raw JSON text; undefined for what is no answer. */
export function answeredId(message: string): string | undefined {
  const bytes = encoder.encode(message);
  const scan = scanMessage(bytes, { tokens: Infinity });
  if (!scan.ok || scan.shape !== 'single' || !scan.envelope.id) return undefined;
  const { id, kind } = scan.envelope;
  if (kind !== 'result' && kind !== 'error') return undefined;
  return decoder.decode(bytes.subarray(id.start, id.end));
}
