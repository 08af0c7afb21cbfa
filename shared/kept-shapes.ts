// Keeps an example of each shape of object that a hot path makes and drops. Compiled code knows the shapes it was compiled for, and V8
// throws it away when it collects the last object of one. It spares shapes that may come again, but not in workerd, where each
// collection is made in one go (`--noincremental-marking`): there the code of a scan was compiled again for ever, once a second.

const kept: object[] = [];

/** For as long as the program runs. Once, where a module is loaded. Examples are made as the hot path makes them, by the same code. */
export function keepShapes(...examples: readonly object[]): void {
  kept.push(...examples);
}
