// Checks that the papers of the repository are complete and true: every id and section that anything cites is defined in one of
// them, every rule of the link has a test, every path and symbol they name exists, and rooms import only what the papers allow.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { FAULT_IDS } from './faults.ts';
import { titlesOf } from './titles.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

const ARCHITECTURE = 'shared/ARCHITECTURE.md';
const PROMISES = 'shared/PROMISES.md';
const PROTOCOL = 'shared/link/PROTOCOL.md';
const REFERENCE = 'shared/REFERENCE.md';
const CONTRIBUTING = '.github/CONTRIBUTING.md';
const PAPERS = [ARCHITECTURE, PROMISES, PROTOCOL, REFERENCE, CONTRIBUTING, 'README.md'];

/** Everything that people write and read here. */
const FILES = [
  ...globSync('{shared,edge,runner,test}/**/*.{ts,js,mjs,md,json}', { cwd: root }),
  'README.md',
  CONTRIBUTING,
  'wrangler.toml',
  '.oxlintrc.json',
  'tsconfig.json',
  '.ci/run',
];
const TESTS = FILES.filter((path) => path.endsWith('.test.ts'));

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([whole, group]) => group ?? whole);

const titles = new Map(TESTS.map((path) => [path, titlesOf(join(root, path))]));
const provenBy = (id: string, title: string): boolean => new RegExp(`\\b${id}\\b`, 'u').test(title);

const PROMISE_IDS = all(textOf(PROMISES), /^## (R-\d+) /gmu);
const DECISION_IDS = all(textOf(ARCHITECTURE), /^\*\*(D\d+)\. /gmu);
const LINK_IDS = all(textOf(PROTOCOL), /^- \*\*(LP\d+)\*\* /gmu);

/** What an id looks like, whoever defines it; UTF-8 is none. */
const ID = /(?<![\w-])(?:R-\d+|F-\d+b?|D\d|LP\d+)(?!\w)/gu;

describe('ids', () => {
  const defined = new Set([...PROMISE_IDS, ...DECISION_IDS, ...LINK_IDS, ...FAULT_IDS]);

  test('of promises, decisions and rules of the link are defined once each', () => {
    const ids = [...PROMISE_IDS, ...DECISION_IDS, ...LINK_IDS];
    expect(PROMISE_IDS).toHaveLength(16);
    expect(DECISION_IDS).toHaveLength(5);
    expect(LINK_IDS.length).toBeGreaterThan(24);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('that anything cites are defined', () => {
    expect(FILES.length).toBeGreaterThan(300);
    const unknown = FILES.flatMap((path) =>
      all(textOf(path), ID)
        .filter((id) => !defined.has(id))
        .map((id) => `${path}: ${id}`),
    );
    expect(unknown).toEqual([]);
  });

  test('that have a type of their own are in the table of ARCHITECTURE.md', () => {
    const types = all(textOf('shared/ids.ts'), /^export type (\w+) = /gmu);
    expect(types.length).toBeGreaterThan(8);
    const table =
      textOf(ARCHITECTURE)
        .split(/^## /mu)
        .find((part) => part.startsWith('2. Ids')) ?? '';
    const named = all(table, /^\| [^|]+\| `(\w+)`/gmu);
    expect(new Set(named)).toEqual(new Set(types));
  });

  test.each(LINK_IDS)('%s stands in the title of a test', (id) => {
    expect([...titles.values()].some((title) => provenBy(id, title))).toBe(true);
  });
});

describe('promises', () => {
  const sections = textOf(PROMISES).split(/^(?=## )/mu);

  test.each(PROMISE_IDS)('%s stands in a title of each file that is named as its proof', (id) => {
    const section = sections.find((text) => text.startsWith(`## ${id} `)) ?? '';
    const [proof = ''] = all(section, /^Proof: (.*)$/gmu);
    const files = all(proof, /`([^`]+)`/gu);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(provenBy(id, titles.get(file) ?? ''), `${file} has no test of ${id}`).toBe(true);
    }
  });
});

describe('citations', () => {
  /** Documents of ours, by their names. */
  const papers = new Map(PAPERS.map((path) => [basename(path), textOf(path)]));

  /** A section or an id of a document: `PROTOCOL.md §3`, `PROTOCOL.md LP3`. */
  const CITATION = /\b([A-Z]{4,})(?:\.md)?,? (?:§(\d+)|(?:R-|F-|D|LP)\d)/gu;

  test('of a document name one that is here', () => {
    const unknown = FILES.flatMap((path) =>
      all(textOf(path), /\b[A-Z]{4,}\.md\b/gu)
        .filter((name) => !papers.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test('of a section name one that is there', () => {
    const unknown = FILES.flatMap((path) =>
      [...textOf(path).matchAll(CITATION)]
        .filter(([, name]) => name !== 'HTML')
        .filter(([, name = '', section]) => {
          const paper = papers.get(`${name}.md`);
          const heading = new RegExp(`^## ${section === undefined ? '' : `${section}\\. `}`, 'mu');
          return paper === undefined || !heading.test(paper);
        })
        .map(([citation]) => `${path}: ${citation}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('rooms', () => {
  const sources = FILES.filter((path) => /^(?:shared|edge|runner)\/.*\.ts$/u.test(path));
  const roomOf = (path: string): string => dirname(path).replaceAll('\\', '/');
  const isShared = (room: string): boolean => room === 'shared' || room.startsWith('shared/');
  const sorted = (rooms: Iterable<string>): string[] => [...new Set(rooms)].toSorted();
  const importedBy = (path: string): string[] =>
    all(textOf(path), /(?:from|import)\s*\(?'(\.[^']+)'/gu).map((target) =>
      roomOf(join(roomOf(path), target)),
    );
  /** Each room, and what its row allows it to import. */
  const rows = [...textOf(ARCHITECTURE).matchAll(/^\| `([\w/-]+)` \| [^|]* \|([^|]*)\|$/gmu)]
    .map(([, room = '', allowed = '']) => [room, all(allowed, /`([^`]+)`/gu)] as const)
    .filter(([room]) => existsSync(join(root, room)));

  test('are all in the table of ARCHITECTURE.md', () => {
    expect(sorted(rows.map(([room]) => room))).toEqual(sorted(sources.map(roomOf)));
  });

  test.each(rows)('%s imports nothing but what its row allows', (room, allowed) => {
    const others = sources
      .filter((path) => roomOf(path) === room)
      .flatMap(importedBy)
      .filter((other) => other !== room && !isShared(other));
    expect(sorted(others).filter((other) => !allowed.includes(other))).toEqual([]);
  });
});

describe('links', () => {
  /** The anchors of a paper: its headings as GitHub names them, and those it names itself. */
  const anchorsOf = (text: string): string[] => [
    ...all(text, /^#+ (.*)$/gmu).map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/gu, '-'),
    ),
    ...all(text, /<a id="([^"]+)">/gu),
  ];

  test.each(PAPERS)('of %s lead to what is there', (paper) => {
    const links = all(textOf(paper), /\]\(([^)\s]+)\)/gu).filter((link) => !link.includes('://'));
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? paper : join(dirname(paper), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(textOf(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe.each([ARCHITECTURE, PROMISES, CONTRIBUTING])('%s', (paper) => {
  const text = textOf(paper);

  test('names paths that exist', () => {
    const inBackticks = all(text, /`([^`\s]+)`/gu).filter((token) => IS_PATH.test(token));
    const links = all(text, /\]\(([^)#]+)\)/gu).map((target) => join(dirname(paper), target));
    expect(inBackticks.length).toBeGreaterThan(10);
    const missing = [...inBackticks, ...links].filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });

  test('names symbols that stand in the files they are said to be in', () => {
    const missing = [...text.matchAll(/`([#\w]+)` in `([\w./-]+\.ts)`/gu)]
      .filter(([, symbol = '', path = '']) => !textOf(path).includes(symbol))
      .map(([citation]) => citation);
    expect(missing).toEqual([]);
  });

  test('names scripts of package.json', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const named = all(text, /`npm (?:run )?([\w:-]{2,})(?: [^`]*)?`/gu);
    expect(named.filter((name) => !['ci', 'run'].includes(name) && !(name in scripts))).toEqual([]);
  });
});

/** A file or folder of the repository, in backticks. */
const IS_PATH =
  /^(?:(?:shared|edge|runner|test|\.github|\.ci)(?:\/[\w./-]+)?|[\w.-]+\.(?:json|toml))$/u;
