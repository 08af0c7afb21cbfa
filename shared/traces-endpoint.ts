// Where a collector takes spans.

const PATH = '/v1/traces';

/** An http(s) URL without a user name, a query and a fragment. */
const COLLECTOR = /^https?:\/\/[^/?#@\\\s]+(?:\/[^?#\\\s]*)?$/iu;

/** As the OTLP exporters read `OTEL_EXPORTER_OTLP_ENDPOINT`: a base, unless it names the path already. Undefined for no such URL. */
export function tracesEndpoint(text: string): string | undefined {
  if (!COLLECTOR.test(text)) return undefined;
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  const base = text.slice(0, end);
  return base.endsWith(PATH) ? base : base + PATH;
}
