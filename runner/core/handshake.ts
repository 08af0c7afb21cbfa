// What a session reads of the legacy handshake: the client's capabilities, and the revision the server chose
// (MCP 2025-11-25, Lifecycle, "Initialization"). The only messages the runner parses.
import * as v from 'valibot';

const initializeRequest = v.object({
  params: v.object({ capabilities: v.record(v.string(), v.unknown()) }),
});
const initializeResult = v.object({ result: v.object({ protocolVersion: v.string() }) });

/** The names of the capabilities an `initialize` request declares; none when it is malformed (the server judges that). */
export function readClientCapabilities(message: string): ReadonlySet<string> {
  const parsed = v.safeParse(initializeRequest, JSON.parse(message));
  return new Set(parsed.success ? Object.keys(parsed.output.params.capabilities) : []);
}

/** The revision of an `initialize` result, or undefined when it names none. */
export function readRevision(message: string): string | undefined {
  const parsed = v.safeParse(initializeResult, JSON.parse(message));
  return parsed.success ? parsed.output.result.protocolVersion : undefined;
}

/** Which client capability each server-to-client request needs; `ping` needs none. */
const NEEDED: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
};

/** The capability `method` needs and the client did not declare, or undefined when the client may be asked. */
export function lacksCapability(method: string, declared: ReadonlySet<string>): string | undefined {
  const needed = Object.hasOwn(NEEDED, method) ? NEEDED[method] : undefined;
  return needed !== undefined && !declared.has(needed) ? needed : undefined;
}
