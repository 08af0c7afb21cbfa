// Judges a virtual server (R-16) by what its clients took and what its members' processes did. It makes no name and finds no route.
import { ASK_MS } from '../../runner/virtual/member.ts';
import type { ClientNode } from './client-node.ts';
import type { CallHistory } from './history.ts';
import type { MemberNode } from './member-node.ts';
import type { Members } from './members.ts';
import type { TakenList, VirtualClient } from './virtual-client.ts';
import type { World } from './world.ts';

/** The fault of a member that ended reaches its clients within this. */
const FAULT_MS = 3_000;

/** Between the first look at lists and calls, and what processes say at the end. */
const SAID_MS = 60_000;

/** Members that slept have started by then, and have said what they list now. */
const AWAKE_MS = 20_000;

/** By then it has been heard. */
const HEARD_MS = 20_000;

/** Whether its member was woken by a call: the runner had a place for the session, and kept it. */
const reachedItsMember = (call: CallHistory | undefined): boolean =>
  call?.outcomes.some((outcome) => UNREACHED.has(outcome)) === false;

const UNREACHED: ReadonlySet<string> = new Set(
  ['overloaded', 'runner_lost', 'runner_offline', 'session_not_found'].map(
    (fault) => `error:${fault}`,
  ),
);

const NO_WORK = { ms: 5, progress: 2, bytes: 10, asks: false, withdraws: false };

export class VirtualJudge {
  readonly #world: World;
  readonly #members: Members;
  readonly #clients: readonly VirtualClient[];

  constructor(world: World, members: Members, clients: readonly ClientNode[]) {
    this.#world = world;
    this.#members = members;
    this.#clients = clients.flatMap(({ virtual }) => virtual ?? []);
  }

  /** All members have been well for long: each client sees all that there is, and can use it. */
  finale(): void {
    this.#world.note('finale');
    // Whose initialize was lost owes nobody a call, and is owed none.
    for (const client of this.#clients.filter(({ hasBegun }) => hasBegun)) {
      // One that sleeps is shown from memory, and cannot say that it lists something else by now. So is one whose session turns out to be
      // gone when it is asked.
      const awake = this.#awake(client);
      this.#look(client, () => awake?.every(({ isWell }) => isWell) === true);
      const reads = this.#members.all.flatMap(({ uris }) => uris.map((uri) => client.read(uri)));
      this.#world.clock.after(AWAKE_MS, () => {
        const areAwake = reads.every(reachedItsMember);
        this.#look(client, () => areAwake);
      });
    }
    this.#world.clock.after(SAID_MS, () => this.#say());
  }

  /** A client takes the list and uses all that it shows; `isFresh`, of the list that came: it is what its members list now. */
  #look(client: VirtualClient, isFresh: () => boolean): void {
    const before = client.lastTools;
    const wasTold = client.isToldSince;
    client.list('tools', (list) => {
      if (isFresh()) this.#isWhole(client, list);
      this.#wasTold(client, before, wasTold, list);
      for (const { name } of list.things) client.use('tools', name, NO_WORK);
    });
  }

  /** The processes of a client's members; undefined if one of them sleeps. */
  #awake({ client }: VirtualClient): MemberNode[] | undefined {
    const { nodes, all } = this.#members;
    const awake = nodes.filter((node) => node.client === client.principal && node.isWell);
    const isWhole = all.every((member) => awake.some((node) => node.member === member));
    return isWhole ? awake : undefined;
  }

  /** Processes say what they were asked to tell. */
  #say(): void {
    const heard = this.#clients.map((client) => ({
      client,
      before: new Map(client.subscribed),
      expected: this.#watched(client),
    }));
    for (const node of this.#members.nodes) node.updated();
    this.#world.clock.after(HEARD_MS, () => {
      for (const { client, before, expected } of heard)
        for (const uri of expected) {
          const count = (client.subscribed.get(uri) ?? 0) - (before.get(uri) ?? 0);
          if (count !== 1 && client.subscribed.has(uri))
            this.#fault(client, `heard ${String(count)} times that ${uri} has changed`);
        }
    });
  }

  /** Resources that a client has subscribed to, of members whose processes run. */
  #watched(client: VirtualClient): string[] {
    if (!this.#world.isQuiet || client.hearsSince === undefined || client.client.isOver) return [];
    return [...client.subscribed.keys()].filter((uri) =>
      this.#members.nodes.some(
        (node) =>
          node.isWell && node.client === client.client.principal && node.member.uris.includes(uri),
      ),
    );
  }

  /** What can be judged while the sessions are there. */
  judge(): void {
    for (const client of this.#clients) {
      this.#hasLevel(client);
      this.#isAskedByTheLiving(client);
    }
    for (const call of this.#world.history.calls.values()) this.#judgeCall(call);
    this.#toItsMember();
    this.#world.history.virtual.push(...this.#members.faults);
  }

  /** Long after all clients are gone. */
  left(): void {
    const alive = this.#members.nodes.filter(({ isAlive }) => isAlive);
    for (const node of alive) this.#world.history.left.push(`${node.label} still runs`);
  }

  #isWhole(client: VirtualClient, { things }: TakenList): void {
    const got = things.map(({ description }) => description);
    const all = this.#members.all.flatMap(({ listed }) => listed.tools);
    const names = things.map(({ name }) => name);
    if (new Set(names).size < names.length)
      this.#fault(client, `was shown one name twice: ${names.join(' ')}`);
    let at = 0;
    for (const { description } of all) {
      if (got[at] === description) at += 1;
      else if (!this.#isHidden(description, things))
        this.#fault(client, `misses ${description} in ${got.join(' ')}`);
    }
    if (at < got.length) this.#fault(client, `was shown ${got.slice(at).join(' ')} too much`);
  }

  /** Another member is shown under the only name that it ever had. */
  #isHidden(description: string, things: TakenList['things']): boolean {
    const [member = '', own = ''] = description.split('/');
    const { prefix } = this.#members.of(member);
    return prefix === '' && things.some(({ name }) => name === own);
  }

  /** Whoever listens learns that a list is another than the one it took. */
  #wasTold(
    client: VirtualClient,
    before: TakenList | undefined,
    wasTold: boolean,
    now: TakenList,
  ): void {
    const { hearsSince } = client;
    if (!before || wasTold || !this.#world.isQuiet || hearsSince === undefined) return;
    if (hearsSince + HEARD_MS > before.at) return;
    const [old, fresh] = [before, now].map(({ things }) =>
      things.map(({ description }) => description).join(' '),
    );
    if (old !== fresh)
      this.#fault(client, `took ${String(old)} and was not told that it is ${String(fresh)}`);
  }

  #hasLevel(client: VirtualClient): void {
    const { level } = client;
    if (level === undefined || !this.#world.isQuiet || client.client.isOver) return;
    for (const node of this.#members.nodes) {
      const isIts = node.client === client.client.principal && node.isWell;
      if (isIts && !node.member.isModern && node.level !== level)
        this.#fault(client, `set ${level}, and ${node.label} has ${String(node.level)}`);
    }
  }

  /** No question is left that a process which is gone has asked. */
  #isAskedByTheLiving(client: VirtualClient): void {
    if (!this.#world.isQuiet || client.hearsSince === undefined || client.client.isOver) return;
    const { hearsSince, client: node } = client;
    for (const [token, question] of this.#world.history.questions ?? []) {
      const { seenAt = Infinity, diedAt, endedAt = Infinity } = question;
      const isIts = question.client === node.principal && diedAt !== undefined;
      if (!isIts || hearsSince + HEARD_MS > seenAt || seenAt > diedAt) continue;
      if (endedAt > diedAt + FAULT_MS)
        this.#fault(client, `was not told that nobody waits for its answer to ${token}`);
    }
  }

  #judgeCall(call: CallHistory): void {
    const { virtual, uid, client, outcomes, isCancelled, isForsaken } = call;
    if (!virtual?.wanted || !this.#world.isQuiet || isForsaken) return;
    const { sentAt, endedAt = Infinity, cancelledAt, isOwed = true } = virtual;
    const [outcome = 'none'] = outcomes;
    const members = [...virtual.wanted].map((each) => each.split('/', 1)[0] ?? '');
    const isWell = members.every((name) =>
      this.#members.isWell(call.session, name, sentAt, endedAt),
    );
    // Calls of modern clients that can be asked wait for each other's turns.
    const hasTurns = client === 'modern';
    const what = `call ${uid} (${client}) for ${[...virtual.wanted].join(', ')} at ${String(sentAt)}`;
    if (isOwed && isWell && !hasTurns && !isCancelled && !outcome.startsWith('result:'))
      this.#world.history.virtual.push(`R-16: ${what} got ${outcome}, and its member was well`);
    if (outcome === 'error:deadline')
      this.#world.history.virtual.push(`R-16: ${what} had to wait for ever`);
    for (const record of this.#world.history.journal) {
      if (record.uid !== uid || record.by === undefined) continue;
      const { diedAt } = record;
      if (diedAt !== undefined && endedAt > this.#toldBy(call, members, diedAt) && !isCancelled)
        this.#world.history.virtual.push(`R-16: ${what} was not told that its member ended`);
      if (cancelledAt === undefined) continue;
      const wasWell = members.every((name) =>
        this.#members.isWell(call.session, name, sentAt, cancelledAt + FAULT_MS),
      );
      if (wasWell && (record.endedAt ?? Infinity) > cancelledAt + FAULT_MS)
        this.#world.history.virtual.push(`R-16: ${what} went on when it was cancelled`);
    }
  }

  /**
   * When a call's client knows that its member ended. `members`: who may have it. A client that has gone on with its call waits until it is
   * known whose the name is, and another member that does not say what it lists may hold that up.
   */
  #toldBy({ session, virtual }: CallHistory, members: readonly string[], diedAt: number): number {
    const { wentOnAt = diedAt } = virtual ?? {};
    const isHeldUp =
      wentOnAt < diedAt &&
      this.#members.all.some(
        ({ name, prefix }) =>
          prefix === '' &&
          !members.includes(name) &&
          !this.#members.isWell(session, name, wentOnAt, diedAt),
      );
    return Math.max(diedAt, isHeldUp ? wentOnAt + ASK_MS : 0) + FAULT_MS;
  }

  /** While a member is gone, another may be shown under a name that both have. */
  #toItsMember(): void {
    const { calls, journal, virtual } = this.#world.history;
    for (const { uid, by } of journal) {
      const call = calls.get(uid);
      const wanted = call?.virtual?.wanted;
      if (by === undefined || !call?.virtual || !wanted || wanted.has(by)) continue;
      const { sentAt, endedAt = Infinity } = call.virtual;
      const [member = '', own = ''] = [...wanted][0]?.split('/') ?? [];
      const isAlike = by.endsWith(`/${own}`);
      if (!isAlike || this.#members.isWell(call.session, member, sentAt, endedAt))
        virtual.push(`R-16: call ${uid} for ${[...wanted].join(', ')} was carried out by ${by}`);
    }
  }

  #fault({ client }: VirtualClient, what: string): void {
    this.#world.history.virtual.push(`R-16: client ${client.name} (${client.kind}) ${what}`);
  }
}
