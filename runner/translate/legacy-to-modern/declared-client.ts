// What a legacy client declared once, in `initialize` and `logging/setLevel`. A modern process is told it with every request,
// and it decides what the client can be asked.
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import {
  ENVELOPE_META,
  META,
  MODERN_REVISION,
  TASKS_EXTENSION,
} from '../../../shared/mcp/modern.ts';
import {
  isLegacyRevision,
  NEWEST_LEGACY_REVISION,
  type LegacyRevision,
} from '../../../shared/mcp/revisions.ts';
import { isObject, type JsonObject } from '../../../shared/json-value.ts';
import { without } from '../json.ts';
import { withoutMember } from '../message.ts';

/** The first revision with elicitation (Client Features). */
const ELICITATION_SINCE: LegacyRevision = '2025-06-18';
/** The first revision with its url mode, and with tools in sampling. */
const MODES_SINCE: LegacyRevision = '2025-11-25';

/** Client capabilities whose modern form differs from what a legacy client declares; undefined: not declared. */
const MODERN_FORM: Readonly<Record<string, (value: unknown, revision: LegacyRevision) => unknown>> =
  {
    // The two wire forms have nothing in common.
    tasks: () => undefined,
    // The modern era has no notification of changed roots.
    roots: () => ({}),
    elicitation: (value, revision) => {
      if (revision < ELICITATION_SINCE) return undefined;
      return revision < MODES_SINCE ? {} : value;
    },
    sampling: (value, revision) => {
      if (revision >= MODES_SINCE || !isObject(value)) return value;
      return without(value, 'tools');
    },
    extensions: (value) => (isObject(value) ? without(value, TASKS_EXTENSION) : undefined),
  };

/** For a question of the process: what the client must have declared to be asked it, else the words for what is missing. */
const ASKABLE: Readonly<
  Record<string, (params: JsonObject, capabilities: JsonObject) => string | undefined>
> = {
  'roots/list': (_params, { roots }) => (roots === undefined ? 'roots' : undefined),
  'sampling/createMessage': (params, { sampling }) => {
    if (!isObject(sampling)) return 'sampling';
    const wantsTools = params['tools'] !== undefined || params['toolChoice'] !== undefined;
    return wantsTools && sampling['tools'] === undefined ? 'sampling.tools' : undefined;
  },
  'elicitation/create': (params, { elicitation }) => {
    if (!isObject(elicitation)) return 'elicitation';
    const { form, url } = elicitation as { form?: unknown; url?: unknown };
    if (params['mode'] === 'url') return url === undefined ? 'elicitation.url' : undefined;
    return form === undefined && url !== undefined ? 'elicitation.form' : undefined;
  },
};

export class DeclaredClient {
  readonly revision: LegacyRevision;
  readonly #capabilities: JsonObject;
  readonly #clientInfo: string | undefined;
  /** As `logging/setLevel` gave it; a modern process logs nothing for a request without one. */
  logLevel: string | undefined;

  /** From an `initialize` request; without one, a client that declared nothing. */
  constructor(initialize?: MessageView) {
    const wanted = initialize?.parsed('params', 'protocolVersion');
    this.revision =
      typeof wanted === 'string' && isLegacyRevision(wanted) ? wanted : NEWEST_LEGACY_REVISION;
    const declared = initialize?.parsed('params', 'capabilities');
    this.#capabilities = modernForm(isObject(declared) ? declared : {}, this.revision);
    this.#clientInfo = initialize && infoOf(initialize);
  }

  /** A request of this client for a modern process: with the members of `_meta`, without those of the legacy era. */
  onRequest(request: MessageView): MessageView {
    const change = { without: ENVELOPE_META, and: this.envelope() };
    const plain = withoutMember(request, ['params'], 'task');
    return plain.edited(plain.changes(['params', '_meta'], change));
  }

  /** The members of `_meta`, each as JSON text. */
  envelope(): Record<string, string> {
    const members: Record<string, string> = {
      [META.protocolVersion]: JSON.stringify(MODERN_REVISION),
      [META.clientCapabilities]: JSON.stringify(this.#capabilities),
    };
    if (this.#clientInfo !== undefined) members[META.clientInfo] = this.#clientInfo;
    if (this.logLevel !== undefined) members[META.logLevel] = JSON.stringify(this.logLevel);
    return members;
  }

  /** Why the client cannot be asked this; undefined when it can. */
  whyNotAsk(method: string, params: JsonObject): string | undefined {
    if (!Object.hasOwn(ASKABLE, method)) return `the bridge does not know "${method}"`;
    const lacking = ASKABLE[method]?.(params, this.#capabilities);
    return lacking && `the client did not declare the capability "${lacking}"`;
  }

  /** Whether elicitation has modes for this client; then an elicitation by url carries an id. */
  get hasModes(): boolean {
    return this.revision >= MODES_SINCE;
  }
}

function modernForm(declared: JsonObject, revision: LegacyRevision): JsonObject {
  const members = Object.entries(declared).map(([name, value]): [string, unknown] => {
    const form = Object.hasOwn(MODERN_FORM, name) ? MODERN_FORM[name] : undefined;
    return [name, form ? form(value, revision) : value];
  });
  return Object.fromEntries(members.filter(([, value]) => isObject(value)));
}

/** The client's name as it was written; a malformed one is left out, since a modern server refuses it. */
function infoOf(initialize: MessageView): string | undefined {
  const info = initialize.parsed('params', 'clientInfo');
  if (!isObject(info)) return undefined;
  if (typeof info['name'] !== 'string' || typeof info['version'] !== 'string') return undefined;
  return initialize.text('params', 'clientInfo');
}
