// Parses a config file by the ending of its name: JSON with comments, TOML or YAML.
import { extname } from 'node:path';
import { parseJson, type Parsing } from './json-syntax.ts';

/** The value of a file, or the mistakes in its syntax. Parsers that few files need are loaded only for those. */
export async function parseFile(path: string, text: string): Promise<Parsing> {
  switch (extname(path).toLowerCase()) {
    case '.toml':
      return (await import('./toml.ts')).parseToml(text);
    case '.yaml':
    case '.yml':
      return (await import('./yaml.ts')).parseYaml(text);
    default:
      return parseJson(text);
  }
}
