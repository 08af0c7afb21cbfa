// Amounts of memory as people write them in the config: bytes, or a number with a binary unit.

const UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

export const BYTES_TEXT = /^(\d{1,9})(KiB|MiB|GiB)$/;

/** Bytes of `1048576`, `"512MiB"` or `"1GiB"`; NaN for anything else. */
export function byteCount(size: number | string): number {
  if (typeof size === 'number') return size;
  const [, count, unit] = BYTES_TEXT.exec(size) ?? [];
  return Number(count) * (UNITS[unit ?? ''] ?? Number.NaN);
}

/** A whole number of bytes in the largest unit that leaves it whole, for people to read: `"16 MiB"`. */
export function byteText(bytes: number): string {
  const [unit, unitBytes] = Object.entries(UNITS).findLast(([, each]) => bytes % each === 0) ?? [
    'bytes',
    1,
  ];
  return `${bytes / unitBytes} ${unit}`;
}
