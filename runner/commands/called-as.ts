// How a person calls this program: what they installed has a name on the path, and npx has none.

/** The words that call it again. npm says in its variables what it runs. */
export const calledAs = (environment: NodeJS.ProcessEnv): string =>
  environment['npm_command'] === 'exec' && environment['npm_lifecycle_event'] === 'npx'
    ? 'npx mcp-edge-bridge'
    : 'mcp-bridge';
