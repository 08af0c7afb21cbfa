// The result of a tool as a page shows it. What a server sends is text, or an image of a kind that runs nothing.
import { el, type ViewElement } from './element.ts';
import type { ServerAnswer } from './own-client.ts';
import { badge, empty, textBlock } from './parts.ts';

/** Images that browsers draw and that hold no scripts: SVG is none of them. */
const IMAGES: ReadonlySet<unknown> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
]);

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/u;

type Fields = Readonly<Record<string, unknown>>;

export function resultView(answered: ServerAnswer, ms: number): ViewElement {
  const isGood = answered.ok && answered.result['isError'] !== true;
  return el(
    'section',
    { class: 'result', 'aria-labelledby': 'result' },
    el(
      'h2',
      { id: 'result' },
      'Result ',
      badge(isGood ? 'good' : 'bad', isGood ? `${ms} ms` : 'error'),
    ),
    ...(answered.ok ? contentOf(answered.result) : [errorView(answered)]),
  );
}

const errorView = ({
  message,
  code,
}: {
  readonly message: string;
  readonly code?: number | undefined;
}): ViewElement =>
  el('p', { class: 'message bad', role: 'alert' }, message, code === undefined ? '' : ` (${code})`);

function contentOf(result: Fields): ViewElement[] {
  const { content, structuredContent, resultType } = result;
  const parts = (Array.isArray(content) ? content : []).map((part) => partView(part as Fields));
  if (resultType === 'input_required')
    return [
      errorView({
        message:
          'The server asks its client for something, which this page cannot answer. Try it from a client that can.',
      }),
      textView(JSON.stringify(result['inputRequests'], null, 2)),
    ];
  const structured =
    structuredContent === undefined
      ? []
      : [el('h3', {}, 'Structured'), textView(JSON.stringify(structuredContent, null, 2))];
  return parts.length + structured.length === 0
    ? [empty('It has no content.')]
    : [...parts, ...structured];
}

function partView(part: Fields): ViewElement {
  const { type, text, data, mimeType, uri, name } = part;
  if (type === 'text') return textView(String(text));
  const base64 = typeof data === 'string' ? data.replaceAll(/\s/gu, '') : '';
  if (type === 'image' && IMAGES.has(mimeType) && base64 !== '' && BASE64.test(base64))
    return el('img', {
      src: `data:${String(mimeType)};base64,${base64}`,
      alt: 'Image in the result',
    });
  if (type === 'resource_link') return textView(`${String(name)}: ${String(uri)}`);
  return textView(JSON.stringify(part, null, 2));
}

const textView = (text: string): ViewElement => textBlock('Text of the result', text);
