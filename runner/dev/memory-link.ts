// Sockets between a runner and an edge in the same program: what a dial needs of a network, without one.
import type { Dialled } from '../../edge/hosts/node/assembly.ts';
import type { NodeEdge } from '../../edge/hosts/node/edge.ts';
import type { Connect, Connection, ConnectionListener, DialOptions } from '../link/connect.ts';

/** Makes sockets to an edge in this program. */
export const connectInMemory =
  (edge: Pick<NodeEdge, 'dial'>): Connect =>
  (options, listener) =>
    new MemoryConnection(edge, options, listener);

type End = Extract<Dialled, { ok: true }>['end'];

/** The code of a socket that broke (RFC 6455 §7.4.1). */
const BROKEN = 1006;

class MemoryConnection implements Connection {
  readonly bytesRead = undefined;
  readonly #listener: ConnectionListener;
  #end: End | undefined;
  #isTerminated = false;

  constructor(edge: Pick<NodeEdge, 'dial'>, options: DialOptions, listener: ConnectionListener) {
    this.#listener = listener;
    const { url, token, headers } = options;
    edge
      .dial(url.replace(/^ws/u, 'http'), { Authorization: `Bearer ${token}`, ...headers })
      .then((dialled) => this.#dialled(dialled))
      .catch((error: unknown) =>
        listener.failed(error instanceof Error ? error : new Error('unknown', { cause: error })),
      );
  }

  get isOpen(): boolean {
    return this.#end?.isOpen === true;
  }

  send(bytes: Uint8Array): void {
    this.#end?.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  }

  close(code: number, reason: string): void {
    if (this.#end) this.#end.close(code, reason);
    else this.terminate();
  }

  terminate(): void {
    this.#isTerminated = true;
    this.#end?.close(BROKEN, '');
  }

  async #dialled(dialled: Dialled): Promise<void> {
    if (!dialled.ok) return this.#refused(dialled.response);
    const { end } = dialled;
    const listener = this.#listener;
    end.listen({
      message: (text = '') => listener.message(Buffer.from(text, 'utf8'), false),
      closed: (code) => listener.closed(code, ''),
    });
    this.#end = end;
    if (this.#isTerminated) end.close(BROKEN, '');
    else listener.opened();
  }

  async #refused(response: Response): Promise<void> {
    const headers = Object.fromEntries(response.headers);
    const body = await response.text();
    this.#listener.refused({ status: response.status, headers, body });
  }
}
