// Where other programs keep the MCP servers that a person has configured, on each system. Pure.
import { posix, win32 } from 'node:path';

/** A file that may hold servers, and whose it is. */
export interface ConfigPlace {
  readonly program: string;
  readonly path: string;
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
  const local = environment['LOCALAPPDATA'];
  const claude = [
    join(data, 'Claude'),
    ...(platform === 'win32' && local ? [join(local, ...CLAUDE_FROM_STORE)] : []),
  ];
  const places = [
    { program: 'Claude Code', path: join(cwd, '.mcp.json') },
    { program: 'Cursor', path: join(cwd, '.cursor', 'mcp.json') },
    { program: 'VS Code', path: join(cwd, '.vscode', 'mcp.json') },
    ...claude.map((folder) => ({
      program: 'Claude Desktop',
      path: join(folder, 'claude_desktop_config.json'),
    })),
    { program: 'Claude Code', path: join(home, '.claude.json') },
    { program: 'Cursor', path: join(home, '.cursor', 'mcp.json') },
    ...Object.entries(VS_CODES).flatMap(([folder, program]) =>
      ['mcp.json', 'settings.json'].map((file) => ({
        program,
        path: join(data, folder, 'User', file),
      })),
    ),
  ];
  // A home folder may be the working folder.
  return places.filter(({ path }, at) => places.findIndex((other) => other.path === path) === at);

  /** Where programs keep what is the user's own. */
  function userData(): string {
    if (platform === 'win32') return environment['APPDATA'] ?? join(home, 'AppData', 'Roaming');
    if (platform === 'darwin') return join(home, 'Library', 'Application Support');
    return environment['XDG_CONFIG_HOME'] || join(home, '.config');
  }
}
