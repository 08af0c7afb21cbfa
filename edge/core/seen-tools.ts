// The tools that servers offered when somebody looked last, and what is another thing since: a description that changes behind one's back is
// how a tool turns against its users. In memory only. Pure.
import type { ChangedTools } from './state-words.ts';

/** What a client is told of a tool. */
export interface ToldTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: object;
}

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
    const isSame = JSON.stringify(earlier.inputSchema) === JSON.stringify(tool.inputSchema);
    return [
      ...(earlier.description === description
        ? []
        : [
            {
              tool: name,
              kind: 'description',
              before: earlier.description,
              after: description,
            } as const,
          ]),
      ...(isSame ? [] : [{ tool: name, kind: 'schema' } as const]),
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

/** Servers whose tools are remembered; each list was read within a bound. */
const MOST_SERVERS = 100;

/** So long a change is told, whoever looks. */
const TOLD_MS = 24 * 3_600_000;

export class SeenTools {
  readonly #seen = new Map<string, Seen>();

  /** Somebody was shown these tools. What changed since the time before, or lately. */
  shown(server: string, tools: readonly ToldTool[], now: number): SeenChange | undefined {
    const before = this.#seen.get(server);
    const changes = before ? toolChanges(before.tools, tools) : [];
    const last = changes.length > 0 ? { at: now, changes } : before?.last;
    this.#seen.delete(server);
    this.#seen.set(server, { tools, last });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST_SERVERS && oldest !== undefined) this.#seen.delete(oldest);
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
}
