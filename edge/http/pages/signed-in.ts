// The page on which a person arrives who signed in at the console: it goes on by itself. A redirect would come from the identity provider's
// page, and a browser sends no cookie along with it that is for pages of this edge alone (RFC 6265bis §5.2).
import { formResponse, html, page } from './html.ts';

/** `cookie`: the value of Set-Cookie. */
export const signedInResponse = (cookie: string): Response =>
  formResponse(
    page(
      'Signed in',
      html`<main class="card">
        <h1>You are signed in</h1>
        <p><a href="/-/">Go on to the console</a></p>
      </main>`,
    ),
    200,
    { 'Set-Cookie': cookie, Refresh: '0;url=/-/' },
  );
