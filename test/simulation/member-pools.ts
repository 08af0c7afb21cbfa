// Where the processes of a virtual server's members come from, for one session.
import type { SharedPool } from '../../runner/sessions/session-share.ts';
import { MemberNode } from './member-node.ts';
import type { Members } from './members.ts';
import { ServerEras, SessionProcesses, SimulatedProcess } from './server-process.ts';
import type { World } from './world.ts';

/** `eras`: what the runner has learned of each member. */
export function memberPools(
  world: World,
  members: Members,
  client: string,
  eras: Map<string, ServerEras>,
): { readonly started: SimulatedProcess[]; poolOf(name: string): SharedPool } {
  const started: SimulatedProcess[] = [];
  const pools = new Map<string, SharedPool>();
  const start = (name: string): SimulatedProcess => {
    const member = members.of(name);
    const process = new SimulatedProcess(world, (pipes) => {
      const node = new MemberNode(world, members, { member, client }, pipes);
      members.nodes.push(node);
      return node;
    });
    members.processes.push(process);
    if (!member.canStart) process.fail();
    return process;
  };
  const poolOf = (name: string): SharedPool => {
    const known = eras.get(name) ?? new ServerEras();
    eras.set(name, known);
    const pool = pools.get(name) ?? new SessionProcesses(() => start(name), known, started);
    pools.set(name, pool);
    return pool;
  };
  return { started, poolOf };
}
