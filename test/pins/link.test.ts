// What deployed runners and edges rely on, as literals. A failure here means that the protocol changes.
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

import { afterControlClose, afterSessionClose, CLOSE } from '../../shared/link/close-codes.ts';
import { controlDown, controlUp } from '../../shared/link/control-frames.ts';
import { partial } from '../../shared/link/parts.ts';
import { sessionDown, sessionUp, streamDown } from '../../shared/link/session-frames.ts';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PROTOCOL = readFileSync(join(ROOT, 'shared/link/PROTOCOL.md'), 'utf8');

/** Every field, bound and pattern of a schema; functions in it are library code and left out. */
const shape = (schema: unknown): string =>
  JSON.stringify(schema, (_key, value: unknown) =>
    value instanceof RegExp ? String(value) : value,
  );

const hash = (...schemas: unknown[]): string =>
  createHash('sha256').update(schemas.map(shape).join('\n')).digest('hex').slice(0, 16);

/** The frames of each released version. A new version adds a row; a row never changes once runners with it are deployed. */
const FRAMES = { 'mcp-bridge.v2': 'd01e0d38a5a83df1' };

test('[LP2] frames change only with a new subprotocol: bump LINK_SUBPROTOCOLS, PROTOCOL.md §8 and this pin', () => {
  expect(LINK_SUBPROTOCOLS).toEqual(['mcp-bridge.v2']);
  expect(hash(controlUp, controlDown, sessionUp, sessionDown, streamDown, partial)).toBe(
    FRAMES[LINK_SUBPROTOCOLS[0]],
  );
});

test('the close codes that deployed runners and edges know', () => {
  expect(CLOSE).toEqual({
    done: 1000,
    failed: 1011,
    protocol: 4400,
    notGranted: 4403,
    heartbeat: 4408,
    replaced: 4409,
    tooLarge: 4413,
    comeBack: 4503,
  });
});

describe('the table of PROTOCOL.md §6', () => {
  const [, section = ''] = PROTOCOL.split('## 6. Close codes');
  const rows = [
    ...section.matchAll(/^\| ([\d, ]+) \| ([^|]+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$/gmu),
  ].flatMap(([, codes = '', senders = '', control = '', session = '']) =>
    codes.split(', ').map((code) => ({ code: Number(code), senders, control, session })),
  );
  const ours = rows.filter(({ senders }) => /edge|runner/u.test(senders));

  test('has each code of ours, and no other', () => {
    const codes = ours.map(({ code }) => code);
    expect(codes).toEqual(Object.values(CLOSE));
  });

  test.each(Object.entries(CLOSE))('says which side has a line that sends %s', (name, code) => {
    const has = (room: string): boolean =>
      globSync(`${room}/**/*.ts`, { cwd: ROOT }).some((path) =>
        readFileSync(join(ROOT, path), 'utf8').includes(`CLOSE.${name}`),
      );
    const senders = ['edge', 'runner'].filter(has).join(', ');
    expect(ours.find((row) => row.code === code)?.senders).toBe(senders);
  });

  test('says what a runner does after each', () => {
    const words = (verdict: string): string => verdict.replaceAll('_', ' ');
    for (const { code, control, session } of rows) {
      expect([code, words(afterControlClose(code)), words(afterSessionClose(code))]).toEqual([
        code,
        control,
        session,
      ]);
    }
    expect([afterControlClose(4999), afterSessionClose(4999)]).toEqual(['relink', 'relink']);
  });
});
