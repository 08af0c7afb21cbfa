// Which Content-Type, Content-Encoding and Accept pass (F-03, F-04, F-05).
import { describe, expect, test } from 'vitest';

import { checkAccept, checkContentType, prefersStream } from '../../../edge/http/guards/media.ts';

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
    'application/json; charset=utf8',
    'application/json;CHARSET=UTF8',
    'application/json; charset="utf8"; profile=x',
    String.raw`application/json; charset="ut\f-8"`,
    'application/json; odata.metadata=minimal; charset=utf-8',
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
    'application/json charset=utf-8',
    'application/json; charset="utf-8',
    'application/json; a b',
  ])('%j is refused', (value) => {
    const request = new Request('https://bridge.example/', { method: 'POST' });
    if (value !== undefined) request.headers.set('content-type', value);
    expect(checkContentType(request)).toEqual({ fault: 'unsupported_media_type' });
  });

  test.each([
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-8; charset=latin1',
    'application/json; charset=',
    'application/json; charset=""',
  ])('%j is refused, with a word about the charset', (value) => {
    const fault = checkContentType(sending({ 'content-type': value }));
    expect(fault).toMatchObject({ fault: 'unsupported_media_type' });
    expect(checkContentType(sending({ 'content-type': 'text/plain' }))?.message).toBeUndefined();
  });

  test('what else a charset names is told', () => {
    const value = 'application/json; charset=utf-16';
    expect(checkContentType(sending({ 'content-type': value }))?.message).toContain('UTF-8');
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
    const refused = checkContentType(sending(headers));
    expect(refused).toMatchObject({ fault: 'unsupported_media_type' });
    expect(refused?.message).toContain('Content-Encoding');
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
  test.each([
    undefined,
    '',
    'text/event-stream',
    'text/*',
    '*/*',
    'application/json, text/event-stream',
    'application/json, text/plain, */*',
    'text/html, text/event-stream',
  ])('%j passes', (accept) => {
    expect(checkAccept(accepting(accept), 'get')).toBeUndefined();
  });

  test.each([
    'application/json',
    'text/html',
    'text/event-stream;q=0, */*',
    '*/*;q=0',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'image/avif,image/webp,*/*;q=0.8',
  ])('%j is refused', (accept) => {
    expect(checkAccept(accepting(accept), 'get')).toEqual({ fault: 'not_acceptable' });
  });
});

describe('[F-192] which of both a client would rather have', () => {
  test.each([
    ['application/json, text/event-stream', false],
    ['*/*', false],
    ['application/*, text/*', false],
    ['application/json, */*', false],
    ['text/event-stream, */*', false],
    ['application/json;q=0.9, text/event-stream;q=0.9', false],
    ['text/event-stream, application/json', true],
    ['text/event-stream;q=1.0, application/json', true],
    ['application/json;q=0.5, text/event-stream', true],
    ['text/event-stream, application/json;q=0.2', true],
    ['application/json, text/event-stream;q=0.9', false],
    ['text/event-stream;q=high, application/json', true],
  ])('%s: a stream is %j', (accept, expected) => {
    expect(prefersStream(accepting(accept))).toBe(expected);
  });
});
