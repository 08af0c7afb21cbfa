// Where other programs keep the MCP servers that a person has configured, on each system. Pure.
import { posix, win32 } from 'node:path';

import type { ConfigPart } from '../config/read.ts';

/** A file that may hold servers, and whose it is. */
export interface ConfigPlace extends ConfigPart {
  readonly program: string;
}

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Editors built from VS Code's sources, by the folder of their settings. */
const VS_CODES = {
  Code: 'VS Code',
  'Code - Insiders': 'VS Code Insiders',
  VSCodium: 'VSCodium',
} as const;

/** Below the settings of an editor built from VS Code's sources. */
const CLINE = [
  'globalStorage',
  'saoudrizwan.claude-dev',
  'settings',
  'cline_mcp_settings.json',
] as const;

/** The container of Claude Desktop from the Microsoft Store, below `%LOCALAPPDATA%`. */
const CLAUDE_FROM_STORE = [
  'Packages',
  'Claude_pzs8sxrjxfjjc',
  'LocalCache',
  'Roaming',
  'Claude',
] as const;

/**
 * Every place, the nearest first: this folder's, then the user's. (Claude Code, "MCP installation scopes"; modelcontextprotocol.io,
 * "Connect to local MCP servers"; Cursor, "Configuration locations"; VS Code, "Use MCP servers".)
 */
export function configPlaces({
  platform,
  home,
  cwd,
  environment,
}: Surroundings): readonly ConfigPlace[] {
  const { join } = platform === 'win32' ? win32 : posix;
  const data = userData();
  // Some keep to the folder of Linux everywhere.
  const dotConfig = platform === 'linux' ? data : join(home, '.config');
  const local = environment['LOCALAPPDATA'];
  const claude = [
    join(data, 'Claude'),
    ...(platform === 'win32' && local ? [join(local, ...CLAUDE_FROM_STORE)] : []),
  ];
  const places: readonly ConfigPlace[] = [
    { program: 'Claude Code', path: join(cwd, '.mcp.json') },
    { program: 'Cursor', path: join(cwd, '.cursor', 'mcp.json') },
    { program: 'VS Code', path: join(cwd, '.vscode', 'mcp.json') },
    { program: 'Gemini CLI', path: join(cwd, '.gemini', 'settings.json') },
    // Where `claude mcp add` puts what is for this folder alone, which is its default.
    { program: 'Claude Code', path: join(home, '.claude.json'), project: cwd },
    ...claude.map((folder) => ({
      program: 'Claude Desktop',
      path: join(folder, 'claude_desktop_config.json'),
    })),
    { program: 'Claude Code', path: join(home, '.claude.json') },
    { program: 'Cursor', path: join(home, '.cursor', 'mcp.json') },
    ...Object.entries(VS_CODES).flatMap(([folder, program]) => [
      { program, path: join(data, folder, 'User', 'mcp.json') },
      { program, path: join(data, folder, 'User', 'settings.json') },
      { program: `Cline in ${program}`, path: join(data, folder, 'User', ...CLINE) },
    ]),
    {
      program: 'Codex',
      path: join(environment['CODEX_HOME'] || join(home, '.codex'), 'config.toml'),
    },
    { program: 'Gemini CLI', path: join(home, '.gemini', 'settings.json') },
    { program: 'Copilot CLI', path: join(home, '.copilot', 'mcp-config.json') },
    { program: 'Windsurf', path: join(home, '.codeium', 'windsurf', 'mcp_config.json') },
    { program: 'LM Studio', path: join(home, '.lmstudio', 'mcp.json') },
    {
      program: 'Zed',
      path:
        platform === 'win32'
          ? join(data, 'Zed', 'settings.json')
          : join(dotConfig, 'zed', 'settings.json'),
    },
    { program: 'opencode', path: join(dotConfig, 'opencode', 'opencode.json') },
    {
      program: 'Goose',
      path:
        platform === 'win32'
          ? join(data, 'Block', 'goose', 'config', 'config.yaml')
          : join(dotConfig, 'goose', 'config.yaml'),
    },
  ];
  // A home folder may be the working folder.
  return places.filter(
    ({ path, project }, at) =>
      places.findIndex((other) => other.path === path && other.project === project) === at,
  );

  /** Where programs keep what is the user's own. */
  function userData(): string {
    if (platform === 'win32') return environment['APPDATA'] ?? join(home, 'AppData', 'Roaming');
    if (platform === 'darwin') return join(home, 'Library', 'Application Support');
    return environment['XDG_CONFIG_HOME'] || join(home, '.config');
  }
}
