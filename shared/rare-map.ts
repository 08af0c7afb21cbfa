// A map of what is rarely there. An empty Map takes two hundred bytes, and an idle session has a dozen that are never used.

const NOTHING = new Map<never, never>();

/** As a Map, which is made with the first entry. */
export class RareMap<K, V> implements Iterable<[K, V]> {
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  has(key: K): boolean {
    return this.#map?.has(key) ?? false;
  }

  get(key: K): V | undefined {
    return this.#map?.get(key);
  }

  set(key: K, value: V): void {
    (this.#map ??= new Map()).set(key, value);
  }

  delete(key: K): boolean {
    return this.#map?.delete(key) ?? false;
  }

  clear(): void {
    this.#map?.clear();
  }

  keys(): MapIterator<K> {
    return (this.#map ?? NOTHING).keys();
  }

  values(): MapIterator<V> {
    return (this.#map ?? NOTHING).values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return (this.#map ?? NOTHING)[Symbol.iterator]();
  }
}
