// Reads a text from a stream of bytes, as long as it is short.

/** The text; undefined if it is longer than `limitBytes` or not UTF-8. Rejects if the stream breaks. */
export async function boundedText(
  stream: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<string | undefined> {
  const bytes = new Uint8Array(limitBytes);
  let length = 0;
  for await (const chunk of stream) {
    if (length + chunk.length > limitBytes) return undefined;
    bytes.set(chunk, length);
    length += chunk.length;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
}
