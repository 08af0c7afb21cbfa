// What a page of the console is given: the request, who signed in, and the way to the servers.
import type { SignedIn } from './signed-in.ts';
import type { OpenStreams } from '../../core/open-streams.ts';
import type { SeenTools } from '../../core/seen-tools.ts';
import type { AdminRequest } from '../admin/owner.ts';

/** Sends a request to a server's MCP endpoint in the name of who signed in, as if it had come from outside. */
export type CallServer = (
  server: string,
  init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  },
) => Promise<Response>;

/** What the app gives the console. `callAs`: see {@link CallServer}. */
export interface ConsoleContext extends AdminRequest {
  readonly callAs: (viewer: SignedIn) => CallServer;
  /** What the owner saw. */
  readonly seenTools: SeenTools;
  readonly openStreams: OpenStreams;
}

export interface ConsoleRequest extends ConsoleContext {
  readonly viewer: SignedIn;
}
