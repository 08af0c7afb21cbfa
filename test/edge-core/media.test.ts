// Which Content-Type, Content-Encoding and Accept pass (F-03, F-04, F-05).
import { describe, expect, test } from 'vitest';

import { checkAccept, checkContentType } from '../../edge/http/guards/media.ts';

const sending = (headers: Record<string, string>): Request =>
  new Request('https://bridge.example/files/mcp', { method: 'POST', headers });

describe('F-04 Content-Type', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; charset="UTF-8"',
    'application/json; profile="a;b, \\"c"; charset=utf-8',
    'application/json;',
  ])('%j passes', (value) => {
    expect(checkContentType(sending({ 'content-type': value }))).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'text/plain',
    'text/plain; application/json',
    'text/html;application/json',
    'application/jsonx',
    'application/json-rpc',
    'application/problem+json',
    'xapplication/json',
    'application/x-www-form-urlencoded',
    'application/json, text/plain',
    'application/json; charset=utf-8, text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=latin1',
    'application/json charset=utf-8',
    'application/json; charset="utf-8',
    'application/json; a b',
  ])('%j is refused', (value) => {
    const request = new Request('https://bridge.example/', { method: 'POST' });
    if (value !== undefined) request.headers.set('content-type', value);
    expect(checkContentType(request)).toEqual({ fault: 'unsupported_media_type' });
  });

  test('a header made to be slow is judged at once', () => {
    const value = `application/json${'; '.repeat(20_000)}${' '.repeat(20_000)}x`;
    expect(checkContentType(sending({ 'content-type': value }))).toEqual({
      fault: 'unsupported_media_type',
    });
  });
});

describe('F-03 Content-Encoding', () => {
  test.each(['identity', 'Identity', ''])('%j passes', (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect(checkContentType(sending(headers))).toBeUndefined();
  });

  test.each(['gzip', 'br', 'identity, gzip', 'x'])('%j is refused', (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect(checkContentType(sending(headers))).toEqual({ fault: 'unsupported_media_type' });
  });
});

const accepting = (accept: string | undefined): Request =>
  sending(accept === undefined ? {} : { accept });

describe('F-05 Accept of a POST', () => {
  test.each([
    'application/json, text/event-stream',
    'text/event-stream,application/json',
    'APPLICATION/JSON, Text/Event-Stream;q=0.5',
    '*/*',
    'application/*, text/*',
    'application/json, */*;q=0.1',
    'application/json;q=0.001, text/event-stream',
    'text/html;q=0, */*',
    'application/json;profile=a;q=0, application/json, text/event-stream',
    'application/json, application/json;profile=a;q=0, text/event-stream',
  ])('%j passes', (accept) => {
    expect(checkAccept(accepting(accept), 'post')).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'application/json',
    'text/event-stream',
    'application/*',
    'text/html, application/xhtml+xml',
    'application/jsonx, text/event-stream',
    'application/json, text/event-stream;q=0',
    'application/json;q=0.000, text/event-stream',
    'application/json;q=0, */*',
    'text/*;q=0, */*',
    '*/*;q=0',
  ])('%j is refused', (accept) => {
    expect(checkAccept(accepting(accept), 'post')).toEqual({ fault: 'not_acceptable' });
  });
});

describe('F-05 Accept of a GET', () => {
  test.each(['text/event-stream', 'text/*', '*/*', 'application/json, text/event-stream'])(
    '%j passes',
    (accept) => {
      expect(checkAccept(accepting(accept), 'get')).toBeUndefined();
    },
  );

  test.each([undefined, 'application/json', 'text/html', 'text/event-stream;q=0, */*'])(
    '%j is refused',
    (accept) => {
      expect(checkAccept(accepting(accept), 'get')).toEqual({ fault: 'not_acceptable' });
    },
  );
});
