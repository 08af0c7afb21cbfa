// Real servers, each asked the same directly and through the bridge. What the bridge passes through must come back byte for byte; what
// it translates must be equal but for what PROMISES.md says it adds.
//
//   node test/field/differential.ts                       all of servers.ts; installs them first (1.3 GB), then about ten minutes
//   node test/field/differential.ts --only @playwright/mcp,@eslint/mcp
//   node test/field/differential.ts --member              each as the only member of a virtual server
//
// A server is asked directly twice: what differs between those two (times, process ids, order) is the server's own and is left
// out, counted. Ends with 1 when anything else differs.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { startBridge, type Bridge } from '../e2e/harness.ts';
import { readFlags } from '../flags.ts';
import { installPackages } from './packages.ts';
import { FIELD_PACKAGES, FIELD_SERVERS, FOLDER, type Question } from './servers.ts';
import { Http, Pipe, Sse, type Command, type Outcome, type Speech, type Way } from './ways.ts';

type Fields = Record<string, unknown>;

/** What every server is asked. */
const QUESTIONS: readonly Question[] = [
  ['tools/list'],
  ['prompts/list'],
  ['resources/list'],
  ['resources/templates/list'],
  ['resources/read', { uri: 'nothing://here' }],
  ['tools/call', { name: 'no such tool', arguments: {} }],
  ['acme/unknown', { deep: [1, 2, { three: null }] }],
];

/** A bridge serves so many at a time. */
const AT_A_TIME = 8;

/** What the bridge adds to the results of a legacy process for a 2026-07-28 client. */
const ADDED = ['resultType', 'ttlMs', 'cacheScope'];

/** What 2026-07-28 has no place for: tasks were an experiment of 2025-11-25 there ("Tasks"), and are an extension since. */
const LEFT_OUT = { capability: 'tasks', ofTool: 'execution' } as const;

/** A resource that is not there has another code in 2026-07-28 ("Resources", Error Handling). */
const RENUMBERED: ReadonlyMap<number, number> = new Map([[-32_002, -32_602]]);

interface Tally {
  compared: number;
  unstable: number;
  readonly differences: string[];
}

const flags = readFlags(
  'field:differential',
  'Answers of published servers through the bridge beside their answers without it.\nExit code 1: some differ.',
  {
    only: { type: 'string', value: 'names', help: 'these servers, separated by commas' },
    member: {
      type: 'boolean',
      help: 'each as the only member of a virtual server, under its own names',
    },
  },
);
const wanted = flags.only?.split(',') ?? Object.keys(FIELD_SERVERS);
const packages = await installPackages(
  'differential',
  Object.fromEntries(Object.entries(FIELD_PACKAGES).filter(([name]) => wanted.includes(name))),
);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-bridge-field-')));
writeFileSync(join(folder, 'note.txt'), 'A note: Grüße, 世界.\n');
const tally: Tally = { compared: 0, unstable: 0, differences: [] };
try {
  for (let at = 0; at < wanted.length; at += AT_A_TIME)
    await compareServers(wanted.slice(at, at + AT_A_TIME));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const difference of tally.differences) console.log(difference);
console.log(
  `${wanted.length} servers, ${tally.compared} answers compared, ${tally.unstable} left out (two direct answers differ), ${tally.differences.length} different`,
);
process.exitCode = tally.differences.length === 0 ? 0 : 1;

async function compareServers(names: readonly string[]): Promise<void> {
  const commands = new Map(names.map((name, place) => [`s${place}`, commandOf(name)]));
  const servedAs = (place: number): string => `${flags.member === true ? 'v' : 's'}${place}`;
  const virtual = names.map((_name, place) => [
    `v${place}`,
    { members: { [`s${place}`]: { prefix: '' } } },
  ]);
  const bridge = await startBridge({
    servers: Object.fromEntries(commands),
    bridge: flags.member === true ? { virtual: Object.fromEntries(virtual) as object } : {},
  });
  try {
    for (const [place, name] of names.entries()) {
      const served = servedAs(place);
      const before = { ...tally, differences: tally.differences.length };
      await compareServer(bridge, name, served, commandOf(name));
      console.log(
        `${name}: ${tally.compared - before.compared} compared, ${tally.unstable - before.unstable} left out, ${tally.differences.length - before.differences} different`,
      );
    }
  } finally {
    await bridge.stop();
  }
}

function commandOf(name: string): Command {
  const { args = [] } = FIELD_SERVERS[name] ?? {};
  const placed = args.map((arg) => arg.replaceAll(FOLDER, folder));
  return { command: process.execPath, args: [packages.programOf(name), ...placed], cwd: folder };
}

async function compareServer(
  bridge: Bridge,
  name: string,
  served: string,
  command: Command,
): Promise<void> {
  const { clock, questions: asked = [] } = FIELD_SERVERS[name] ?? {};
  const own = JSON.stringify(asked).replaceAll(FOLDER, folder);
  const questions = [...QUESTIONS, ...(JSON.parse(own) as Question[])];
  const isModern = await speaksModern(command);
  const ways: readonly (readonly [string, Speech, Way])[] = [
    ['HTTP+SSE', '2024-11-05', new Sse(bridge.url, served)],
    ['2025-11-25', '2025-11-25', new Http(bridge.url, served, '2025-11-25')],
    [
      MODERN_REVISION,
      isModern ? MODERN_REVISION : '2025-11-25',
      new Http(bridge.url, served, MODERN_REVISION),
    ],
  ];
  for (const [title, speech, way] of ways) {
    const isTranslated = title === MODERN_REVISION && !isModern;
    const [first, second, through] = [
      await answersOf(new Pipe(command, speech), questions, clock),
      await answersOf(new Pipe(command, speech), questions, clock),
      await answersOf(way, questions, clock),
    ];
    for (const [place, direct] of first.entries()) {
      const question = JSON.stringify(questions[place - 1] ?? 'opening').slice(0, 100);
      compareOne(`${name} ${title} ${question}`, isTranslated, place === 0, [
        direct,
        second[place],
        through[place],
      ]);
    }
  }
}

async function speaksModern(command: Command): Promise<boolean> {
  const way = new Pipe(command, MODERN_REVISION);
  try {
    return (await way.open()).kind === 'result';
  } finally {
    await way.close();
  }
}

/** The answers, without the time of day in them. */
async function answersOf(
  way: Way,
  questions: readonly Question[],
  clock: RegExp | undefined,
): Promise<Outcome[]> {
  try {
    const answers = [await way.open()];
    for (const question of questions) answers.push(await way.ask(question));
    if (!clock) return answers;
    return answers.map(({ kind, text }) => ({ kind, text: text.replaceAll(clock, 'CLOCK') }));
  } finally {
    await way.close();
  }
}

function compareOne(
  title: string,
  isTranslated: boolean,
  isOpening: boolean,
  [direct, again, through]: readonly [Outcome, Outcome | undefined, Outcome | undefined],
): void {
  if (direct.kind !== again?.kind || direct.text !== again.text) {
    tally.unstable += 1;
    return;
  }
  tally.compared += 1;
  const expected = isTranslated ? translated(direct, isOpening) : direct.text;
  const got = through && isTranslated ? withoutAdditions(through, isOpening) : through?.text;
  if (direct.kind === through?.kind && expected === got) return;
  tally.differences.push(
    `DIFFERENT ${title}\n  directly: ${direct.kind} ${expected.slice(0, 400)}\n  through:  ${through?.kind} ${got?.slice(0, 400)}`,
  );
}

/** What a 2026-07-28 client is to see of a legacy process's answer. */
function translated({ kind, text }: Outcome, isOpening: boolean): string {
  if (kind === 'none') return text;
  const fields = JSON.parse(text) as Fields;
  if (kind === 'error') {
    const code = Number(fields['code']);
    return JSON.stringify({ ...fields, code: RENUMBERED.get(code) ?? code });
  }
  if (isOpening) {
    const { capabilities, instructions, serverInfo } = fields;
    const kept = without(capabilities as Fields, LEFT_OUT.capability);
    return JSON.stringify({ capabilities: kept, instructions, serverInfo });
  }
  const { tools } = fields;
  if (!Array.isArray(tools)) return JSON.stringify(fields);
  const kept = (tools as Fields[]).map((tool) => without(tool, LEFT_OUT.ofTool));
  return JSON.stringify({ ...fields, tools: kept });
}

function withoutAdditions({ kind, text }: Outcome, isOpening: boolean): string {
  if (kind === 'none') return text;
  const fields = JSON.parse(text) as Fields;
  if (kind === 'error') return JSON.stringify(fields);
  const { [META.serverInfo]: serverInfo, ...meta } = (fields['_meta'] ?? {}) as Fields;
  if (isOpening) {
    const { capabilities, instructions } = fields;
    return JSON.stringify({ capabilities, instructions, serverInfo });
  }
  const kept = Object.entries(fields).filter(([key]) => !ADDED.includes(key) && key !== '_meta');
  if (Object.keys(meta).length > 0) kept.push(['_meta', meta]);
  return JSON.stringify(Object.fromEntries(kept));
}

function without(fields: Fields, left: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== left));
}
