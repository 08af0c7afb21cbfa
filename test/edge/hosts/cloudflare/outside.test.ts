// Documents of apps as a worker reads them: a 200 from where it was asked for, short, and nothing else.
import { expect, test } from 'vitest';

import { fetchedOutside } from '../../../../edge/hosts/cloudflare/outside.ts';

test('[F-432] a document is read, with how long it counts', async () => {
  expect(await fetchedOutside('https://app.example/client')).toEqual({
    text: '{"client_id":"https://app.example/client"}',
    cacheControl: 'max-age=60',
  });
});

test.each(['moved', 'large', 'broken', 'latin', 'gone'])(
  '[F-432] nothing is read of one that is %s',
  async (name) => {
    expect(await fetchedOutside(`https://app.example/${name}`)).toBeUndefined();
  },
);
