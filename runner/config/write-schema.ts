// `npm run schema`: writes config.schema.json from the schema that the runner itself uses.
import { writeFile } from 'node:fs/promises';
import { configJsonSchema } from './json-schema.ts';

const SCHEMA_FILE = new URL('../config.schema.json', import.meta.url);

await writeFile(SCHEMA_FILE, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
