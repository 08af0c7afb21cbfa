// Reads a config file's bytes as text.
import { readFile } from 'node:fs/promises';

/** A config of 256 servers with long arguments is below 256 KiB; what is larger is another file. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The text, or what keeps it from being read. */
export type TextReading =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: { what: string; fix: string } };

/** Reads a UTF-8 file of at most 1 MiB. Never rejects. */
export async function readText(path: string): Promise<TextReading> {
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength > MAX_FILE_BYTES) {
      return {
        ok: false,
        fault: { what: 'is larger than 1 MiB', fix: 'Name the file that holds "mcpServers".' },
      };
    }
    // The decoder drops a byte-order mark, which Windows editors write and JSON.parse refuses.
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { ok: false, fault: readFault(code) };
  }
}

function readFault(code: string): { what: string; fix: string } {
  switch (code) {
    case 'ENOENT':
      return { what: 'does not exist', fix: 'Name your config with --config <file>.' };
    case 'EISDIR':
      return { what: 'is a directory', fix: 'Name the config file in it.' };
    case 'EACCES':
      return {
        what: 'may not be read by this user',
        fix: 'Give the user that runs mcp-bridge the right to read it.',
      };
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { what: 'is not UTF-8 text', fix: 'Save it as UTF-8.' };
    default:
      return { what: `could not be read (${code})`, fix: 'Check the file and its disk.' };
  }
}
