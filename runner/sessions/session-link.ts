// The link of one session to its actor: each dial shows the ticket and the next epoch (PROTOCOL.md LP6, LP8). It may be handed from
// one owner to the next, as when a spare gets its session.
import type { Connect } from '../link/connect.ts';
import { webSocketOrigin } from '../link/control-link.ts';
import { KeptLink, type KeptLinkOptions } from '../link/kept-link.ts';
import type { Sleepers } from '../link/sleepers.ts';
import type { RunnerToken } from '../runner-token.ts';
import type { BootId, SessionName } from '../../shared/ids.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { SESSION_BACKOFF_CAP_MS } from '../../shared/link/timing.ts';

/** Where sessions dial, and as whom. */
export interface DialGround {
  readonly edge: string;
  readonly token: RunnerToken;
  /** How sockets are made; see DialOptions. */
  readonly connect: Connect | undefined;
  readonly boot: BootId;
  /** The links that sleep. */
  readonly sleepers: Sleepers;
}

/** Who hears what comes. */
export type SessionLinkOwner = Required<
  Omit<KeptLinkOptions, 'dialOptions' | 'backoffCapMs' | 'sleepers'>
>;

export interface SessionLink {
  readonly link: KeptLink;
  /** The edge found the socket of this epoch half-open: it is dialled again, unless that has happened. */
  redial(epoch: number): void;
  /** All that comes from now on is the next owner's. */
  handTo(next: SessionLinkOwner): void;
}

/** The link of a session; `epoch`: of the dials that were made for it before. It dials once it is started. */
export function newSessionLink(
  { edge, token, connect, boot, sleepers }: DialGround,
  session: { readonly name: SessionName; readonly ticket: string; readonly epoch: number },
  first: SessionLinkOwner,
): SessionLink {
  let owner = first;
  let { epoch } = session;
  const headers = (holds: readonly Hold[]): Record<string, string> => {
    epoch += 1;
    return {
      'mcp-bridge-ticket': session.ticket,
      'mcp-bridge-boot': boot,
      'mcp-bridge-epoch': String(epoch),
      ...(holds.length > 0 && { 'mcp-bridge-holds': JSON.stringify(holds) }),
    };
  };
  const url = `${webSocketOrigin(edge)}/runner/session/${session.name}`;
  const link = new KeptLink({
    backoffCapMs: () => SESSION_BACKOFF_CAP_MS,
    sleepers,
    dialOptions: async (holds) => ({
      url,
      token: await token.forDial(edge),
      headers: headers(holds),
      connect,
      mayRest: true,
    }),
    opened: () => owner.opened(),
    frame: (bytes) => owner.frame(bytes),
    carried: (frame) => owner.carried(frame),
    begun: (name) => owner.begun(name),
    moved: (flows) => owner.moved(flows),
    ended: (end) => owner.ended(end),
    failed: (error) => owner.failed(error),
  });
  return {
    link,
    redial: (of) => {
      if (of === epoch) link.giveUp();
    },
    handTo: (next) => {
      owner = next;
    },
  };
}
