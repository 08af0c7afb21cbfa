// The servers of a runner whose tools are pinned, and what its edge is told of tools that are held back (PROTOCOL.md LP33).
import type { HeldFrame } from '../shared/link/control-frames.ts';
import type { ServerName } from '../shared/ids.ts';
import { watchConfig, type ConfigWatching } from './config/watch.ts';
import { ToldHeld } from './core/told-held.ts';
import type { Log } from './log.ts';
import { lookAtPins, ServerPinBook, type PinFileLook, type PinSetting } from './pin-file.ts';

export class PinBooks {
  readonly #say: (frame: HeldFrame) => void;
  readonly #books = new Map<ServerName, ServerPinBook>();
  /** By path: somebody accepts tools there, or spoils it, while nobody calls. */
  readonly #watches = new Map<string, ConfigWatching>();
  #looks: ReadonlyMap<string, PinFileLook> = new Map();
  readonly #told = new ToldHeld();
  #isLinked = false;
  #isTelling = false;

  constructor(say: (frame: HeldFrame) => void) {
    this.#say = say;
  }

  get(server: ServerName): ServerPinBook | undefined {
    return this.#books.get(server);
  }

  add(server: ServerName, setting: PinSetting, log: Log): void {
    const { file } = setting;
    const changed = () => this.#tellSoon();
    this.#books.set(server, new ServerPinBook(server, setting, log, changed));
    if (!this.#watches.has(file))
      this.#watches.set(file, watchConfig({ file, envFiles: [] }, changed));
    changed();
  }

  remove(server: ServerName): void {
    if (this.#books.delete(server)) this.#tellSoon();
  }

  /** The edge has welcomed a new socket: it is told all. */
  linked(): void {
    this.#isLinked = true;
    this.#told.forget();
    this.#tellSoon();
  }

  unlinked(): void {
    this.#isLinked = false;
  }

  close(): void {
    this.#isLinked = false;
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  /** Once, however much changes at a time. */
  #tellSoon(): void {
    if (this.#isTelling || !this.#isLinked) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      if (this.#isLinked) this.#tell();
    });
  }

  #tell(): void {
    const looks = new Map<string, PinFileLook>();
    for (const { file } of this.#books.values())
      if (!looks.has(file)) looks.set(file, lookAtPins(file, this.#looks.get(file)));
    this.#looks = looks;
    const held = [...this.#books].flatMap(([server, book]) => {
      const look = looks.get(book.file);
      return look ? [[server, book.heldIn(look)] as const] : [];
    });
    for (const frame of this.#told.news(new Map(held))) this.#say(frame);
  }
}
