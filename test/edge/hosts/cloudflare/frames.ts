// One end of a WebSocket as a test holds it: what arrived waits in order until it is asked for.

/** A frame that arrived: its header, and its message as text. */
export interface Arrived {
  readonly type: string;
  readonly message: string | undefined;
  readonly [field: string]: unknown;
}

export class Frames {
  /** What a runner owes. */
  answersPings = true;
  readonly #socket: WebSocket;
  readonly #arrived: Arrived[] = [];
  readonly #closed = Promise.withResolvers<number>();
  #wake: (() => void) | undefined;
  #taken: ((text: string) => void) | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#keep(String(data)));
    socket.addEventListener('close', ({ code }) => {
      this.#closed.resolve(code);
      this.#wake?.();
    });
    socket.accept();
  }

  /** The code with which the other side closed. */
  get closed(): Promise<number> {
    return this.#closed.promise;
  }

  send(header: object, message?: string): void {
    this.raw(
      message === undefined ? JSON.stringify(header) : `${JSON.stringify(header)}\n${message}`,
    );
  }

  /** Sends what no encoder would. */
  raw(text: string | ArrayBuffer): void {
    this.#socket.send(text);
  }

  /** Gives the next message as it came, whatever it is. */
  listen(taken: (text: string) => void): void {
    this.#taken = taken;
  }

  close(code = 1000): void {
    this.#socket.close(code, 'test');
  }

  /** The next frame of this type; others that came before it stay. */
  async next(type: string): Promise<Arrived> {
    for (;;) {
      const at = this.#arrived.findIndex((frame) => frame.type === type);
      const [frame] = at === -1 ? [] : this.#arrived.splice(at, 1);
      if (frame) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What has arrived and was not asked for yet. */
  get waiting(): readonly Arrived[] {
    return this.#arrived;
  }

  #keep(text: string): void {
    // The other side asks how far its data has come (LP4).
    if (text === 'ping') return this.answersPings ? this.#socket.send('pong') : undefined;
    if (this.#taken) {
      this.#taken(text);
      this.#taken = undefined;
      return;
    }
    const end = text.indexOf('\n');
    const header = JSON.parse(end === -1 ? text : text.slice(0, end));
    this.#arrived.push({ ...header, message: end === -1 ? undefined : text.slice(end + 1) });
    this.#wake?.();
  }
}
