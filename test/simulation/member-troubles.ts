// What goes wrong with members of a virtual server.
import type { Members } from './members.ts';
import type { World } from './world.ts';

export const MEMBER_TROUBLES = [
  'crash a member',
  'crash a member',
  'crash a member',
  'stop a member',
  'stop a member',
  'break a member',
  'slow a member',
  'change a member',
  'change a member',
] as const;

export type MemberTrouble = (typeof MEMBER_TROUBLES)[number];

export const isMemberTrouble = (what: string): what is MemberTrouble =>
  MEMBER_TROUBLES.some((each) => each === what);

const STOPPED_MS = [500, 4_000, 12_000, 25_000];
const BROKEN_MS = [3_000, 20_000];
const SLOW_MS = [500, 4_000, 12_000, 40_000];
const SLOW_FOR_MS = 20_000;

export function memberTrouble(world: World, members: Members, what: MemberTrouble): void {
  const { chance, clock } = world;
  const member = chance.pick(members.all);
  const alive = members.processes.filter(({ node }) => node.isAlive);
  const process = alive.length > 0 ? chance.pick(alive) : undefined;
  const node = process && members.nodes.find((each) => each === process.node);
  switch (what) {
    case 'crash a member':
      world.note(`${what} (${node?.label ?? 'none'})`);
      return process?.crash();
    case 'stop a member': {
      const ms = chance.pick(STOPPED_MS);
      world.note(`${what} (${node?.label ?? 'none'}) for ${String(ms)} ms`);
      node?.stop();
      clock.after(ms, () => node?.goOn());
      return;
    }
    case 'break a member': {
      const ms = chance.pick(BROKEN_MS);
      world.note(`${what} (${member.name}) for ${String(ms)} ms`);
      member.canStart = false;
      clock.after(ms, () => {
        member.canStart = true;
      });
      return process?.crash();
    }
    case 'slow a member': {
      member.startMs = chance.pick(SLOW_MS);
      world.note(`${what} (${member.name}): it starts in ${String(member.startMs)} ms`);
      clock.after(SLOW_FOR_MS, () => {
        member.startMs = 0;
      });
      return;
    }
    case 'change a member':
      world.note(`${what} (${member.name})`);
      member.version += 1;
      for (const each of members.nodes) if (each.member === member) each.changed();
  }
}
