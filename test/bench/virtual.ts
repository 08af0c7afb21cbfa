// What a virtual server costs: until a client has the tools of many members, beside as many connections to the members; and for each
// call, beside its member alone. The same bridge serves both, so that whatever else it does is in both.
import { setTimeout as sleep } from 'node:timers/promises';

import { toolTokens } from '../../shared/mcp/tool-size.ts';
import { serverOfEra } from './eras.ts';
import { HUB, HUB_BETWEEN, startHub, type Hub } from './hub.ts';
import { ModernSession } from './modern-session.ts';
import { startDev } from './ours.ts';
import { measurePair, type Pair } from './pairs.ts';
import type { PairPlan, VirtualPlan } from './plan.ts';
import { pidsBelow } from './process-accounts.ts';
import { HttpSession, type ClientSession } from './sessions.ts';
import { startOurs, type Target } from './targets.ts';

const MEMBERS = Array.from({ length: 12 }, (_, place) => `member${place + 1}`);
const [FIRST = '', SECOND = ''] = MEMBERS;

/** Of each member: 300 in all. */
const TOOLS = 25;

/** A client that opens one virtual server, or a connection to each of its members at once; or another gateway for the same members. */
export interface VirtualOpening {
  readonly ways: 'virtual' | 'separate' | 'hub';
  /** From the first `initialize` to the last page of the tools: of a fresh bridge, and of later clients. */
  readonly coldMs: readonly number[];
  readonly warmMs: readonly number[];
  /** That run for the client once it has the tools, of both kinds. */
  readonly coldProcesses: number;
  readonly warmProcesses: number;
  readonly tools: number;
  readonly bytes: number;
  readonly tokens: number;
}

export interface VirtualResults {
  readonly openings: readonly VirtualOpening[];
  readonly pairs: readonly { readonly title: string; readonly pair: Pair }[];
}

/** What is measured beside ours: where it is installed. */
export interface InstalledHub {
  readonly modules: string;
}

interface Watch {
  readonly say: (words: string) => void;
  /** Told of each bridge that runs, so that an interrupted bench ends it. */
  readonly track: (running: Target) => void;
}

const prefixed = (names: readonly string[]) => ({
  members: Object.fromEntries(names.map((name) => [name, { prefix: name }])),
});

/** The virtual servers by name: how many members, and what precedes the tools of the first. */
const VIRTUAL = {
  plain: { members: { [FIRST]: { prefix: '' } } },
  prefixed: prefixed([FIRST]),
  two: prefixed([FIRST, SECOND]),
  twelve: prefixed(MEMBERS),
} as const;

const COMPARED = [
  { name: 'plain', title: 'one member, names as they are', before: '' },
  { name: 'prefixed', title: 'one member, prefixed', before: `${FIRST}__` },
  { name: 'two', title: 'two members', before: `${FIRST}__` },
] as const;

const SERVERS = Object.fromEntries(MEMBERS.map((name) => [name, serverOfEra('legacy', TOOLS)]));

const start = () => startOurs({ logLevel: 'warn', servers: SERVERS, virtual: VIRTUAL });

/** All of it. Throws when an answer is not right. `hub`: without it, ours is measured alone. */
export async function measureVirtual(
  plan: VirtualPlan,
  hub: InstalledHub | undefined,
  watch: Watch,
): Promise<VirtualResults> {
  const openings: VirtualOpening[] = [];
  for (const ways of ['virtual', 'separate'] as const) {
    watch.say(`opening: ${ways}`);
    const servers = ways === 'virtual' ? ['twelve'] : MEMBERS;
    const openable = async (): Promise<Openable> => {
      const bridge = await start();
      return { ...bridge, openAll: () => openAll(bridge, servers) };
    };
    openings.push(await measureOpenings(plan, ways, openable, watch));
  }
  if (hub) {
    watch.say(`opening: ${HUB.name}`);
    const openable = async (): Promise<Openable> => {
      const started = await startHub(hub.modules, SERVERS);
      return { ...started, openAll: () => openHub(started) };
    };
    openings.push(await measureOpenings(plan, 'hub', openable, watch));
  }
  const pairs = await measureCalls(plan, watch);
  return { openings, pairs: [...pairs, ...(hub ? await callBoth(plan, hub, watch) : [])] };
}

/** A bridge that a new client can open. */
type Openable = Target & { openAll(): Promise<Opened> };

async function measureOpenings(
  { openingRounds, warmOpens, restMs }: VirtualPlan,
  ways: VirtualOpening['ways'],
  startOne: () => Promise<Openable>,
  { track }: Watch,
): Promise<VirtualOpening> {
  const [cold, warm]: [Opened[], Opened[]] = [[], []];
  for (let round = 0; round < openingRounds; round++) {
    const bridge = await startOne();
    track(bridge);
    try {
      for (let open = 0; open <= warmOpens; open++) {
        // What starts when it is started is not let start before its client is there.
        if (open > 0 || ways !== 'hub') await sleep(restMs);
        (open === 0 ? cold : warm).push(await bridge.openAll());
      }
    } finally {
      await bridge.stop();
    }
  }
  const [first] = cold;
  if (!first) throw new Error('There is at least one round.');
  const mostProcesses = (opened: readonly Opened[]): number =>
    Math.max(...opened.map(({ processes }) => processes));
  return {
    ways,
    coldMs: cold.map(({ ms }) => ms),
    warmMs: warm.map(({ ms }) => ms),
    coldProcesses: mostProcesses(cold),
    warmProcesses: mostProcesses(warm),
    tools: first.tools,
    bytes: first.bytes,
    tokens: first.tokens,
  };
}

interface Opened {
  readonly ms: number;
  readonly processes: number;
  readonly tools: number;
  readonly bytes: number;
  readonly tokens: number;
}

type Bridge = Awaited<ReturnType<typeof start>>;

/** A new client opens all of them at once. Throws when a tool is missing. */
async function openAll(bridge: Bridge, servers: readonly string[]): Promise<Opened> {
  const sessions = servers.map((name) => new HttpSession(bridge.ours.url(name)));
  const before = pidsBelow(bridge.ancestors).length;
  try {
    const startedAt = performance.now();
    const pages = await Promise.all(sessions.map((session) => session.openWhole()));
    const ms = performance.now() - startedAt;
    const tools = pages.flatMap((page) => page.tools);
    if (tools.length !== MEMBERS.length * TOOLS) throw new Error(`${tools.length} tools came`);
    return {
      ms,
      processes: pidsBelow(bridge.ancestors).length - before,
      tools: tools.length,
      bytes: pages.reduce((sum, { bytes }) => sum + bytes, 0),
      tokens: tools.reduce((sum, tool) => sum + toolTokens(tool), 0),
    };
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** The same, of a gateway whose servers start with it. */
async function openHub(hub: Hub): Promise<Opened> {
  const startedAt = performance.now();
  const { pages, close } = await hub.openWhole(MEMBERS.length * TOOLS);
  const ms = performance.now() - startedAt;
  const { tools, bytes } = pages;
  const processes = pidsBelow(hub.ancestors).length;
  await close();
  const tokens = tools.reduce((sum, tool) => sum + toolTokens(tool), 0);
  return { ms, processes, tools: tools.length, bytes, tokens };
}

/**
 * Calls of a tool of one of twelve members, through a virtual server and through the other gateway, which is one program: so ours is measured as
 * one, too.
 */
async function callBoth(
  { pair, alone }: VirtualPlan,
  { modules }: InstalledHub,
  { say, track }: Watch,
): Promise<VirtualResults['pairs']> {
  const started: Target[] = [];
  const starting = async <One extends Target>(one: Promise<One>): Promise<One> => {
    const target = await one;
    started.push(target);
    track(target);
    return target;
  };
  const measured: { title: string; pair: Pair }[] = [];
  try {
    const apart = await starting(start());
    const asOne = await starting(startAsOne());
    const hub = await starting(startHub(modules, SERVERS));
    await (await hub.openWhole(MEMBERS.length * TOOLS)).close();
    const theirs = () => calling(hub.session(), FIRST + HUB_BETWEEN);
    for (const plan of [pair, alone])
      for (const [name, target, url] of [
        ['edge and runner', apart, apart.ours.url('twelve')],
        ['ours, one program', asOne, asOne.url('twelve')],
      ] as const) {
        const words = `twelve members, ${plan.sessions} in flight`;
        say(`calls, ${words}: ${name} and ${HUB.name}`);
        const session = () => calling(new HttpSession(url), `${FIRST}__`);
        const sides = [
          { name, target: { ...target, session } },
          { name: `${HUB.name} ${HUB.version}`, target: { ...hub, session: theirs } },
        ] as const;
        measured.push({ title: words, pair: await measurePair(plan, ...sides) });
      }
    return measured;
  } finally {
    for (const target of started) await target.stop();
  }
}

async function startAsOne() {
  const { pid, url, stop } = await startDev(SERVERS, VIRTUAL);
  const session = (): ClientSession => new HttpSession(url('twelve'));
  return { groups: { bridge: pid }, ancestors: [pid], url, session, stop };
}

async function measureCalls(
  { pair, alone }: VirtualPlan,
  { say, track }: Watch,
): Promise<VirtualResults['pairs']> {
  const bridge = await start();
  track(bridge);
  const measured: { title: string; pair: Pair }[] = [];
  const compare = async (words: string, plan: PairPlan, Client: Client): Promise<void> => {
    for (const { name, title, before } of COMPARED) {
      say(`calls, ${words}: ${title}`);
      const virtual = () => calling(new Client(bridge.ours.url(name)), before);
      const sides = [
        { name: title, target: { ...bridge, session: virtual } },
        {
          name: 'its member alone',
          target: { ...bridge, session: () => new Client(bridge.ours.url(FIRST)) },
        },
      ] as const;
      measured.push({ title: words, pair: await measurePair(plan, ...sides) });
    }
  };
  try {
    await compare(`legacy clients, ${pair.sessions} calls in flight`, pair, HttpSession);
    await compare(`a legacy client, ${alone.sessions} call in flight`, alone, HttpSession);
    await compare(`modern clients, ${pair.sessions} calls in flight`, pair, ModernSession);
    return measured;
  } finally {
    await bridge.stop();
  }
}

type Client = new (url: URL) => ClientSession;

/** The session, whose tools are called by names with this before them. */
const calling = (session: ClientSession, before: string): ClientSession => ({
  open: () => session.open(),
  listen: () => session.listen(),
  call: (tool, args, text) => session.call(before + tool, args, text),
  close: () => session.close(),
});
