// Puts a virtual server together for one session: its machine, and where its members' processes come from.
import type { PrincipalName, ServerName } from '../../shared/ids.ts';
import type { OpenFrame } from '../../shared/link/control-frames.ts';
import { perUserOf, type ServerConfig, type VirtualConfig } from '../config/runner-config.ts';
import { beforeNames } from '../core/member-prefix.ts';
import type { Quote } from '../core/overheard.ts';
import type { Log } from '../log.ts';
import type { ServerPinBook } from '../pin-file.ts';
import { KnownMembers } from '../virtual/known-members.ts';
import { VirtualServer } from '../virtual/virtual-server.ts';
import type { Time } from '../wake-timer.ts';
import { sessionProcess } from './process-choice.ts';
import { SessionShare, type SharedPool } from './session-share.ts';
import { VirtualProcess, type TakenMember } from './virtual-process.ts';

export interface VirtualChoice {
  readonly open: Pick<OpenFrame, 'session' | 'clientKind' | 'principal' | 'person'>;
  readonly virtual: VirtualConfig;
  readonly servers: ReadonlyMap<ServerName, ServerConfig>;
  readonly poolOf: (server: ServerName) => SharedPool | undefined;
  /** Of servers whose tools are pinned. */
  readonly pinsOf: (server: ServerName) => ServerPinBook | undefined;
  readonly known: KnownOfVirtual;
  readonly log: Log;
  readonly time?: Time;
}

/** What a session of a virtual server takes for its process. Nothing is started before a member is needed. */
export function virtualProcess(choice: VirtualChoice): VirtualProcess {
  const { open, virtual, servers, known, log, time } = choice;
  const isModern = open.clientKind === 'modern';
  const shares = new Map<ServerName, SessionShare>();
  /** One for all processes that a member has in this session: what any of them got of a person is in none of its texts. */
  const shareOf = (name: ServerName): SessionShare | undefined => {
    const pool = choice.poolOf(name);
    if (!pool) return undefined;
    const share = shares.get(name) ?? new SessionShare(pool, open);
    shares.set(name, share);
    return share;
  };
  const members = virtual.members.flatMap(({ server: name, prefix, tools }) => {
    const server = servers.get(name);
    if (!server) return [];
    const rules = [...(tools ? [{ tools }] : []), server];
    const quote: Quote = (bytes, isCut) => shares.get(name)?.quote(bytes, isCut) ?? '';
    const guard = choice.pinsOf(name)?.guardFor(isModern ? 'modern' : 'legacy');
    return [{ name, prefix, rules, guard, quote }];
  });
  const isPersonal = members.some(({ name }) => {
    const server = servers.get(name);
    return server && perUserOf(server) !== undefined;
  });
  return new VirtualProcess({
    isModern,
    machine: new VirtualServer({
      name: virtual.name,
      isModern,
      members,
      limits: virtual,
      known: known.of(virtual.name, open.principal, isPersonal ? open.person?.id : undefined),
    }),
    take: (member, served) => takeMember(choice, member, shareOf(member), served),
    log,
    ...(time && { time }),
  });
}

function takeMember(
  { open, virtual, servers, log, time }: VirtualChoice,
  name: ServerName,
  share: SessionShare | undefined,
  served: () => void,
): TakenMember {
  const server = servers.get(name);
  if (!server || !share) return { ok: false, description: 'is not offered any more' };
  const taken = share.take();
  if (!taken.ok) return taken;
  const first = taken.process;
  const member = virtual.members.find((each) => each.server === name);
  const process = sessionProcess({
    open,
    server,
    asMember: [{ tools: member?.tools, prefix: beforeNames(member?.prefix ?? '') }, virtual],
    pool: share,
    first,
    served,
    log: log.child({ member: name }),
    ...(time && { time }),
  });
  return { ok: true, process, served: () => share.served(first) };
}

/** More clients than use one runner at a time. */
const MAX_KNOWN = 64;

/** What was needed least recently is forgotten beyond this: its members are asked again. */
const MAX_KNOWN_BYTES = 64 * 1024 * 1024;

/**
 * What is known of the members of virtual servers. For each principal, as processes are: a list may tell what was done in a session. Of
 * members whose processes are for one person, for each person, too.
 */
export class KnownOfVirtual {
  readonly #known = new Map<string, { readonly server: ServerName; readonly of: KnownMembers }>();
  readonly #mostBytes: number;

  constructor(mostBytes = MAX_KNOWN_BYTES) {
    this.#mostBytes = mostBytes;
  }

  of(
    server: ServerName,
    principal: PrincipalName | undefined,
    person: string | undefined,
  ): KnownMembers {
    const key = JSON.stringify([server, principal ?? null, person ?? null]);
    const known = this.#known.get(key) ?? { server, of: new KnownMembers() };
    this.#known.delete(key);
    this.#known.set(key, known);
    this.#makeRoom(key);
    return known.of;
  }

  #makeRoom(newest: string): void {
    let bytes = 0;
    for (const { of } of this.#known.values()) bytes += of.bytes;
    for (const [key, { of }] of this.#known) {
      if (key === newest || (this.#known.size <= MAX_KNOWN && bytes <= this.#mostBytes)) return;
      this.#known.delete(key);
      bytes -= of.bytes;
    }
  }

  /** Its config has changed. */
  forget(server: ServerName): void {
    for (const [key, known] of this.#known) if (known.server === server) this.#known.delete(key);
  }
}
