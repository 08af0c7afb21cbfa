// The frame of every page: the one style sheet and the response headers. Pages have no scripts, and the content
// security policy allows none, in case a text is ever not escaped.

import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** The only style sheet; PAGE_STYLE_HASH allows exactly this text. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:light-dark(#0b57d0,#8ab4f8);--warn:light-dark(#8a4b00,#ffc46b)}
body{margin:0 auto;padding:2.5rem 1.25rem 4rem;max-width:46rem;font:1rem/1.6 system-ui,sans-serif}
h1{margin:0 0 .25rem;font-size:1.6rem;line-height:1.25}
h2{margin:2.25rem 0 .5rem;font-size:1.1rem}
p{margin:.5rem 0}
a{color:var(--accent)}
code,pre{font:.875rem/1.5 ui-monospace,monospace}
code{overflow-wrap:anywhere}
pre{margin:.5rem 0;padding:.75rem 1rem;overflow-x:auto;border:1px solid var(--line);border-radius:.5rem;background:var(--soft)}
table{width:100%;border-collapse:collapse}
th,td{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600}
ul{padding-left:1.25rem}
.lead{opacity:.8}
.problems{margin:1.5rem 0;padding:.25rem 1rem .5rem;border-left:.25rem solid var(--warn);background:var(--soft)}
.problems h2{margin-top:.75rem;color:var(--warn)}
.card{max-width:27rem;margin:4vh auto 0;padding:1.75rem;border:1px solid var(--line);border-radius:1rem;box-shadow:0 .5rem 2rem #0001}
.card h1{font-size:1.4rem;overflow-wrap:anywhere}
dl{margin:1.25rem 0}
dt{font-size:.8125rem;opacity:.75}
dd{margin:0 0 .75rem;overflow-wrap:anywhere}
.note{margin:1.25rem 0;padding:.75rem 1rem;border-left:.25rem solid var(--warn);background:var(--soft);font-size:.9375rem}
label{display:block;margin-bottom:.375rem;font-weight:600}
input,button{box-sizing:border-box;width:100%;padding:.625rem .75rem;border:1px solid light-dark(#767676,#8a8a8a);border-radius:.5rem;background:transparent;color:inherit;font:inherit}
input:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
input[aria-invalid=true]{border-color:var(--warn)}
button{cursor:pointer}
button:first-of-type{border-color:var(--accent);background:var(--accent);color:light-dark(#fff,#000);font-weight:600}
.choice{display:flex;gap:.75rem;margin:1.25rem 0 0}
.hint,.wrong{font-size:.875rem}
.hint{opacity:.75}
.wrong{color:var(--warn);font-weight:600}
@media(max-width:32rem){.card{margin:0;padding:0;border:0;box-shadow:none}}
`;

/** SHA-256 of PAGE_STYLE as a content security policy names it. */
const PAGE_STYLE_HASH = 'sha256-0wpXXJjxqbDpQlEiR6AmEhY6GoU7qShn6uPx+KmhhQc=';

const policyOf = (...more: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src '${PAGE_STYLE_HASH}'`,
    "base-uri 'none'",
    ...more,
    "frame-ancestors 'none'",
  ].join('; ');

const SECURITY_POLICY = policyOf("form-action 'none'");

/**
 * Of a page with a form whose answer is a redirect. Browsers apply `form-action` to every redirect that follows (CSP 3 §6.4.2), and
 * the last of them may lead anywhere, such as back into an app; so the policy has none.
 */
const FORM_POLICY = policyOf();

/** A piece of HTML. Texts that stand in one are escaped, other pieces are not. */
export type Markup = ReturnType<typeof html>;

export { html };

/** A style sheet is no text: escaping would change it, and so would a formatter that takes it for HTML. */
const STYLE = raw(`<style>${PAGE_STYLE}</style>`);

/** A whole document as the text to send. It has no asynchronous parts, so it is ready at once. */
export const page = (title: string, body: Markup): string => {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${STYLE}
      </head>
      <body>
        ${body}
      </body>
    </html> `;
  return (document as HtmlEscapedString).toString();
};

/** A page with a policy under which nothing but PAGE_STYLE is applied, loaded or run. */
export const htmlResponse = (html: string): Response =>
  new Response(html, {
    headers: {
      ...HEADERS,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': SECURITY_POLICY,
    },
  });

/** A page with a form. Its Referer goes to this edge alone, because with none the form's own Origin would be `null`. */
export const formResponse = (
  html: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response =>
  new Response(html, {
    status,
    headers: {
      ...HEADERS,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': FORM_POLICY,
      'Referrer-Policy': 'same-origin',
      'X-Frame-Options': 'DENY',
      ...headers,
    },
  });

/** The same page for terminals. */
export const textResponse = (text: string): Response =>
  new Response(text, { headers: { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' } });

const HEADERS = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Accept',
};
