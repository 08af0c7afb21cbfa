// The published schema is the one that the runner uses, and objects to nothing that the runner reads.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../../runner/config/json-schema.ts';

describe('the published schema', () => {
  it('is what the runner itself uses (npm run schema writes it)', () => {
    const published = readFileSync(
      new URL('../../../runner/config.schema.json', import.meta.url),
      'utf8',
    );
    expect(JSON.parse(published)).toEqual(configJsonSchema());
  });
});
