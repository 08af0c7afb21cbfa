// The page on which a person lets an app use a server, and the one that says why it is not shown. What an app says of itself is shown
// as text, and as a claim: only the address of its document and the host that gets the answer are known.
import { html, page, type Markup } from './html.ts';

export interface Consent {
  /** The app's own name. */
  readonly app: string;
  /** The host that published the app's description; undefined for an app that only registered. */
  readonly publisher: string | undefined;
  /** The host or scheme that gets the answer. */
  readonly answeredAt: string;
  /** The answer goes to a program on the person's own machine. */
  readonly isLocal: boolean;
  readonly server: string;
  /** One, or several to choose from. */
  readonly scopes: readonly ShownScope[];
  /** The request, for the form. */
  readonly sealed: string;
  /** The host of the identity provider at which people sign in, if there is one. */
  readonly provider: string | undefined;
  /** There is an owner, who has a key. */
  readonly takesKey: boolean;
  /** A wrong key was sent. */
  readonly isWrong: boolean;
}

export interface ShownScope {
  readonly name: string;
  readonly words: string;
  /** By the app; others are not ticked. */
  readonly isAsked: boolean;
}

/** The page as HTML without scripts; send it with formResponse. */
export const consentPage = (consent: Consent): string =>
  page(
    `Sign in: ${consent.server}`,
    html`<main class="card">
      <h1>Let <bdi>${consent.app}</bdi> use ${consent.server}?</h1>
      <dl>
        <dt>App</dt>
        <dd>${publisherNote(consent.publisher)}</dd>
        <dt>Answer goes to</dt>
        <dd><code>${consent.answeredAt}</code></dd>
        <dt>It will be able to</dt>
        ${consent.scopes.map((scope) => scopeItem(scope, consent.scopes.length > 1))}
      </dl>
      ${consent.isLocal ? LOCAL_NOTE : ''} ${consentForm(consent)}
    </main>`,
  );

/** One form, as the boxes of the scopes belong to it whichever way the person signs in. Enter in the field of the key means the key. */
const consentForm = (consent: Consent): Markup =>
  html`<form id="consent" method="post" action="/authorize">
    <input type="hidden" name="request" value="${consent.sealed}" />
    ${consent.takesKey && consent.provider !== undefined ? DEFAULT_BUTTON : ''}
    ${consent.provider === undefined ? '' : providerPart(consent.provider)}
    ${consent.takesKey ? keyPart(consent) : ''}
  </form>`;

/** Browsers press the first button of a form on Enter, also one that is not shown (HTML, "Implicit submission"). */
const DEFAULT_BUTTON = html`<button name="decision" value="allow" tabindex="-1" hidden></button>`;

const providerPart = (provider: string): Markup =>
  html`<p class="hint">You allow it by signing in at <strong>${provider}</strong>.</p>
    <p class="choice">
      <button name="decision" value="provider">Allow and sign in</button>
      <button name="decision" value="deny">Deny</button>
    </p>`;

const keyPart = ({ isWrong, provider }: Consent): Markup =>
  html`<input type="text" name="username" value="owner" autocomplete="username" hidden />
    <label for="key">Owner key</label>
    <input
      id="key"
      type="password"
      name="key"
      autocomplete="current-password"
      autocapitalize="off"
      spellcheck="false"
      maxlength="256"
      placeholder="mcpo_…"
      aria-describedby="about-key"
      aria-invalid="${isWrong ? 'true' : 'false'}"
      ${provider === undefined ? html`autofocus` : ''}
    />
    ${isWrong ? WRONG_KEY : ABOUT_KEY}
    <p class="choice">
      <button name="decision" value="allow">Allow</button>
      <button name="decision" value="deny">Deny</button>
    </p>`;

const ABOUT_KEY = html`<p id="about-key" class="hint">
  The key of whoever runs this edge. The app does not get it.
</p>`;

const WRONG_KEY = html`<p id="about-key" class="wrong" role="alert">
  This is not the owner key. Nothing was allowed.
</p>`;

const scopeItem = ({ name, words, isAsked }: ShownScope, isChoice: boolean): Markup =>
  isChoice
    ? html`<dd>
        <label>
          <input type="checkbox" form="consent" name="scope ${name}" ${isAsked ? CHECKED : ''} />
          ${words}
        </label>
      </dd>`
    : html`<dd>${words}</dd>`;

const CHECKED = html`checked`;

const publisherNote = (publisher: string | undefined): Markup =>
  publisher === undefined
    ? html`It gave itself this name. Nobody has checked it.`
    : html`It is published by <strong>${publisher}</strong>.`;

const LOCAL_NOTE = html`<p class="note">
  The answer goes to a program on the machine where this browser runs, and any program there can use
  this name. Allow it only if you have just started to connect it yourself.
</p>`;

/** Why nothing can be allowed here; send it with formResponse. */
export const refusalPage = (why: string): string =>
  page(
    'Sign in',
    html`<main class="card">
      <h1>This cannot go on</h1>
      <p>${why}</p>
    </main>`,
  );
