// Finds tools by words: BM25 over names, titles, descriptions, and the names and descriptions of arguments. Made once of a list, when
// somebody searches first. Bounded, since a server may list anything. Pure.
import MiniSearch, { type SearchOptions } from 'minisearch';

import { isObject } from '../../shared/json-value.ts';
import { IndexPace } from './index-pace.ts';
import { wordsOf, wordsOfName, wordsToFind } from './search-words.ts';

/** A tool as clients see it. */
export interface ShownTool {
  readonly name: string;
  /** Its definition, as JSON text. */
  readonly text: string;
}

/** Characters of all tools that are searched, beside their names: to index so many takes some 0.1 s. */
const MAX_CHARS = 256 * 1024;

/** Of one tool: what comes behind says less of it. */
const MAX_TOOL_CHARS = 4 * 1024;

/** Longest definition that is read for it. To read so many characters costs as much as to index one. */
const MAX_READ_CHARS = 64 * 1024;
const READ_FOR_ONE = 16;

/** Tools that are searched, and characters of their names; those behind them are found by the whole name alone. */
const MAX_TOOLS = 5_000;
const MAX_NAMES_CHARS = 128 * 1024;
const MAX_NAME_CHARS = 256;

/** What counts of a query. */
const MAX_QUERY_CHARS = 1_000;
const MAX_QUERY_WORDS = 16;

/** Objects in objects whose arguments are read. */
const MAX_LEVELS = 4;

/** So much more a word counts in a name than in a description. */
const BOOST = { name: 4, title: 2, description: 1, arguments: 0.5 };

/** Share of its letters by which a word may differ, where nothing else is found; and how many, since each makes a search dearer. */
const FUZZY = 0.25;
const MOST_FUZZY = 2;

const PREFIX: SearchOptions = { boost: BOOST, prefix: (word) => word.length > 2 };

/** The whole of a name is one word of it. */
const ALIKE: SearchOptions = { fields: ['name'], fuzzy: FUZZY };

type Fields = Record<keyof typeof BOOST, string>;

export interface FoundTools {
  /** Best first. */
  readonly tools: readonly ShownTool[];
  /** Only names were searched, since the tools change too often. */
  readonly isByNames: boolean;
}

/** Words are made before, and stand between blanks. */
const split = (text: string): string[] => (text === '' ? [] : text.split(' '));

export class ToolIndex {
  readonly tools: readonly ShownTool[];
  readonly #byName: ReadonlyMap<string, ShownTool>;
  readonly #pace: IndexPace;
  #search: MiniSearch<Fields & { readonly id: number }> | undefined;

  /** In the order of the server's list. `pace`: of all indexes of the server. */
  constructor(tools: readonly ShownTool[], pace = new IndexPace()) {
    this.tools = tools;
    this.#byName = new Map(tools.map((tool) => [tool.name, tool]));
    this.#pace = pace;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** All that match any word of a query, best first; of equals, the first of the list. */
  find(query: string, now: number): FoundTools {
    const said = query.slice(0, MAX_QUERY_CHARS);
    const words = wordsToFind(said).slice(0, MAX_QUERY_WORDS);
    const exact = this.#byName.get(said.trim());
    const found = words.length === 0 ? [] : this.#matching(words, now);
    const tools = exact ? [exact, ...found.filter((tool) => tool !== exact)] : found;
    return { tools, isByNames: !this.#search && words.length > 0 };
  }

  /** Those that somebody may have meant who wrote a name that there is not: by its letters, then by its words. */
  near(name: string, now: number): readonly ShownTool[] {
    const said = name.slice(0, MAX_QUERY_CHARS);
    const whole = wordsOfName(said).slice(-1);
    const alike = whole.length === 0 ? [] : this.#ranked(whole, { ...PREFIX, ...ALIKE }, now);
    return [...new Set([...alike, ...this.find(said, now).tools])];
  }

  #matching(words: readonly string[], now: number): readonly ShownTool[] {
    const found = this.#ranked(words, PREFIX, now);
    if (found.length > 0) return found;
    return this.#ranked(words, { ...PREFIX, fuzzy: FUZZY, maxFuzzy: MOST_FUZZY }, now);
  }

  #ranked(words: readonly string[], options: SearchOptions, now: number): readonly ShownTool[] {
    const search = (this.#search ??= this.#pace.allows(now) ? this.#made() : undefined);
    if (!search) return this.#named(words);
    return search
      .search(words.join(' '), options)
      .map(({ id, score }) => ({ at: Number(id), score }))
      .toSorted((one, other) => other.score - one.score || one.at - other.at)
      .flatMap(({ at }) => this.tools[at] ?? []);
  }

  /** Those in whose names most of the words stand, which costs next to nothing. */
  #named(words: readonly string[]): readonly ShownTool[] {
    return this.#searched()
      .map((tool) => {
        const name = tool.name.slice(0, MAX_NAME_CHARS).toLowerCase();
        return { tool, hits: words.filter((word) => name.includes(word)).length };
      })
      .filter(({ hits }) => hits > 0)
      .toSorted((one, other) => other.hits - one.hits)
      .map(({ tool }) => tool);
  }

  /** The tools that are searched by words. */
  #searched(): readonly ShownTool[] {
    let left = MAX_NAMES_CHARS;
    const end = this.tools.findIndex(
      ({ name }, at) => at >= MAX_TOOLS || (left -= Math.min(name.length, MAX_NAME_CHARS)) < 0,
    );
    return end < 0 ? this.tools : this.tools.slice(0, end);
  }

  #made(): MiniSearch<Fields & { readonly id: number }> {
    const search = new MiniSearch<Fields & { readonly id: number }>({
      fields: Object.keys(BOOST),
      tokenize: split,
      processTerm: (word) => word,
    });
    let left = MAX_CHARS;
    let named = 0;
    for (const [id, tool] of this.#searched().entries()) {
      named += Math.min(tool.name.length, MAX_NAME_CHARS);
      const fields = fieldsOf(tool, Math.min(left, MAX_TOOL_CHARS));
      const { title, description, arguments: args } = fields;
      left -= title.length + description.length + args.length + tool.text.length / READ_FOR_ONE;
      search.add({ id, ...fields });
    }
    this.#pace.spent(MAX_CHARS - left + named);
    return search;
  }
}

/** @param most characters, beside the name. */
function fieldsOf({ name, text }: ShownTool, most: number): Fields {
  const own = wordsOfName(name.slice(0, MAX_NAME_CHARS)).join(' ');
  const none = { name: own, title: '', description: '', arguments: '' };
  if (most <= 0 || text.length > MAX_READ_CHARS) return none;
  const tool: unknown = JSON.parse(text);
  if (!isObject(tool)) return none;
  let left = most;
  const cut = (value: unknown): string => {
    const part = typeof value === 'string' ? value.slice(0, left) : '';
    left = Math.max(0, left - part.length);
    return part;
  };
  const annotations = isObject(tool['annotations']) ? tool['annotations'] : {};
  const title = wordsOf(cut(tool['title'] ?? annotations['title']));
  const description = wordsOf(cut(tool['description']));
  const args: string[] = [];
  for (const said of argumentTexts(tool['inputSchema'], 0)) {
    if (left === 0) break;
    args.push(...wordsOf(cut(said)));
  }
  return {
    name: own,
    title: title.join(' '),
    description: description.join(' '),
    arguments: args.join(' '),
  };
}

/** Names of arguments, each followed by its description. */
function* argumentTexts(schema: unknown, level: number): Generator<unknown> {
  const properties = isObject(schema) ? schema['properties'] : undefined;
  if (!isObject(properties) || level >= MAX_LEVELS) return;
  for (const [name, property] of Object.entries(properties)) {
    yield name;
    if (!isObject(property)) continue;
    yield property['description'];
    yield* argumentTexts(property, level + 1);
    yield* argumentTexts(property['items'], level + 1);
  }
}

/** Lists of one server that differ: for clients of either era, and perhaps for persons. */
const MAX_SHARED = 4;

/** The indexes of a server, for all its sessions: those that are shown the same have one. */
export class SharedToolIndex {
  /** The last one that was asked for comes first. */
  #kept: readonly ToolIndex[] = [];
  readonly #pace = new IndexPace();

  /** The index of a list. */
  of(tools: readonly ShownTool[]): ToolIndex {
    const same = this.#kept.find((index) => isSame(index.tools, tools));
    const index = same ?? new ToolIndex(tools, this.#pace);
    this.#kept = [index, ...this.#kept.filter((each) => each !== same)].slice(0, MAX_SHARED);
    return index;
  }
}

const isSame = (one: readonly ShownTool[], other: readonly ShownTool[]): boolean =>
  one.length === other.length && one.every(({ text }, at) => text === other[at]?.text);
