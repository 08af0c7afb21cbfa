// What deployed runners and edges rely on, as literals. A failure here means that the protocol changes.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { afterControlClose, afterSessionClose, CLOSE } from '../../shared/link/close-codes.ts';
import { controlDown, controlUp } from '../../shared/link/control-frames.ts';
import { partial } from '../../shared/link/parts.ts';
import { sessionDown, sessionUp, streamDown } from '../../shared/link/session-frames.ts';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';

/** Every field, bound and pattern of a schema; functions in it are library code and left out. */
const shape = (schema: unknown): string =>
  JSON.stringify(schema, (_key, value: unknown) =>
    value instanceof RegExp ? String(value) : value,
  );

const hash = (...schemas: unknown[]): string =>
  createHash('sha256').update(schemas.map(shape).join('\n')).digest('hex').slice(0, 16);

/** The frames of each released version. A new version adds a row; a row never changes once runners with it are deployed. */
const FRAMES = { 'mcp-bridge.v2': '3968b678afc532d0' };

test('[LP2] frames change only with a new subprotocol: bump LINK_SUBPROTOCOLS, PROTOCOL.md §8 and this pin', () => {
  expect(LINK_SUBPROTOCOLS).toEqual(['mcp-bridge.v2']);
  expect(hash(controlUp, controlDown, sessionUp, sessionDown, streamDown, partial)).toBe(
    FRAMES[LINK_SUBPROTOCOLS[0]],
  );
});

test('close codes are those of PROTOCOL.md §6', () => {
  expect(CLOSE).toEqual({
    done: 1000,
    failed: 1011,
    protocol: 4400,
    unauthorized: 4401,
    notGranted: 4403,
    sessionUnknown: 4404,
    heartbeat: 4408,
    replaced: 4409,
    tooLarge: 4413,
    comeBack: 4503,
  });
});

test('what a runner does after each close code is what PROTOCOL.md §6 says', () => {
  const others = [CLOSE.failed, CLOSE.protocol, CLOSE.heartbeat, CLOSE.tooLarge, CLOSE.comeBack];
  for (const code of [...others, 1006, 4999]) {
    expect([code, afterControlClose(code), afterSessionClose(code)]).toEqual([
      code,
      'relink',
      'relink',
    ]);
  }
  expect(afterSessionClose(CLOSE.done)).toBe('over');
  expect(afterSessionClose(CLOSE.sessionUnknown)).toBe('over');
  expect(afterSessionClose(CLOSE.replaced)).toBe('stop');
  expect(afterControlClose(CLOSE.replaced)).toBe('stop');
  expect(afterControlClose(CLOSE.unauthorized)).toBe('relink_slowly');
  expect(afterControlClose(CLOSE.notGranted)).toBe('relink_slowly');
});
