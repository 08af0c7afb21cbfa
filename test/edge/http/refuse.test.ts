// Every fault as an HTTP response: status, JSON-RPC error and the headers that say what to do.
import { describe, expect, test } from 'vitest';

import { refuse } from '../../../edge/http/refuse.ts';
import { FAULTS, faultRow, type FaultCode } from '../../../shared/fault.ts';

const CODES = Object.keys(FAULTS) as FaultCode[];

test('stream_over is a bare 204, which tells an event stream’s client to stay away', async () => {
  const response = refuse({ fault: 'stream_over' });
  expect(response.status).toBe(204);
  expect(await response.text()).toBe('');
});

test.each(CODES.filter((code) => code !== 'stream_over'))(
  '%s has its row in the table as status, error and Retry-After',
  async (fault) => {
    const row = faultRow(fault);
    const response = refuse({ fault });
    expect(response.status).toBe(row.status);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(response.headers.get('retry-after')).toBe(
      row.retryAfterS === undefined ? null : String(row.retryAfterS),
    );
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      error: {
        code: row.code,
        message: row.message,
        data: { fault, phase: 'not_sent', retryable: row.retryable },
      },
    });
  },
);

describe('the id', () => {
  test.each(['1', '"a\\u0062"', '9007199254740993', '1.0'])(
    '%s is given back as it came',
    async (id) => {
      const text = await refuse({ fault: 'runner_lost' }, { id }).text();
      expect(text.startsWith(`{"jsonrpc":"2.0","id":${id},"error":{"code":42002,`)).toBe(true);
    },
  );

  test('is absent, not null, when none is known', async () => {
    expect(await refuse({ fault: 'parse_error' }).json()).not.toHaveProperty('id');
  });
});

test('a message and a phase of the fault replace the defaults', async () => {
  const body = await refuse({ fault: 'deadline', message: 'a "b"\n', phase: 'sent' }).json();
  expect(body).toMatchObject({ error: { message: 'a "b"\n', data: { phase: 'sent' } } });
});

describe('F-30 a 401', () => {
  test('challenges without an error when no token was sent', () => {
    expect(refuse({ fault: 'unauthorized' }).headers.get('www-authenticate')).toBe(
      'Bearer realm="mcp-edge-bridge"',
    );
  });

  test('names the error when a token was sent', () => {
    const response = refuse({ fault: 'unauthorized' }, { tokenSent: true });
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="mcp-edge-bridge", error="invalid_token"',
    );
  });

  test('is the only status that challenges', () => {
    const others = CODES.filter((code) => faultRow(code).status !== 401);
    for (const fault of others)
      expect(refuse({ fault }, { tokenSent: true }).headers.has('www-authenticate')).toBe(false);
  });
});

test('F-06 a 405 says what is allowed', () => {
  const response = refuse({ fault: 'method_not_allowed' }, { allow: ['GET', 'POST'] });
  expect(response.headers.get('allow')).toBe('GET, POST');
});

test('given headers are added and win', () => {
  const { headers } = refuse(
    { fault: 'overloaded' },
    { headers: { Vary: 'Origin', 'Retry-After': '9' } },
  );
  expect([headers.get('vary'), headers.get('retry-after')]).toEqual(['Origin', '9']);
});
