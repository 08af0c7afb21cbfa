// The headers of a server at a URL, in the spellings of the programs that have such servers.
import { isObject } from '../../shared/json-value.ts';
import { canonicalKey } from './layouts.ts';
import { scalarText } from './source-number.ts';

/** Headers as the schema reads them; `wrong`: the key of what is no object of strings. */
export interface FoundHeaders {
  readonly headers: Readonly<Record<string, unknown>> | undefined;
  readonly wrong: string | undefined;
}

/** By canonical spelling: Codex names variables for headers, and Continue has them one level below. */
export function headersIn(raw: Readonly<Record<string, unknown>>): FoundHeaders {
  const headers: [string, unknown][] = [];
  let wrong: string | undefined;
  for (const [key, value] of Object.entries(raw)) {
    if (value === null || value === undefined || value === '') continue;
    const canonical = canonicalKey(key);
    if (canonical === 'bearertokenenvvar' && typeof value === 'string') {
      headers.push(['Authorization', `Bearer \${${value}}`]);
      continue;
    }
    const found = canonical === 'requestoptions' && isObject(value) ? value['headers'] : value;
    if (!PLACES.has(canonical) || found === undefined || found === null) continue;
    if (!isObject(found)) {
      wrong ??= key;
      continue;
    }
    for (const [name, text] of Object.entries(found)) {
      if (text === null) continue;
      const isVariable = canonical === 'envhttpheaders' && typeof text === 'string';
      headers.push([name, isVariable ? `\${${text}}` : (scalarText(text) ?? text)]);
    }
  }
  return { headers: headers.length > 0 ? Object.fromEntries(headers) : undefined, wrong };
}

const PLACES: ReadonlySet<string> = new Set([
  'headers',
  'httpheaders',
  'envhttpheaders',
  'requestoptions',
]);
