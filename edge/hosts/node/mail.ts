// Delivers what the ends of in-memory sockets send each other: later, and in the order in which it was sent, as a network does. So
// nobody is called while still at work.

/** So much is delivered at a time; then others have their turn. */
const TURN_BYTES = 1024 * 1024;
const TURN_COUNT = 200;

interface Letter {
  readonly bytes: number;
  deliver(): void;
}

export class Mail {
  #letters: Letter[] = [];
  #isDue = false;

  /** `deliver` does not throw. */
  post(bytes: number, deliver: () => void): void {
    this.#letters.push({ bytes, deliver });
    this.#set();
  }

  #set(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isDue = false;
    const letters = this.#letters;
    this.#letters = [];
    let bytes = 0;
    let count = 0;
    for (const letter of letters) {
      if (count >= TURN_COUNT || bytes >= TURN_BYTES) break;
      count += 1;
      bytes += letter.bytes;
      letter.deliver();
    }
    if (count < letters.length) this.#letters = [...letters.slice(count), ...this.#letters];
    if (this.#letters.length > 0) this.#set();
  }
}
