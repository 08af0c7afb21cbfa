// The legacy handshake as it passes through a session: the client's capabilities, and the revision the server chose (MCP
// 2025-11-25, Lifecycle, "Initialization"). Read by its bytes, because results of any size pass here.
import { JsonCursor } from '../../shared/jsonrpc/json-cursor.ts';
import { MESSAGE_TOKENS } from '../../shared/limits.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { appIn, type ToldApp } from '../../shared/mcp/told.ts';

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
  #app: ToldApp = {};

  get hasBegun(): boolean {
    return this.#state !== 'none';
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** What the client calls itself. */
  get app(): ToldApp {
    return this.#app;
  }

  /** What the server chose; undefined before, or if its result names none. */
  get revision(): string | undefined {
    return this.#revision;
  }

  /** An `initialize` request passes; a malformed one declares nothing (the server judges it). */
  begin(message: MessageView): void {
    const members = message.members('params', 'capabilities');
    this.#capabilities = new Set([...members].map(({ key }) => key));
    this.#app = appIn(message);
    this.#state = 'asked';
  }

  /** Whether a client can be expected to read this answer to `initialize`; no real server sends more. */
  static isReadable({ bytes }: MessageView): boolean {
    return new JsonCursor(bytes, Infinity, MESSAGE_TOKENS).skipValue();
  }

  /** Its result passes. */
  complete(message: MessageView): void {
    this.#revision = message.string('result', 'protocolVersion');
    this.#state = 'done';
  }

  /** The capability `method` needs and the client did not declare, or undefined when the client may be asked. */
  lacksFor(method: string): string | undefined {
    const needed = NEEDED.get(method);
    return needed !== undefined && !this.#capabilities.has(needed) ? needed : undefined;
  }
}
