// One simulated sign-in: a person lets apps in, which redeem codes, refresh and call over a network that loses and doubles what it
// carries, while thieves present what they copied and the owner ends grants. The access actor dies meanwhile. What must hold is
// judged by what its disk has kept, and by what apps are told.
import { createHash } from 'node:crypto';

import type { AccessSteps, Approval } from '../../edge/core/access-ports.ts';
import { AccessNode } from './access-node.ts';
import { Chance, VirtualClock } from './clock.ts';
import { RULES, type Rules } from './rules.ts';

const START = 1_700_000_000_000;
const MINUTE = 60_000;
const RUN_MS = 120 * MINUTE;

/** The longest that a request or an answer is under way, and the time after which an app asks again. */
const WAY_MS = 500;
const AGAIN_MS = 3_000;

const SERVERS = ['files', 'mail'] as const;

export const digestOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url');

/** A grant as all know it who took part. */
interface Known {
  readonly approval: Approval;
  readonly code: string;
  /** Its refresh tokens in their order, and how many of them gave new ones. */
  readonly chain: string[];
  used: number;
  readonly accessTokens: string[];
  /** Somebody came who must not have had what he had. */
  isStolen: boolean;
  /** The invariant by which it is over. */
  over: 'I1' | 'I3' | 'I5' | undefined;
  redemptions: number;
}

export class AccessWorld {
  readonly faults: string[] = [];
  /** Refreshes that were answered: a run without any shows nothing. */
  refreshes = 0;
  readonly node: AccessNode;
  readonly #clock = new VirtualClock();
  readonly #chance: Chance;
  readonly #known: Known[] = [];
  /** Secrets by their digests: what is on disk names none. */
  readonly #secrets = new Map<string, string>();
  /** What lies under a seal, and under which secret it was put there. */
  readonly #seals = new Map<string, { readonly under: string; readonly text: string }>();
  #minted = 0;

  constructor(seed: number, rules: Rules = RULES) {
    this.#chance = new Chance(seed);
    this.node = new AccessNode(rules, this.#chance);
  }

  run(): string[] {
    const grants = this.#chance.between(1, 3);
    for (let count = 0; count < grants; count++) this.#at(RUN_MS / 4, () => this.#signIn());
    for (let count = 0; count < 6; count++) this.#at(RUN_MS, () => this.node.evict());
    this.#at(RUN_MS, () => this.node.sweep(this.#now));
    this.#clock.run(2 * RUN_MS);
    this.#opensNothing();
    return this.faults;
  }

  get #now(): number {
    return START + this.#clock.now;
  }

  #at(withinMs: number, run: () => void): void {
    this.#clock.after(this.#chance.between(0, withinMs), run);
  }

  #mint(kind: string): string {
    const secret = `${kind}${String(++this.#minted)}`;
    this.#secrets.set(digestOf(secret), secret);
    return secret;
  }

  /** A request whose copies and answers may be lost or doubled; `heard`: at least once unless all are lost, `lost`: nothing came. */
  #ask<Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
    heard: (answer: ReturnType<AccessSteps[Name]>) => void,
    lost: () => void = () => undefined,
  ): void {
    let isHeard = false;
    const copies = this.#chance.happens(0.3) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++)
      this.#at(WAY_MS, () => {
        if (this.#chance.happens(0.1)) return;
        const answer = this.node.take(name, input, this.#now, (...kept) => this.#kept(...kept));
        if (answer === undefined || this.#chance.happens(0.15)) return;
        this.#at(WAY_MS, () => {
          isHeard = true;
          heard(answer);
        });
      });
    this.#clock.after(AGAIN_MS, () => {
      if (!isHeard) lost();
    });
  }

  #signIn(): void {
    const code = this.#mint('code');
    const approval: Approval = {
      page: this.#mint('page'),
      pageUntil: this.#now + 10 * MINUTE,
      grant: this.#mint('grant'),
      person: { id: this.#chance.pick(['owner', 'p-1']) },
      app: { id: this.#chance.pick(['app', 'other']), name: 'App' },
      server: this.#chance.pick(SERVERS),
      scopes: ['mcp'],
      lastsMs: 365 * 24 * 60 * MINUTE,
      code: digestOf(code),
      challenge: `challenge of ${code}`,
      redirect: 'https://app.example/callback',
    };
    const known: Known = {
      approval,
      code,
      chain: [],
      used: 0,
      accessTokens: [],
      isStolen: false,
      over: undefined,
      redemptions: 0,
    };
    this.#known.push(known);
    const submit = (): void => this.#ask('approve', approval, () => undefined, submit);
    submit();
    this.#clock.after(5_000, () => this.#redeem(known));
    if (this.#chance.happens(0.2)) this.#at(MINUTE, () => this.#misuse(known));
    if (this.#chance.happens(0.3)) this.#at(RUN_MS, () => this.#steal(known));
    if (this.#chance.happens(0.3)) this.#at(RUN_MS, () => this.#end(known));
    for (let count = 0; count < 10; count++) this.#at(RUN_MS, () => this.#call(known));
  }

  /** The app that has the code redeems it once: a second time would end what the first gave. */
  #redeem(known: Known, changed: Partial<Approval> = {}): void {
    const { approval, code } = known;
    const { challenge, redirect, app, server } = { ...approval, ...changed };
    const [access, refresh] = [this.#mint('access'), this.#mint('refresh')];
    const input = {
      code: digestOf(code),
      challenge,
      redirect,
      client: app.id,
      server,
      access: digestOf(access),
      refresh: digestOf(refresh),
      accessMs: 60 * MINUTE,
      from: undefined,
    };
    const answer = this.node.take('redeem', input, this.#now, (...kept) => this.#kept(...kept));
    if (answer?.kind === 'issued') this.#refreshLater(known, refresh);
  }

  /** Somebody has the code, and not all that it is bound to; or comes second. */
  #misuse(known: Known): void {
    const changed = this.#chance.pick<Partial<Approval>>([
      { challenge: 'another' },
      { redirect: 'https://evil.example/' },
      { app: { id: 'thief', name: 'Thief' } },
      { server: 'git' },
      {},
    ]);
    this.#redeem(known, changed);
  }

  #refreshLater(known: Known, has: string): void {
    if (this.#clock.now < RUN_MS)
      this.#clock.after(this.#chance.between(10_000, 20 * MINUTE), () => this.#refresh(known, has));
  }

  /** Asks until an answer comes, and goes on with what the first one holds. Some apps ask twice at once. */
  #refresh(known: Known, has: string): void {
    let next: string | undefined;
    const requests = this.#chance.happens(0.2) ? 2 : 1;
    for (let request = 0; request < requests; request++)
      this.#renew(known, has, known.approval.app.id, (got) => {
        if (got === undefined) {
          if (!known.isStolen && !known.over)
            this.faults.push(
              `I2: ${known.approval.grant} was lost, though its app kept what it got`,
            );
          return;
        }
        if (next !== undefined && next !== got)
          this.faults.push(
            `I2: two refreshes at once of ${known.approval.grant} got different tokens`,
          );
        this.refreshes += 1;
        next = got;
      });
    this.#clock.after(2 * AGAIN_MS, () => {
      if (next !== undefined) this.#refreshLater(known, next);
      else if (!known.isStolen && !known.over && this.#clock.now < RUN_MS)
        this.#refresh(known, has);
    });
  }

  /** `heard`: the refresh token in the answer; undefined if it was refused. */
  #renew(
    { approval }: Known,
    presented: string,
    client: string,
    heard: (refresh: string | undefined) => void,
  ): void {
    const [access, refresh, sealed] = [
      this.#mint('access'),
      this.#mint('refresh'),
      `sealed ${String(this.#seals.size)}`,
    ];
    this.#seals.set(sealed, { under: presented, text: refresh });
    const input = {
      presented: digestOf(presented),
      sealed,
      client,
      server: approval.server,
      scopes: undefined,
      access: digestOf(access),
      refresh: digestOf(refresh),
      accessMs: 60 * MINUTE,
      from: undefined,
    };
    this.#ask('renew', input, (answer) => {
      if (answer.kind === 'limited') return;
      if (answer.kind !== 'issued') return heard(undefined);
      if (answer.sealed === undefined) return heard(refresh);
      const seal = this.#seals.get(answer.sealed);
      if (seal?.under === presented) return heard(seal.text);
      this.faults.push(`I2: an answer of ${approval.grant} is sealed under another token`);
    });
  }

  /** A thief has copied one of the refresh tokens, and uses it: once, or until he is refused. */
  #steal(known: Known): void {
    if (known.chain.length === 0) return;
    known.isStolen = true;
    const stolen = this.#chance.pick(known.chain);
    this.#renew(known, stolen, known.approval.app.id, () => undefined);
  }

  #end(known: Known): void {
    const input = { grant: known.approval.grant };
    const again = (): void => this.#ask('end', input, () => undefined, again);
    again();
  }

  #call(known: Known): void {
    const token = known.accessTokens.at(-1);
    if (token === undefined) return;
    for (const server of [...SERVERS, 'git'])
      this.#ask('validate', { token: digestOf(token), server }, () => undefined);
  }

  /** Judges a step that is on disk. */
  readonly #kept = <Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
    answer: ReturnType<AccessSteps[Name]>,
  ): void => {
    const steps = { name, input, answer } as unknown as {
      readonly [Step in keyof AccessSteps]: {
        readonly name: Step;
        readonly input: Parameters<AccessSteps[Step]>[0];
        readonly answer: ReturnType<AccessSteps[Step]>;
      };
    }[keyof AccessSteps];
    switch (steps.name) {
      case 'redeem':
        return this.#redeemed(steps.input, steps.answer);
      case 'renew':
        return this.#renewed(steps.input, steps.answer);
      case 'validate':
        return this.#validated(steps.input, steps.answer);
      case 'end':
        // One that was not there yet is not ended: its approval may come later.
        for (const { grant } of steps.answer.ended) this.#ended(grant);
        return;
      default:
    }
  };

  #redeemed(
    input: Parameters<AccessSteps['redeem']>[0],
    answer: ReturnType<AccessSteps['redeem']>,
  ): void {
    const known = this.#known.find(({ approval }) => approval.code === input.code);
    if (!known) return;
    if (answer.kind !== 'issued') {
      if ('ended' in answer && answer.ended) known.over ??= 'I1';
      return;
    }
    const { approval } = known;
    known.redemptions += 1;
    known.chain.push(this.#secrets.get(input.refresh) ?? '');
    known.accessTokens.push(this.#secrets.get(input.access) ?? '');
    const isBound =
      input.challenge === approval.challenge &&
      input.redirect === approval.redirect &&
      input.client === approval.app.id &&
      input.server === approval.server;
    if (known.redemptions > 1)
      this.faults.push(`I1: the code of ${approval.grant} gave tokens twice`);
    if (!isBound)
      this.faults.push(`I1: the code of ${approval.grant} gave tokens to somebody else`);
    if (known.over) this.faults.push(`${known.over}: ${approval.grant} gave tokens after its end`);
  }

  #renewed(
    input: Parameters<AccessSteps['renew']>[0],
    answer: ReturnType<AccessSteps['renew']>,
  ): void {
    const presented = this.#secrets.get(input.presented) ?? '';
    const known = this.#known.find(({ chain }) => chain.includes(presented));
    if (!known) return;
    const at = known.chain.indexOf(presented);
    const { grant } = known.approval;
    const isSpent = at + 1 < known.used;
    if (answer.kind !== 'issued') {
      if (isSpent) known.over ??= 'I3';
      return;
    }
    if (isSpent) this.faults.push(`I3: a spent refresh token of ${grant} gave tokens`);
    if (known.over) this.faults.push(`${known.over}: ${grant} was refreshed after its end`);
    if (at + 1 === known.chain.length) known.chain.push(this.#secrets.get(input.refresh) ?? '');
    known.used = Math.max(known.used, at + 1);
    known.accessTokens.push(this.#secrets.get(input.access) ?? '');
  }

  #validated(
    { token, server }: Parameters<AccessSteps['validate']>[0],
    { admission }: ReturnType<AccessSteps['validate']>,
  ): void {
    const secret = this.#secrets.get(token) ?? '';
    const known = this.#known.find(({ accessTokens }) => accessTokens.includes(secret));
    if (!known || !admission) return;
    const { approval, over } = known;
    const isIts = server === approval.server && admission.person.id === approval.person.id;
    if (!isIts) this.faults.push(`I4: a token of ${approval.grant} opens something else`);
    if (over)
      this.faults.push(`${over}: a token of ${approval.grant} opens its server after the end`);
  }

  #ended(grant: string): void {
    for (const known of this.#known) if (known.approval.grant === grant) known.over ??= 'I5';
  }

  /** Nothing that is on disk is good for anything when it is presented. */
  #opensNothing(): void {
    const tables = this.node.db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all() as { readonly name: string }[];
    for (const { name } of tables)
      for (const row of this.node.db.prepare(`SELECT * FROM ${name}`).all())
        for (const text of Object.values(row)) this.#present(String(text));
  }

  #present(text: string): void {
    const secret = this.#secrets.get(digestOf(text));
    // Names of grants and pages are no secrets.
    if (secret !== undefined && !/^(?:grant|page)/u.test(secret))
      this.faults.push(`I6: a copy of the storage has ${secret}`);
  }
}
