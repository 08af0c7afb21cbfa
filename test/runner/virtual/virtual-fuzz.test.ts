// Whatever clients, members and time do: each request is answered once, by the member that it was for, and nothing throws or waits for ever.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { KnownMembers } from '../../../runner/virtual/known-members.ts';
import { DrivenVirtualServer, greeting, member, type Message } from './driven-virtual-server.ts';

const NAMES = ['a', 'b', 'c'] as const;

/** `c` has no prefix, so that lists have to tell what is its own. */
const MEMBERS = NAMES.map((name) => member(name, name === 'c' ? { prefix: '' } : {}));

const METHODS = ['call', 'list', 'page', 'read', 'level', 'unknown', 'prompts', 'listen'] as const;

const LISTEN = 'subscriptions/listen';

type Step =
  | { readonly do: 'ask'; readonly method: (typeof METHODS)[number]; readonly of: number }
  | { readonly do: 'answer' | 'cancel' | 'question' | 'change' | 'wait'; readonly of: number }
  | { readonly do: 'exit' | 'full' | 'drained'; readonly of: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      method: fc.constantFrom(...METHODS),
      of: fc.nat(2),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('answer' as const), of: fc.nat(20) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'cancel' as const,
        'question' as const,
        'change' as const,
        'wait' as const,
      ),
      of: fc.nat(20),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('exit' as const, 'full' as const, 'drained' as const),
      of: fc.nat(2),
    }),
  },
);

interface Asked {
  readonly member: string;
  readonly slot: number;
  readonly request: Message;
}

class Play {
  readonly driven: DrivenVirtualServer;
  readonly problems: string[] = [];
  readonly #isModern: boolean;
  /** What members were asked and have not answered. */
  #asked: Asked[] = [];
  /** Requests of the client without an outcome, each with the members that may answer it. */
  readonly #open = new Map<number, string | undefined>();
  readonly #cancelled = new Set<number>();
  #nextId = 2;

  constructor(isModern: boolean, known: KnownMembers) {
    this.#isModern = isModern;
    this.driven = new DrivenVirtualServer(MEMBERS, { isModern, known });
    if (isModern) return;
    this.#open.set(1, undefined);
    const params = { protocolVersion: '2025-11-25', capabilities: { sampling: {} } };
    this.driven.client({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  }

  run(taken: Step): void {
    const name = NAMES[taken.of % NAMES.length] ?? 'a';
    switch (taken.do) {
      case 'ask':
        this.#ask(taken.method, name);
        break;
      case 'answer':
        this.#answer(taken.of);
        break;
      case 'cancel':
        this.#cancel(taken.of);
        break;
      case 'question':
        this.#question(name, taken.of);
        break;
      case 'change':
        if (this.driven.runs(name))
          this.driven.member(name, { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
        break;
      case 'wait':
        this.driven.after(taken.of * 700);
        break;
      case 'exit':
        if (this.driven.runs(name)) this.driven.exited(name);
        break;
      case 'full':
        if (this.driven.runs(name)) this.driven.full(name);
        break;
      case 'drained':
        if (this.driven.runs(name)) this.driven.drained(name);
        break;
    }
    this.#look();
  }

  /** All members work again, and answer everything. */
  finish(): void {
    for (let round = 0; round < 40 && this.#open.size > 0; round++) {
      for (const name of NAMES) if (this.driven.runs(name)) this.driven.drained(name);
      this.#look();
      while (this.#asked.length > 0) {
        this.#answer(0);
        this.#look();
      }
      this.driven.after(5_000);
      this.#look();
    }
    if (this.#open.size > 0) this.problems.push(`unanswered: ${[...this.#open.keys()].join(', ')}`);
  }

  #ask(method: (typeof METHODS)[number], name: string): void {
    // A client says nothing before it is answered.
    if (this.#open.has(1)) return;
    const id = this.#nextId++;
    const own = name === 'c' ? 'tool_c' : `${name}__tool_${name}`;
    const [sent, params, by] = {
      call: ['tools/call', { name: own }, name],
      list: ['tools/list', {}, undefined],
      page: ['tools/list', { cursor: `${name}:p` }, undefined],
      read: ['resources/read', { uri: `x:${name}` }, name],
      level: ['logging/setLevel', { level: 'info' }, undefined],
      unknown: ['acme/unknown', {}, undefined],
      prompts: ['prompts/list', {}, undefined],
      listen: [LISTEN, { notifications: { toolsListChanged: true } }, undefined],
    }[method] as [string, object, string | undefined];
    // A subscription lasts until somebody ends it.
    if (this.#isModern && sent === LISTEN) this.#cancelled.add(id);
    else this.#open.set(id, by);
    const meta = this.#isModern ? { _meta: { progressToken: id } } : {};
    this.driven.client({ jsonrpc: '2.0', id, method: sent, params: { ...params, ...meta } });
  }

  #answer(of: number): void {
    const [asked] = this.#asked.splice(of % Math.max(1, this.#asked.length), 1);
    if (!asked || !this.driven.runs(asked.member)) return;
    if (this.driven.slotOf(asked.member) !== asked.slot) return;
    const { request } = asked;
    if (this.#isModern && request['method'] === LISTEN && of % 2 === 0) {
      const method = 'notifications/subscriptions/acknowledged';
      const params = { notifications: { toolsListChanged: true } };
      const acknowledged = { jsonrpc: '2.0', method, params };
      return this.driven.member(asked.member, acknowledged, Number(request['id']));
    }
    this.driven.member(asked.member, {
      jsonrpc: '2.0',
      id: request['id'],
      ...outcomeOf(request, asked.member),
    });
  }

  #cancel(of: number): void {
    const id = [...this.#open.keys()][of % Math.max(1, this.#open.size)];
    if (id === undefined || id === 1) return;
    this.#cancelled.add(id);
    this.#open.delete(id);
    const params = { requestId: id };
    this.driven.client({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  }

  #question(name: string, of: number): void {
    if (this.#isModern || !this.driven.runs(name)) return;
    const question = { method: 'sampling/createMessage', params: { of: name } };
    this.driven.member(name, { jsonrpc: '2.0', id: of % 3, ...question });
  }

  #look(): void {
    for (const said of this.driven.said()) this.#heard(said);
    for (const { member: name, slot, message } of this.driven.writtenTo()) {
      const { id, method } = message;
      if (id !== undefined && method !== undefined) {
        this.#asked.push({ member: name, slot, request: message });
      } else if (method === undefined) {
        const { to } = (message['result'] ?? {}) as { to?: { of?: string } };
        if (to?.of !== name) this.problems.push(`${name} got an answer to a question of another`);
      }
    }
  }

  #heard(said: Message): void {
    const { id, method } = said;
    if (method !== undefined) {
      if (id !== undefined)
        this.driven.client({ jsonrpc: '2.0', id, result: { to: said['params'] } });
      return;
    }
    if (typeof id !== 'number') return;
    if (id === 1) this.driven.client({ jsonrpc: '2.0', method: 'notifications/initialized' });
    if (!this.#open.has(id) && !this.#cancelled.has(id))
      this.problems.push(`a second answer to ${String(id)}`);
    const by = this.#open.get(id);
    this.#open.delete(id);
    const from = (said['result'] as { by?: string } | undefined)?.by;
    if (by !== undefined && from !== undefined && from !== by)
      this.problems.push(`${String(id)} was for ${by}, and ${from} answered`);
  }
}

/** What a member answers; only its own tools and resources are there. */
function outcomeOf({ method, params }: Message, name: string): object {
  const { name: tool, uri } = (params ?? {}) as { name?: string; uri?: string };
  switch (method) {
    case 'initialize':
      return { result: greeting() };
    case 'tools/list':
      return { result: { tools: [{ name: `tool_${name}` }] } };
    case 'resources/list':
      return { result: { resources: name === 'a' ? [{ uri: 'x:a' }] : [] } };
    case 'resources/templates/list':
      return { result: { resourceTemplates: name === 'b' ? [{ uriTemplate: '{x}:b' }] : [] } };
    case 'tools/call':
      return tool === `tool_${name}` ? { result: { by: name } } : MISSING;
    case 'resources/read':
      return uri === `x:${name}` ? { result: { by: name } } : MISSING;
    case 'acme/unknown':
      return { error: { code: -32601, message: 'unknown' } };
    default:
      return { result: {} };
  }
}

const MISSING = { error: { code: -32602, message: 'not here' } };

test.each([false, true])('[R-16] modern clients: %s', (isModern) => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.array(step, { maxLength: 30 }),
      (first, next) => {
        const known = new KnownMembers();
        // The second session finds what the first has learned.
        for (const steps of [first, next]) {
          const play = new Play(isModern, known);
          for (const taken of steps) play.run(taken);
          play.finish();
          expect(play.problems).toEqual([]);
        }
      },
    ),
    { numRuns: 400 },
  );
});
