// The legacy handshake as a session sees it pass: the client's capabilities, and the revision the server chose
// (MCP 2025-11-25, Lifecycle, "Initialization"). The only messages the runner parses.
import * as v from 'valibot';

const initializeRequest = v.object({
  params: v.object({ capabilities: v.record(v.string(), v.unknown()) }),
});
const initializeResult = v.object({ result: v.object({ protocolVersion: v.string() }) });

/** Which client capability each server-to-client request needs; `ping` needs none. */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
]);

export class Handshake {
  #state: 'none' | 'asked' | 'done' = 'none';
  #revision: string | undefined;
  #capabilities: ReadonlySet<string> = new Set();

  get hasBegun(): boolean {
    return this.#state !== 'none';
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** What the server chose; undefined before, or when its result names none. */
  get revision(): string | undefined {
    return this.#revision;
  }

  /** An `initialize` request passes; a malformed one declares nothing (the server judges it). */
  begin(message: string): void {
    const parsed = v.safeParse(initializeRequest, JSON.parse(message));
    this.#capabilities = new Set(
      parsed.success ? Object.keys(parsed.output.params.capabilities) : [],
    );
    this.#state = 'asked';
  }

  /** Its result passes. */
  complete(message: string): void {
    const parsed = v.safeParse(initializeResult, JSON.parse(message));
    this.#revision = parsed.success ? parsed.output.result.protocolVersion : undefined;
    this.#state = 'done';
  }

  /** The capability `method` needs and the client did not declare, or undefined when the client may be asked. */
  lacksFor(method: string): string | undefined {
    const needed = NEEDED.get(method);
    return needed !== undefined && !this.#capabilities.has(needed) ? needed : undefined;
  }
}
