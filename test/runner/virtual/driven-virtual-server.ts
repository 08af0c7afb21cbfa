// A virtual server, driven by hand: messages of the session and of members go in as objects, and what is written and said is looked at.
import type { ToolGuard } from '../../../runner/core/pinned-tools.ts';
import { KnownMembers } from '../../../runner/virtual/known-members.ts';
import type { MemberSettings } from '../../../runner/virtual/member-rules.ts';
import { VirtualServer } from '../../../runner/virtual/virtual-server.ts';
import type { TranslateEffect } from '../../../runner/translate/translator.ts';
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { onlyMessageIn, type MessageView } from '../../../shared/jsonrpc/view.ts';

export type Message = Record<string, unknown>;

export const viewOf = (message: Message | string): MessageView => {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const view = onlyMessageIn(new TextEncoder().encode(text));
  if (!view) throw new Error(`not a message: ${text}`);
  return view;
};

export const request = (id: number, method: string, params?: object): Message => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params && { params }),
});

export const cancel = (id: number): Message => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId: id },
});

const decoder = new TextDecoder();

/** More than anything is due in the time of a test. */
const MOST_WAKES = 1_000;

export const member = (name: string, more: Partial<MemberSettings> = {}): MemberSettings => ({
  name,
  prefix: name,
  rules: [],
  quote: () => '',
  ...more,
});

/** Holds back what is not listed, and accepts all that is. */
export const GUARD: ToolGuard = {
  holdsBack: true,
  needsList: false,
  same: (one) => one,
  refusal: 'held back',
  listed: () => undefined,
  accepts: () => true,
};

export const greeting = (more: object = {}): object => ({
  protocolVersion: '2025-11-25',
  capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, logging: {} },
  serverInfo: { name: 's', version: '1' },
  ...more,
});

/** Answers a request of the bridge to a member: the result, or `{ error }`; undefined: not yet. */
export type Answering = (request: Message, member: string) => object | undefined;

export interface DrivenOptions {
  readonly isModern?: boolean;
  readonly known?: KnownMembers;
  readonly limits?: { readonly startTimeoutMs: number; readonly requestTimeoutMs: number };
}

export class DrivenVirtualServer {
  now = 1_000_000;
  readonly machine: VirtualServer;
  /** By slot. */
  readonly #members = new Map<number, string>();
  /** What each member was sent and the test has not looked at. */
  readonly #written: { readonly member: string; readonly slot: number; readonly line: string }[] =
    [];
  readonly #said: { readonly line: string; readonly of: number | undefined }[] = [];
  readonly notes: { readonly level: string; readonly words: string; readonly fields: object }[] =
    [];
  readonly stopped: string[] = [];
  readonly started: string[] = [];

  constructor(members: readonly MemberSettings[], options: DrivenOptions = {}) {
    const { isModern = false, known = new KnownMembers() } = options;
    const { limits = { startTimeoutMs: 60_000, requestTimeoutMs: 60_000 } } = options;
    this.machine = new VirtualServer({ name: 'work', isModern, members, limits, known });
  }

  client(message: Message | string): void {
    this.#put(this.machine.fromSession(viewOf(message), this.now));
  }

  /** A line that a member prints. `of`: the call that its translator knows it to be of. */
  member(name: string, message: Message | string, of?: number): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    const line = new TextEncoder().encode(text);
    this.#put(
      this.machine.fromMember(this.slotOf(name), line, this.now, of as BridgeRequestId | undefined),
    );
  }

  exited(name: string, description = 'exited with code 1', hasRun = true): void {
    const slot = this.slotOf(name);
    this.#members.delete(slot);
    this.#put(this.machine.exited(slot, description, this.now, hasRun));
  }

  /** As a member's translator tells that its process has answered. */
  served(name: string): void {
    this.#put(this.machine.served(this.slotOf(name), this.now));
  }

  full(name: string): void {
    this.machine.full(this.slotOf(name));
  }

  drained(name: string): void {
    this.#put(this.machine.drained(this.slotOf(name), this.now));
  }

  /** Goes on to the next time at which something is due. */
  wake(): void {
    const at = this.machine.wakeAt();
    if (at === undefined) throw new Error('nothing is due');
    this.now = Math.max(this.now, at);
    this.#put(this.machine.tick(this.now));
  }

  /** Lets time pass and what is due happen. */
  after(ms: number): void {
    const until = this.now + ms;
    let wakes = 0;
    for (
      let at = this.machine.wakeAt();
      at !== undefined && at <= until;
      at = this.machine.wakeAt()
    ) {
      this.wake();
      if (++wakes > MOST_WAKES) throw new Error('it is due again and again');
    }
    this.now = until;
  }

  runs(name: string): boolean {
    return [...this.#members.values()].includes(name);
  }

  slotOf(name: string): number {
    for (const [slot, of] of this.#members) if (of === name) return slot;
    throw new Error(`${name} does not run`);
  }

  /** What a member was sent since the last look, or every member. */
  written(name?: string): Message[] {
    return this.writtenLines(name).map((line) => JSON.parse(line) as Message);
  }

  /** What was sent to whom since the last look. */
  writtenTo(): { readonly member: string; readonly slot: number; readonly message: Message }[] {
    return this.#written
      .splice(0)
      .map(({ line, ...to }) => ({ ...to, message: JSON.parse(line) as Message }));
  }

  writtenLines(name?: string): string[] {
    const lines = this.#written.filter((each) => name === undefined || each.member === name);
    for (const each of lines) this.#written.splice(this.#written.indexOf(each), 1);
    return lines.map(({ line }) => line);
  }

  said(): Message[] {
    return this.saidLines().map((line) => JSON.parse(line) as Message);
  }

  saidLines(): string[] {
    return this.#said.splice(0).map(({ line }) => line);
  }

  /** What was said, with the session's id of the call that it belongs to. */
  saidOf(): { readonly line: string; readonly of: number | undefined }[] {
    return this.#said.splice(0);
  }

  /** Members answer what they were asked and what they are asked for that, until they are asked nothing more. */
  answer(answering: Answering): void {
    for (let next = this.#written.shift(); next; next = this.#written.shift()) {
      const request = JSON.parse(next.line) as Message;
      if (request['id'] === undefined || request['method'] === undefined) continue;
      const answer = answering(request, next.member);
      if (!answer) continue;
      const of = 'error' in answer ? answer : { result: answer };
      if (this.runs(next.member))
        this.member(next.member, { jsonrpc: '2.0', id: request['id'], ...of });
    }
  }

  /** Initializes the session; all members answer at once. */
  initialize(greetings: Readonly<Record<string, object>> = {}, params: object = {}): Message {
    this.client({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'c', version: '1' },
        ...params,
      },
    });
    this.answer(({ method }, name) =>
      method === 'initialize' ? (greetings[name] ?? greeting()) : undefined,
    );
    this.client({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const [answer] = this.said();
    this.#written.splice(0);
    return answer ?? {};
  }

  #put(effects: readonly TranslateEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'start':
          this.#members.set(effect.slot, effect.member ?? '');
          this.started.push(effect.member ?? '');
          break;
        case 'stop':
          this.stopped.push(this.#members.get(effect.slot) ?? '');
          break;
        case 'write':
          this.#written.push({
            member: this.#members.get(effect.slot) ?? '',
            slot: effect.slot,
            line: decoder.decode(effect.line),
          });
          break;
        case 'say':
          this.#said.push({ line: decoder.decode(effect.line), of: effect.bridgeId });
          break;
        case 'note':
          this.notes.push(effect);
          break;
        case 'served':
        case 'learned':
        case 'exited':
          break;
      }
    }
  }
}
