// Sockets between a runner and an edge in the same program: what a dial needs of a network, without one.
import type { Dialled } from '../../edge/hosts/node/assembly.ts';
import type { NodeEdge } from '../../edge/hosts/node/edge.ts';
import { inPieces, Utf8Text, wholeBytes, type Bytes, type Text } from '../../shared/bytes.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';
import type { Connect, Connection, ConnectionListener, DialOptions } from '../link/connect.ts';

/** Makes sockets to an edge in this program. */
export const connectInMemory =
  (edge: Pick<NodeEdge, 'dial'>): Connect =>
  (options, listener) =>
    new MemoryConnection(edge, options, listener);

type End = Extract<Dialled, { ok: true }>['end'];

/** The code of a socket that broke (RFC 6455 §7.4.1). */
const BROKEN = 1006;

/** A message from here on stays as it is, in pieces: most go to their client as the bytes that they were. */
const APART_BYTES = 256 * 1024;
const PIECE_BYTES = 256 * 1024;

/** Put together of what stands before and behind the id; all others are views. */
const FIRST_PIECE_BYTES = 16 * 1024;

const utf8 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('utf8');

/** The edge works on text. */
function asText(message: Bytes): Text {
  if (message.length < APART_BYTES) return utf8(wholeBytes(message));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < message.length;) {
    const piece = bytesForm.slice(message, at, at === 0 ? FIRST_PIECE_BYTES : PIECE_BYTES);
    pieces.push(piece);
    at += piece.length;
  }
  return new Utf8Text(inPieces(pieces));
}

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
    this.#end?.send(utf8(bytes));
  }

  carry(frame: SessionUp, message: Bytes | undefined): void {
    this.#end?.carry?.({ frame, message: message && asText(message) }, message?.length ?? 0);
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
      carried: (frame) => listener.carried(frame),
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
