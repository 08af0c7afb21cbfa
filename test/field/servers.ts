// Servers that people use, as they come from npm: none needs an account, a network or a build.
import type { Wanted } from './packages.ts';

/** A request and its params. */
export type Question = readonly [method: string, params?: object];

export interface FieldServer {
  readonly version: string;
  /** After the program. FOLDER stands for a folder of the run's own, with a file `note.txt`. */
  readonly args?: readonly string[];
  /** Asked beside what every server is asked. */
  readonly questions?: readonly Question[];
  /** What of its answers is the time of day, and differs by itself: two direct answers of one second do not show it. */
  readonly clock?: RegExp;
}

export const FOLDER = '{folder}';

const call = (name: string, args: object): Question => ['tools/call', { name, arguments: args }];

const STDIO = ['--stdio'];

export const FIELD_SERVERS: Readonly<Record<string, FieldServer>> = {
  '@modelcontextprotocol/server-everything': {
    version: '2026.8.31',
    questions: [
      call('echo', { message: 'Grüße, 世界 \u2028' }),
      call('get-sum', { a: 1, b: 1e21 }),
      call('get-tiny-image', {}),
      ['prompts/get', { name: 'simple-prompt' }],
      ['resources/read', { uri: 'demo://resource/dynamic/text/1' }],
    ],
    clock: /created at \d+:\d\d:\d\d [AP]M/gu,
  },
  '@modelcontextprotocol/server-filesystem': {
    version: '2026.8.31',
    args: [FOLDER],
    questions: [
      call('read_text_file', { path: `${FOLDER}/note.txt` }),
      call('list_directory', { path: FOLDER }),
      call('read_text_file', { path: '/etc/hostname' }),
    ],
  },
  '@modelcontextprotocol/server-memory': {
    version: '2026.8.31',
    questions: [
      call('create_entities', {
        entities: [{ name: 'bridge', entityType: 'thing', observations: ['carries'] }],
      }),
      call('read_graph', {}),
    ],
  },
  '@modelcontextprotocol/server-sequential-thinking': {
    version: '2026.8.31',
    questions: [
      call('sequentialthinking', {
        thought: 'first',
        nextThoughtNeeded: true,
        thoughtNumber: 1,
        totalThoughts: 2,
      }),
    ],
  },
  '@modelcontextprotocol/server-pdf': { version: '2.0.4', args: STDIO },
  '@modelcontextprotocol/server-basic-vanillajs': { version: '2.0.3', args: STDIO },
  '@modelcontextprotocol/server-threejs': {
    version: '2.0.3',
    args: STDIO,
    questions: [call('learn_threejs', {})],
  },
  '@modelcontextprotocol/server-budget-allocator': {
    version: '2.0.3',
    args: STDIO,
    questions: [call('get-budget-data', {})],
  },
  '@modelcontextprotocol/server-sheet-music': {
    version: '2.0.3',
    args: STDIO,
    questions: [call('play-sheet-music', {})],
  },
  '@modelcontextprotocol/server-wiki-explorer': { version: '2.0.3', args: STDIO },
  '@modelcontextprotocol/server-postgres': {
    version: '0.6.2',
    args: ['postgresql://127.0.0.1:1/none'],
    questions: [call('query', { sql: 'select 1' })],
  },
  '@playwright/mcp': { version: '0.0.83', args: ['--headless'] },
  '@mantine/mcp-server': { version: '9.6.2' },
  '@hugeicons/mcp-server': {
    version: '0.2.2',
    questions: [call('get_platform_usage', { platform: 'react' })],
  },
  '@cyanheads/git-mcp-server': { version: '2.15.3' },
  '@antv/mcp-server-chart': { version: '0.9.10' },
  '@agent-infra/mcp-server-commands': {
    version: '1.2.18',
    questions: [call('run_command', { command: 'printf "a\\r\\nb"' })],
  },
  '@agent-infra/mcp-server-filesystem': {
    version: '1.2.29',
    args: ['--allowed-directories', FOLDER],
    questions: [call('read_file', { path: `${FOLDER}/note.txt` })],
  },
  '@upstash/context7-mcp': { version: '4.1.1' },
  '@aashari/boilerplate-mcp-server': { version: '3.2.0' },
  '@kimtaeyoon83/mcp-server-youtube-transcript': { version: '0.1.1' },
  '@openbnb/mcp-server-airbnb': { version: '0.3.0' },
  'mcp-server-code-runner': {
    version: '0.1.8',
    questions: [call('run-code', { code: 'console.log(6 * 7)', languageId: 'javascript' })],
  },
  'chrome-devtools-mcp': { version: '1.11.0', args: ['--no-usage-statistics'] },
  '@notionhq/notion-mcp-server': { version: '2.5.2' },
  '@eslint/mcp': {
    version: '0.3.13',
    questions: [call('lint-files', { filePaths: [`${FOLDER}/note.txt`] })],
  },
  'mcp-server-kubernetes': { version: '4.1.7' },
  '@jpisnice/shadcn-ui-mcp-server': { version: '2.0.0' },
  '@mcp-get-community/server-curl': { version: '0.1.0' },
  '@executeautomation/playwright-mcp-server': { version: '1.0.12' },
  'tavily-mcp': { version: '0.2.22' },
  '@browsermcp/mcp': { version: '0.1.3' },
};

/** What npm has to install for them. */
export const FIELD_PACKAGES: Wanted = Object.fromEntries(
  Object.entries(FIELD_SERVERS).map(([name, { version }]) => [name, version]),
);
