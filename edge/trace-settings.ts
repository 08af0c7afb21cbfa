// Reads where traces go: the collector, what it is shown, and which part of the calls is traced. Without a collector nothing is traced.
import { variableText, type Problems } from './variable.ts';
import { tracesEndpoint } from '../shared/traces-endpoint.ts';

export interface TraceSettings {
  /** Where spans are POSTed by OTLP: the collector's URL and `/v1/traces`. */
  readonly endpoint: string;
  /** Sent with them; may hold the collector's key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the calls for which no client has begun a trace. */
  readonly ratio: number;
}

/** As whom the edge tells its spans. */
export const EDGE_RESOURCE = { 'service.name': 'mcp-bridge-edge' } as const;

/** Nobody waits for each call's trace, and a busy edge has thousands a minute. */
const RATIO = 0.1;

export function readTraces(
  env: Record<string, unknown>,
  problems: Problems,
): TraceSettings | undefined {
  const url = variableText(env, problems, 'BRIDGE_TRACES');
  if (url === undefined || url === '') return undefined;
  const endpoint = tracesEndpoint(url);
  if (endpoint === undefined) {
    problems.push({
      what: 'BRIDGE_TRACES is not the URL of a collector, so nothing is traced',
      fix: 'Set it to a URL such as https://collector.example:4318, without a user name, a query or a fragment.',
    });
    return undefined;
  }
  return { endpoint, headers: readHeaders(env, problems), ratio: readRatio(env, problems) };
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
const HEADER_VALUE = /^[\u0020-\u007e]*$/u;

/** `name=value,…`, percent-encoded, as `OTEL_EXPORTER_OTLP_HEADERS` is (OpenTelemetry, OTLP Exporter Configuration). */
function readHeaders(env: Record<string, unknown>, problems: Problems): Record<string, string> {
  const text = variableText(env, problems, 'BRIDGE_TRACES_HEADERS') ?? '';
  const headers: Record<string, string> = {};
  for (const [index, pair] of text.split(',').entries()) {
    if (pair.trim() === '') continue;
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
    if (at > 0 && HEADER_NAME.test(name) && value !== undefined && HEADER_VALUE.test(value))
      headers[name] = value;
    else
      problems.push({
        what: `BRIDGE_TRACES_HEADERS, entry ${index + 1}: not valid, so it is ignored`,
        fix: 'List headers as name=value, separated by commas, with values percent-encoded.',
      });
  }
  return headers;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function readRatio(env: Record<string, unknown>, problems: Problems): number {
  const text = variableText(env, problems, 'BRIDGE_TRACES_RATIO');
  if (text === undefined || text === '') return RATIO;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  problems.push({
    what: `BRIDGE_TRACES_RATIO is no number from 0 to 1, so ${RATIO} counts`,
    fix: 'Set it to the part of the calls that is to be traced, such as 0.1.',
  });
  return RATIO;
}
