// What the edge's owner is told of tools that are held back by their pins (PROTOCOL.md LP33): whose they are and their names, whenever that
// is another than what was told last. Pure.
import { isAnyHeld, type HeldFrame } from '../../shared/link/control-frames.ts';
import { HELD_NAME_CHARS, HELD_NAMES } from '../../shared/link/sizes.ts';
import type { ServerName } from '../../shared/ids.ts';
import { shownLine } from './shown-line.ts';
import { shownText } from './shown-text.ts';

/** The tools of a server that are not as they were pinned. */
export interface HeldTools {
  /** `warn`: they are served all the same; `all`: every tool is held back, since the pins cannot be read. */
  readonly mode: HeldFrame['mode'];
  /** As the server names them. */
  readonly names: readonly string[];
}

const NONE: HeldTools = { mode: 'hold', names: [] };

export class ToldHeld {
  /** By server, what was told last of those that hold something back. */
  readonly #told = new Map<ServerName, string>();

  /** What to tell now that it is so. A server that is not in it has no pins. */
  news(held: ReadonlyMap<ServerName, HeldTools>): HeldFrame[] {
    const frames: HeldFrame[] = [];
    for (const server of new Set([...this.#told.keys(), ...held.keys()])) {
      const frame = frameOf(server, held.get(server) ?? NONE);
      const told = isAnyHeld(frame) ? JSON.stringify(frame) : undefined;
      if (told === this.#told.get(server)) continue;
      if (told === undefined) this.#told.delete(server);
      else this.#told.set(server, told);
      frames.push(frame);
    }
    return frames;
  }

  /** The edge may know nothing of it any more. */
  forget(): void {
    this.#told.clear();
  }
}

const frameOf = (server: ServerName, { mode, names }: HeldTools): HeldFrame => ({
  type: 'held',
  server,
  mode,
  count: names.length,
  tools: names.slice(0, HELD_NAMES).map(shownName),
});

/** Nothing in it is hidden. What is far longer than is shown need not be looked through. */
const shownName = (name: string): string =>
  shownLine(shownText(name.slice(0, HELD_NAME_CHARS + 1)), HELD_NAME_CHARS);
