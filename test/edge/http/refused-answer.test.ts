import { describe, expect, test } from 'vitest';

import { errorInPlaceOf } from '../../../edge/http/refused-answer.ts';

const inPlaceOf = (text: string): unknown => {
  const error = errorInPlaceOf(new TextEncoder().encode(text), { fault: 'too_large' });
  return error === undefined ? undefined : (JSON.parse(error) as unknown);
};

describe('[F-116] an answer that is refused at the edge', () => {
  test.each([
    ['whole, with its id in front', '{"jsonrpc":"2.0","id":"q1","result":{"a":NaN}}', 'q1'],
    ['whole, with its id behind', '{"result":{"a":[[[[[{}]]]]]},"jsonrpc":"2.0","id":5}', 5],
    ['cut, with its id in front', '{"jsonrpc":"2.0","id":5,"result":{"content":{"text":"aaaa', 5],
    ['cut, with its id still to come', '{"result":{"content":{"text":"aaaa', null],
    ['an error, cut', ' \n{ "error" : {"code":1,"message":"aaaa', null],
    ['cut within its id', '{"jsonrpc":"2.0","result":{},"id":12', null],
    ['without an id', '{"jsonrpc":"2.0","result":{},"id":null}', null],
  ])('is told in its place: %s', (_what, text, id) => {
    expect(inPlaceOf(text)).toMatchObject({ jsonrpc: '2.0', id, error: { code: -32603 } });
  });

  test.each([
    ['a request', '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"result":"aaaa'],
    [
      'a request with its method behind',
      '{"params":{"a":1},"jsonrpc":"2.0","id":5,"method":"ping","x":',
    ],
    ['a notification', '{"jsonrpc":"2.0","method":"notifications/x","params":{"error":'],
    ['something else', 'result'],
    ['an array', '[{"jsonrpc":"2.0","id":5,"result":{}}]'],
    ['nothing', ''],
  ])('and nothing is told in place of %s', (_what, text) => {
    expect(inPlaceOf(text)).toBeUndefined();
  });
});
