// The clients that people write programs with, behind one interface: what each is, and how it calls a tool.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { installPackages, type Wanted } from './packages.ts';

/** A program to run, as a config file names it. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

export interface FieldClient {
  readonly name: string;
  /** Calls a tool and gives its answer as text. */
  call(tool: string, args?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** What every client here gives for a result. */
interface Result {
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
}

const textOf = (result: unknown): string =>
  ((result as Result).content ?? []).map(({ text = '' }) => text).join('\n');

/** Without a bridge: the reference. */
export async function onStdio({ command, args }: Command): Promise<FieldClient> {
  const client = new Client({ name: 'field', version: '1.0.0' });
  await client.connect(new StdioClientTransport({ command, args: [...args], stderr: 'ignore' }));
  return {
    name: '@modelcontextprotocol/sdk on stdio',
    call: async (tool, given = {}) =>
      textOf(await client.callTool({ name: tool, arguments: given })),
    close: () => client.close(),
  };
}

/** A module of a package; what it exports is for the caller to say. */
async function load<Module>(home: string, wanted: Wanted, path: string): Promise<Module> {
  const { modules } = await installPackages(home, wanted);
  return (await import(pathToFileURL(join(modules, path)).href)) as Module;
}

interface Mastra {
  readonly MCPClient: new (options: object) => {
    listTools(): Promise<Record<string, { execute(args: object, context: object): unknown }>>;
    disconnect(): Promise<void>;
  };
}

export async function mastra(url: URL): Promise<FieldClient> {
  const wanted = { '@mastra/mcp': '2.0.0', '@mastra/core': '1.71.0' };
  const { MCPClient } = await load<Mastra>('mastra', wanted, '@mastra/mcp/dist/index.js');
  const client = new MCPClient({ id: url.href, servers: { s: { url } } });
  const tools = await client.listTools();
  return {
    name: '@mastra/mcp 2.0.0',
    call: async (tool, args = {}) => textOf(await tools[`s_${tool}`]?.execute(args, {})),
    close: () => client.disconnect(),
  };
}

interface AiSdk {
  createMCPClient(options: object): Promise<{
    tools(): Promise<Record<string, { execute(args: object, options: object): unknown }>>;
    close(): Promise<void>;
  }>;
}

export async function aiSdk(url: URL): Promise<FieldClient> {
  const wanted = { '@ai-sdk/mcp': '2.0.99', zod: '4.1.12' };
  const { createMCPClient } = await load<AiSdk>('ai-sdk', wanted, '@ai-sdk/mcp/dist/index.js');
  const client = await createMCPClient({ transport: { type: 'http', url: url.href } });
  const tools = await client.tools();
  const options = { toolCallId: 'field', messages: [] };
  return {
    name: '@ai-sdk/mcp 2.0.99',
    call: async (tool, args = {}) => textOf(await tools[tool]?.execute(args, options)),
    close: () => client.close(),
  };
}
