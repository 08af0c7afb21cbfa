// What the edge's owner is told of the pinned servers of a runner, as it links, lists, is changed, and as somebody works on the lock file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createLog } from '../../runner/log.ts';
import { PinBooks } from '../../runner/pin-books.ts';
import { acceptPins, readPins } from '../../runner/pin-file.ts';
import { PATIENCE } from '../fixtures/patience.ts';

let folder: string;
let file: string;
let said: string[];
let books: PinBooks;

const log = createLog({ level: 'error', pretty: false, write: () => undefined });
const tool = (name: string) => ({ name, text: JSON.stringify({ name }) });
const list = (server: string, ...names: string[]): void => {
  const guard = books.get(server)?.guardFor('legacy');
  const tools = names.map(tool);
  guard?.listed(tools);
  for (const each of tools) guard?.accepts(each);
};
const accept = (server: string): void => {
  const reading = readPins(file);
  if (!reading.ok || !reading.pins.has(server)) throw new Error('no pins');
  acceptPins(file, reading.pins, (of) => of === server);
};
const whatWasSaid = () => said;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-pins-'));
  file = join(folder, 'mcp.lock.json');
  said = [];
  books = new PinBooks(({ server, mode, count, tools }) =>
    said.push([server, mode, count, ...tools].join(' ')),
  );
  books.add('files', { mode: 'hold', file }, log);
  books.add('mail', { mode: 'warn', file }, log);
});
afterEach(() => {
  books.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('[LP33] [F-735] what is held back', () => {
  test('is said once a list is through, and all of it to each new link', async () => {
    list('files', 'a');
    list('files', 'a', 'b', 'c');
    books.linked();
    await expect.poll(whatWasSaid, PATIENCE).toEqual(['files hold 2 b c']);
    list('mail', 'x');
    list('mail', 'y');
    await expect.poll(whatWasSaid, PATIENCE).toEqual(['files hold 2 b c', 'mail warn 1 y']);
    books.unlinked();
    list('files', 'd');
    books.linked();
    await expect
      .poll(whatWasSaid, PATIENCE)
      .toEqual(['files hold 2 b c', 'mail warn 1 y', 'files hold 3 b c d', 'mail warn 1 y']);
  });

  test('is over once it is accepted, or the server has no pins any more', async () => {
    for (const server of ['files', 'mail']) {
      list(server, 'a');
      list(server, 'b');
    }
    books.linked();
    await expect.poll(whatWasSaid, PATIENCE).toEqual(['files hold 1 b', 'mail warn 1 b']);
    accept('files');
    await expect
      .poll(whatWasSaid, PATIENCE)
      .toEqual(['files hold 1 b', 'mail warn 1 b', 'files hold 0']);
    books.remove('mail');
    await expect
      .poll(whatWasSaid, PATIENCE)
      .toEqual(['files hold 1 b', 'mail warn 1 b', 'files hold 0', 'mail hold 0']);
  });

  test('is everything while the lock file cannot be read', async () => {
    list('files', 'a');
    books.linked();
    writeFileSync(file, '{');
    await expect.poll(whatWasSaid, PATIENCE).toEqual(['files all 0']);
    writeFileSync(file, '{"version":1,"servers":{}}');
    await expect.poll(whatWasSaid, PATIENCE).toEqual(['files all 0', 'files hold 0']);
  });

  test('is known where the lock file cannot be written', async () => {
    books.close();
    const lost = join(folder, 'no', 'mcp.lock.json');
    books.add('files', { mode: 'hold', file: lost }, log);
    list('files', 'a');
    list('files', 'b');
    books.linked();
    await expect.poll(whatWasSaid, PATIENCE).toEqual(['files hold 1 b']);
  });
});
