// Delivers what the ends of in-memory sockets send each other: later, and in the order in which it was sent, as a network does. So
// nobody is called while still at work.

/** So much is delivered at a time; then others have their turn. */
const TURN_BYTES = 1024 * 1024;
const TURN_COUNT = 200;

/**
 * So much of it is delivered as soon as its sender is done. To wait for a turn of the event loop costs as much as to handle a small
 * frame; but two who go on answering each other must not keep the program to themselves.
 */
const SOON_BYTES = 64 * 1024;
const SOON_COUNT = 32;

interface Letter {
  readonly bytes: number;
  /** Its receiver listens by now. */
  readonly isAwaited: boolean;
  deliver(): void;
}

export class Mail {
  #letters: Letter[] = [];
  #isDue = false;
  /** Delivered since the last turn. */
  #bytes = 0;
  #count = 0;

  /** `deliver` does not throw. `isAwaited`: the receiver is ready, so it can be delivered without a turn of the event loop. */
  post(bytes: number, deliver: () => void, isAwaited = false): void {
    const letter = { bytes, isAwaited, deliver };
    this.#letters.push(letter);
    if (this.#isDue) return;
    this.#isDue = true;
    if (this.#isSoon(letter)) queueMicrotask(this.#soon);
    else setImmediate(this.#turn);
  }

  #isSoon({ isAwaited, bytes }: Letter): boolean {
    return isAwaited && this.#count < SOON_COUNT && this.#bytes + bytes <= SOON_BYTES;
  }

  readonly #soon = (): void => {
    const letters = this.#letters;
    let at = 0;
    // What is sent meanwhile comes behind.
    for (let letter = letters[0]; letter && this.#isSoon(letter); letter = letters[at]) {
      at += 1;
      this.#count += 1;
      this.#bytes += letter.bytes;
      letter.deliver();
    }
    letters.splice(0, at);
    this.#isDue = letters.length > 0;
    if (this.#isDue) setImmediate(this.#turn);
  };

  readonly #turn = (): void => {
    const letters = this.#letters;
    this.#letters = [];
    this.#isDue = false;
    this.#bytes = 0;
    this.#count = 0;
    let at = 0;
    for (const letter of letters) {
      if (this.#count >= TURN_COUNT || this.#bytes >= TURN_BYTES) break;
      at += 1;
      this.#count += 1;
      this.#bytes += letter.bytes;
      letter.deliver();
    }
    if (at === letters.length) return;
    this.#letters = [...letters.slice(at), ...this.#letters];
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#turn);
  };
}
