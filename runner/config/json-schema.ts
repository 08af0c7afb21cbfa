// The config's shape as JSON Schema (draft-07), for editors.
import { toJsonSchema } from '@valibot/to-json-schema';
import { configFile } from './published-schema.ts';

/** What config.schema.json holds. Bounds of durations written as text have no counterpart in JSON Schema. */
export function configJsonSchema(): object {
  return {
    title: 'mcp-bridge config',
    ...toJsonSchema(configFile, { ignoreActions: ['check'] }),
  };
}
