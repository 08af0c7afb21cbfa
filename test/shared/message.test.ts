import { expect, test } from 'vitest';

import { errorResponse } from '../../shared/jsonrpc/message.ts';
import { scanMessage } from '../../shared/jsonrpc/scan.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('errorResponse embeds the raw id as it was sent, and null when there is none', () => {
  const error = { code: 42003, message: 'exit\n"1"', data: { fault: 'process_exited' } };
  const tail =
    '"error":{"code":42003,"message":"exit\\n\\"1\\"","data":{"fault":"process_exited"}}}';
  expect(errorResponse('9007199254740993', error)).toBe(
    `{"jsonrpc":"2.0","id":9007199254740993,${tail}`,
  );
  expect(errorResponse(bytesOf('"\\u0061é"'), error)).toBe(
    `{"jsonrpc":"2.0","id":"\\u0061é",${tail}`,
  );
  expect(errorResponse(null, { code: 1, message: 'm' })).toBe(
    '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}',
  );
});

test('errorResponse writes one line that the scanner takes', () => {
  const line = errorResponse('"a"', { code: -32603, message: 'a\r\nb', data: ['\n'] });
  expect(scanMessage(bytesOf(line))).toMatchObject({
    ok: true,
    compact: true,
    envelope: { kind: 'error' },
  });
});
