// The translation for a legacy client, driven by hand: messages go in as objects or as lines, effects are looked at.
import { OWN_IDS_FROM } from '../../../runner/core/request-ids.ts';
import { FIRST_SLOT } from '../../../runner/translate/effects.ts';
import { ForLegacyClient } from '../../../runner/translate/for-legacy-client.ts';
import {
  NO_ERA_KNOWN,
  type KnownEras,
  type TranslateEffect,
} from '../../../runner/translate/translator.ts';
import { scanMessage } from '../../../shared/jsonrpc/scan.ts';
import { readMessages, type MessageView } from '../../../shared/jsonrpc/view.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type Message = Record<string, unknown>;

const lineOf = (message: Message | string): Uint8Array =>
  encoder.encode(typeof message === 'string' ? message : JSON.stringify(message));

/** The members of `_meta` that tell a modern process of {@link DrivenLegacyClient}'s client. */
export const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
};

export class DrivenLegacyClient {
  /** As the server's other sessions know them. */
  eras: KnownEras;
  readonly translator: ForLegacyClient;
  now = 1_000_000;
  #effects: TranslateEffect[] = [];

  constructor(eras: Partial<KnownEras> = {}) {
    this.eras = { ...NO_ERA_KNOWN, ...eras };
    this.translator = new ForLegacyClient('fixture');
    this.#put((translator) => translator.start(this.now));
  }

  /** Before a modern process, initialized, and nothing left to look at. */
  static modern({
    revision = '2025-11-25',
    capabilities = {},
    server = {},
  }: { revision?: string; capabilities?: object; server?: object } = {}): DrivenLegacyClient {
    const driven = new DrivenLegacyClient({ legacy: false });
    driven.client(initialize(revision, capabilities));
    const asked = driven.written().at(-1);
    driven.process({ jsonrpc: '2.0', id: asked?.['id'], result: discovered(server) });
    driven.effects();
    return driven;
  }

  client(message: Message | string): void {
    this.#put((translator) => translator.fromSession(viewOf(message), this.now));
  }

  process(message: Message | string): void {
    this.#put((translator) => translator.fromProcess(FIRST_SLOT, lineOf(message), this.now));
  }

  exited(description: string): void {
    this.#put((translator) => translator.exited(FIRST_SLOT, description, this.now));
  }

  /** Goes on to the next time at which something is due; false when nothing is. */
  wake(): boolean {
    const at = this.translator.wakeAt();
    if (at === undefined) return false;
    this.now = Math.max(this.now, at);
    this.#put((translator) => translator.tick(this.now));
    return true;
  }

  /** One input; what it teaches of the server's eras is kept. */
  #put(input: (translator: ForLegacyClient) => TranslateEffect[]): void {
    this.translator.know(this.eras);
    for (const effect of input(this.translator)) {
      if (effect.do === 'learned') this.eras = { ...this.eras, [effect.era]: effect.isServed };
      else this.#effects.push(effect);
    }
  }

  /** All effects since the last look, of any kind. */
  effects(): TranslateEffect[] {
    return this.#effects.splice(0);
  }

  /** Lines for the process since the last look, as text. */
  writtenLines(): string[] {
    return this.#take('write').map(({ line }) => decoder.decode(line));
  }

  written(): Message[] {
    return this.writtenLines().map((line) => JSON.parse(line) as Message);
  }

  saidLines(): string[] {
    return this.#take('say').map(({ line }) => decoder.decode(line));
  }

  said(): Message[] {
    return this.saidLines().map((line) => JSON.parse(line) as Message);
  }

  /** The one line for the process since the last look, which has an id of the bridge's own. */
  writtenOwn(): Message & { id: number } {
    const [only, ...more] = this.written();
    const id = only?.['id'];
    if (more.length > 0 || typeof id !== 'number' || id < OWN_IDS_FROM)
      throw new Error('one own request was due');
    return { ...only, id };
  }

  #take<Kind extends TranslateEffect['do']>(kind: Kind): Extract<TranslateEffect, { do: Kind }>[] {
    const isKind = (effect: TranslateEffect): effect is Extract<TranslateEffect, { do: Kind }> =>
      effect.do === kind;
    const taken = this.#effects.filter(isKind);
    this.#effects = this.#effects.filter((effect) => !isKind(effect));
    return taken;
  }
}

export const initialize = (protocolVersion = '2025-11-25', capabilities: object = {}): Message => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion, capabilities, clientInfo: { name: 'c', version: '1' } },
});

/** A result of `server/discover`. */
export const discovered = (capabilities: object = {}): Message => ({
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities,
  ttlMs: 0,
  cacheScope: 'private',
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '2' } },
});

export const request = (id: number, method: string, params?: object): Message => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params && { params }),
});

export const notification = (method: string, params?: object): Message => ({
  jsonrpc: '2.0',
  method,
  ...(params && { params }),
});

export const result = (id: unknown, value: object): Message => ({
  jsonrpc: '2.0',
  id,
  result: value,
});

export const failure = (id: unknown, code: number, message = 'no', data?: unknown): Message => ({
  jsonrpc: '2.0',
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) },
});

/** An answer that asks. */
export const inputRequired = (id: unknown, value: object): Message =>
  result(id, { resultType: 'input_required', ...value });

/** One message, as the session hands it on. */
function viewOf(message: Message | string): MessageView {
  const read = readMessages(lineOf(message), scanMessage);
  const [view] = read.ok ? read.messages : [];
  if (!view) throw new Error('a session writes messages');
  return view;
}
