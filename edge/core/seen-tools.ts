// The tools that servers offered when somebody looked last, and what is another thing since: a description that changes behind one's back is
// how a tool turns against its users. In memory only. Pure.
import type { ChangedTools } from './state-words.ts';

/** What is kept of a tool: enough to notice any change, and to show what it said. */
export interface ToldTool {
  readonly name: string;
  /** Its first {@link SHOWN_CHARS}. */
  readonly description?: string | undefined;
  /** Of the whole description. */
  readonly descriptionDigest: string;
  readonly schemaDigest: string;
}

/** Characters that are kept of a text of a tool. */
export const SHOWN_CHARS = 1_000;

/** Tools of one server. */
export const MOST_TOOLS = 1_000;

export interface ToolChange {
  readonly tool: string;
  readonly kind: 'new' | 'gone' | 'description' | 'schema';
  /** The description, if that is what changed. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** What differs between two lists, in the order of names. */
export function toolChanges(before: readonly ToldTool[], now: readonly ToldTool[]): ToolChange[] {
  const old = new Map(before.map((tool) => [tool.name, tool]));
  const names = new Set(now.map(({ name }) => name));
  const changes = now.flatMap((tool): ToolChange[] => {
    const { name, description } = tool;
    const earlier = old.get(name);
    if (!earlier) return [{ tool: name, kind: 'new', after: description }];
    return [
      ...(earlier.descriptionDigest === tool.descriptionDigest
        ? []
        : [
            {
              tool: name,
              kind: 'description',
              before: earlier.description,
              after: description,
            } as const,
          ]),
      ...(earlier.schemaDigest === tool.schemaDigest
        ? []
        : [{ tool: name, kind: 'schema' } as const]),
    ];
  });
  const gone = before
    .filter(({ name }) => !names.has(name))
    .map(({ name, description }) => ({ tool: name, kind: 'gone', before: description }) as const);
  return [...changes, ...gone].toSorted((one, other) => (one.tool < other.tool ? -1 : 1));
}

export interface SeenChange {
  readonly at: number;
  readonly changes: readonly ToolChange[];
}

interface Seen {
  readonly tools: readonly ToldTool[];
  readonly last: SeenChange | undefined;
}

/** Servers whose tools are remembered. */
const MOST_SERVERS = 100;

/** What is remembered of all of them, in characters; a server with many tools makes others forgotten, those first that nobody looks at. */
const MOST_CHARS = 4 * 1024 * 1024;

/** Of an entry beside its texts. */
const ENTRY_CHARS = 200;

const charsOf = ({ tools, last }: Seen): number => {
  const entries = [
    ...tools.map(({ name, description = '' }) => name.length + description.length),
    ...(last?.changes ?? []).map(({ before = '', after = '' }) => before.length + after.length),
  ];
  return entries.reduce((sum, chars) => sum + chars + ENTRY_CHARS, 0);
};

/** So long a change is told, whoever looks. */
const TOLD_MS = 24 * 3_600_000;

export class SeenTools {
  readonly #seen = new Map<string, Seen>();
  #chars = 0;

  /** Somebody was shown these tools, no more than {@link MOST_TOOLS}. What changed since the time before, or lately. */
  shown(server: string, tools: readonly ToldTool[], now: number): SeenChange | undefined {
    const before = this.#seen.get(server);
    const changes = before ? toolChanges(before.tools, tools) : [];
    const last = changes.length > 0 ? { at: now, changes } : before?.last;
    this.#forget(server);
    const seen = { tools, last };
    this.#seen.set(server, seen);
    this.#chars += charsOf(seen);
    for (const oldest of this.#seen.keys()) {
      const isRoom = this.#seen.size <= MOST_SERVERS && this.#chars <= MOST_CHARS;
      if (isRoom || oldest === server) break;
      this.#forget(oldest);
    }
    return last && now - last.at < TOLD_MS ? last : undefined;
  }

  /** Servers whose tools changed lately. */
  changed(now: number): ChangedTools[] {
    return [...this.#seen].flatMap(([server, { last }]): ChangedTools[] =>
      last && now - last.at < TOLD_MS
        ? [{ server, tools: [...new Set(last.changes.map(({ tool }) => tool))] }]
        : [],
    );
  }

  #forget(server: string): void {
    const seen = this.#seen.get(server);
    if (seen) this.#chars -= charsOf(seen);
    this.#seen.delete(server);
  }
}
