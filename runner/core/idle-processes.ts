// Processes that no session has: started ahead of time, or left by their sessions while they started. This decides which of them a session
// gets. What was made for a person goes to that person alone, with the same values, or to nobody. Pure: the host starts and ends them.

/** What a session gets: those that start already, of which the first to answer serves; or a warm one; or one that is started for it. */
export type Given<Process> =
  | { readonly kind: 'left'; readonly processes: readonly Process[] }
  | { readonly kind: 'warm'; readonly process: Process }
  | { readonly kind: 'none' };

export class IdleProcesses<Process> {
  readonly #warm: Process[] = [];
  /** With whose they are; undefined: of a server whose processes are the same for everybody. */
  readonly #left = new Map<Process, string | undefined>();

  get warm(): number {
    return this.#warm.length;
  }

  get left(): number {
    return this.#left.size;
  }

  isWarm(process: Process): boolean {
    return this.#warm.includes(process);
  }

  isLeft(process: Process): boolean {
    return this.#left.has(process);
  }

  /** It was started ahead: it was made for nobody, and has nothing of a person. */
  startedAhead(process: Process): void {
    this.#warm.push(process);
  }

  /** Its session left it while it started. */
  leave(process: Process, owner: string | undefined): void {
    this.#left.set(process, owner);
  }

  /** Whether {@link take} gives one. */
  has(owner: string | undefined, takesWarm = true): boolean {
    const isWarm = takesWarm && owner === undefined && this.#warm.length > 0;
    return isWarm || this.#leftOf(owner).length > 0;
  }

  /** Those that a session of this owner gets; they are idle no more. `takesWarm`: it may be one that was started ahead. */
  take(owner: string | undefined, takesWarm = true): Given<Process> {
    const processes = this.#leftOf(owner);
    for (const process of processes) this.#left.delete(process);
    if (processes.length > 0) return { kind: 'left', processes };
    const process = takesWarm && owner === undefined ? this.#warm.shift() : undefined;
    return process === undefined ? { kind: 'none' } : { kind: 'warm', process };
  }

  /** The newest of those started ahead, which is idle no more: it has done the least so far. */
  takeNewest(): Process | undefined {
    return this.#warm.pop();
  }

  /** It is gone, or is to be ended; as what it was kept. */
  remove(process: Process): 'warm' | 'left' | undefined {
    if (this.#left.delete(process)) return 'left';
    const at = this.#warm.indexOf(process);
    if (at === -1) return undefined;
    this.#warm.splice(at, 1);
    return 'warm';
  }

  /** All of them, which are idle no more. */
  clear(): Process[] {
    const all = [...this.#warm.splice(0), ...this.#left.keys()];
    this.#left.clear();
    return all;
  }

  #leftOf(owner: string | undefined): Process[] {
    return [...this.#left].flatMap(([process, of]) => (of === owner ? [process] : []));
  }
}
