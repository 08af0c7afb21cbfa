// Tells the modern clients of one principal apart, as far as possible. They have no session, so a client is identified by its
// name and its capabilities, as far as a legacy server may know them. Its state lies in one process.
import { acrossEras, type Capabilities } from './capabilities.ts';
import type { ClientCall } from './client-call.ts';
import { at, canonical } from './json.ts';
import type { Digest } from './modern-to-legacy/request-state.ts';

/** Only this much of a name distinguishes clients. */
const NAME_CHARACTERS = 200;

/** Number of clients whose keys are remembered: there are few, and each sends the same in all its requests. */
const MAX_REMEMBERED = 100;
const MAX_REMEMBERED_CHARACTERS = 4_096;

export interface ClientKey {
  /** Equal for the requests of one client. */
  readonly of: string;
  /** Equal for the capabilities of a process. */
  readonly key: string;
  /** In the form that a legacy process gets. */
  readonly capabilities: Capabilities;
}

/** The name in a `clientInfo`; empty if there is none. */
export function clientName(clientInfo: unknown): string {
  const name = at(clientInfo, 'name');
  return typeof name === 'string' ? name.slice(0, NAME_CHARACTERS) : '';
}

export class ClientKeys {
  readonly #digest: Digest;
  readonly #known = new Map<string, ClientKey>();
  /** The key of the last client that sent these capabilities; they are the same object in requests that are alike. */
  readonly #last = new WeakMap<Capabilities, { readonly name: string; readonly key: ClientKey }>();

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  keyOf({ clientInfo, capabilities }: Pick<ClientCall, 'clientInfo' | 'capabilities'>): ClientKey {
    const name = clientName(clientInfo);
    const last = this.#last.get(capabilities);
    if (last?.name === name) return last.key;
    const key = this.#find(name, capabilities);
    this.#last.set(capabilities, { name, key });
    return key;
  }

  #find(name: string, capabilities: Capabilities): ClientKey {
    const text = canonical([name, capabilities]);
    const known = this.#known.get(text);
    if (known) return known;
    const told = acrossEras(capabilities);
    // Capabilities that no process gets do not tell clients apart.
    const of = this.#digest(canonical([name, told]));
    const key = { of, key: this.#digest(canonical(told)), capabilities: told };
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    if (text.length <= MAX_REMEMBERED_CHARACTERS) this.#known.set(text, key);
    return key;
  }
}
