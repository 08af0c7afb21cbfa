// The config file as editors should see it: everything the runner reads, and no objection to what other programs' files contain
// besides. The runner itself reads entries more leniently (entry.ts), and then checks them with schema.ts.
import * as v from 'valibot';
import { remoteBlock, remoteEntry, runnerBlock, serverBlock, serverEntry } from './schema.ts';

const scalar = v.union([v.string(), v.number(), v.boolean()]);

const described = (setting: { readonly pipe: readonly unknown[] }): string => {
  const action = setting.pipe.find(
    (item): item is { description: string } =>
      typeof item === 'object' && item !== null && 'description' in item,
  );
  return action?.description ?? '';
};

const { command, args, env, envFile, cwd } = serverEntry.entries;
const { url, headers } = remoteEntry.entries;

const published = v.looseObject({
  type: v.optional(
    v.pipe(
      v.nullable(v.string()),
      v.description(
        '"stdio" for a command; "http" or "sse" for a URL. Default: what the entry has.',
      ),
    ),
  ),
  command: v.optional(
    v.pipe(
      v.union([v.string(), v.array(scalar), v.looseObject({})]),
      v.description(described(command)),
    ),
  ),
  args: v.optional(
    v.pipe(
      v.nullable(v.union([v.string(), v.array(scalar)])),
      v.description(described(args.wrapped)),
    ),
  ),
  env: v.optional(
    v.pipe(
      v.nullable(v.record(v.string(), v.nullable(scalar))),
      v.description(described(env.wrapped)),
    ),
  ),
  envFile: v.optional(
    v.pipe(
      v.nullable(v.union([v.string(), v.array(v.string())])),
      v.description(described(envFile.wrapped)),
    ),
  ),
  cwd: v.optional(v.pipe(v.nullable(v.string()), v.description(described(cwd.wrapped)))),
  url: v.optional(v.pipe(v.nullable(v.string()), v.description(described(url)))),
  headers: v.optional(
    v.pipe(
      v.nullable(v.record(v.string(), v.nullable(scalar))),
      v.description(described(headers.wrapped)),
    ),
  ),
  disabled: v.optional(v.pipe(v.nullable(scalar), v.description('True leaves this server out.'))),
  enabled: v.optional(v.pipe(v.nullable(scalar), v.description('False leaves this server out.'))),
  bridge: v.optional(v.strictObject({ ...serverBlock.entries, ca: remoteBlock.entries.ca })),
});

const servers = v.union([
  v.record(v.string(), v.union([published, v.boolean()])),
  v.array(published),
]);

/** The whole file. */
export const configFile = v.looseObject({
  $schema: v.optional(v.string()),
  mcpServers: v.optional(v.pipe(servers, v.description('The MCP servers, by name.'))),
  bridge: v.optional(runnerBlock),
});
