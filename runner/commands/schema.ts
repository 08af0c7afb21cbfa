// `mcp-bridge schema`: prints the config's JSON Schema.
import { readFile } from 'node:fs/promises';
import { EXIT, readArguments } from './arguments.ts';
import { print } from '../output.ts';

/** Prints the schema file that lies next to the program. */
export async function schemaCommand(argv: readonly string[], schemaFile: URL): Promise<number> {
  if (readArguments('schema', argv) === undefined) return EXIT.usage;
  print(await readFile(schemaFile, 'utf8'));
  return EXIT.ok;
}
