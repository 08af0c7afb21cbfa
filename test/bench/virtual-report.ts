// What virtual servers cost, as tables.
import { digits, spreadOf, spreadText } from './figures.ts';
import { HUB } from './hub.ts';
import { pairText } from './pairs-report.ts';
import { table } from './table.ts';
import type { VirtualOpening, VirtualResults } from './virtual.ts';

const NOTE = `Until a new client has all tools: of a virtual server with twelve members, and over twelve connections at once. Cold: nothing
has started on a fresh bridge. Warm: later clients, when lists are remembered. Tokens are an estimate. mcp-hub starts its servers when it
starts, one process of each for all clients; its client asks again until all tools are there, over HTTP+SSE.`;

const TITLES = {
  virtual: 'one virtual server',
  separate: 'its members apart',
  hub: `${HUB.name} ${HUB.version}`,
} as const;

/** The report as text. */
export function virtualText({ openings, pairs }: VirtualResults): string {
  const row = (title: string, of: (opening: VirtualOpening) => string): string[] => [
    title,
    ...openings.map(of),
  ];
  return [
    NOTE,
    table([
      row('', ({ ways }) => TITLES[ways]),
      row('cold, ms', ({ coldMs }) => spreadText(spreadOf(coldMs))),
      row('warm, ms', ({ warmMs }) => spreadText(spreadOf(warmMs))),
      row('processes started, cold', ({ coldProcesses }) => String(coldProcesses)),
      row('processes started, warm', ({ warmProcesses }) => String(warmProcesses)),
      row('tools', ({ tools }) => String(tools)),
      row('list, bytes', ({ bytes }) => digits(bytes)),
      row('list, tokens', ({ tokens }) => digits(tokens)),
    ]),
    ...pairs.map(({ title, pair }) => `${title}\n${pairText(pair)}`),
  ].join('\n\n');
}
