// Makes the virtual servers of a config: each is several servers of the same file as one. A mistake in one concerns the whole file, as all
// in the runner's own block.
import type { Findings } from './findings.ts';
import { nearestWord, type Keys } from './problem.ts';
import type { MemberConfig, VirtualConfig } from './runner-config.ts';
import type { VirtualBlock } from './schema.ts';
import { isServable } from './served-name.ts';
import { sessionConfig } from './server-config.ts';
import { judgeNewNames, judgeToolRules } from './tool-rules.ts';

/** A server of the file, served or left out. */
export interface KnownServer {
  /** Its name in the file. */
  readonly name: string;
  readonly servedName: string;
}

/** `at`: where they stand in the file. */
export function virtualServers(
  blocks: Readonly<Record<string, VirtualBlock>>,
  known: readonly KnownServer[],
  findings: Findings,
  at: Keys,
): Map<string, VirtualConfig> {
  const virtual = new Map<string, VirtualConfig>();
  for (const [name, block] of Object.entries(blocks)) {
    const keys = [...at, name];
    const members = Object.entries(block.members).flatMap(([server, member]) => {
      const memberKeys = [...keys, 'members', server];
      const found = known.find((each) => each.name === server || each.servedName === server);
      if (!found) {
        const isVirtual = Object.hasOwn(blocks, server);
        const what = isVirtual ? 'is a virtual server itself' : 'is no server of this file';
        findings.problem(memberKeys, what, isVirtual ? OF_ITS_MEMBERS : whichOf(server, known));
        return [];
      }
      const { prefix = found.servedName, tools } = member;
      if (tools) judgeToolRules(tools, [...memberKeys, 'tools'], findings);
      const isNamedAlike = block.discovery === 'search' && prefix === '';
      if (tools && isNamedAlike) judgeNewNames(tools, [...memberKeys, 'tools'], findings);
      return [{ server: found.servedName, prefix, ...(tools && { tools }) }];
    });
    judgeName(name, known, findings, keys);
    judgeTwice(members, findings, keys);
    virtual.set(name, { name, ...sessionConfig(block, findings, keys), members });
  }
  return virtual;
}

const OF_ITS_MEMBERS = 'Name the members of that one here, too.';

function whichOf(server: string, known: readonly KnownServer[]): string {
  const near = nearestWord(
    server,
    known.map(({ name }) => name),
  );
  return near === undefined
    ? 'Members are named as they are in this file.'
    : `Did you mean "${near}"?`;
}

function judgeName(
  name: string,
  known: readonly KnownServer[],
  findings: Findings,
  keys: Keys,
): void {
  if (!isServable(name)) {
    const fix =
      'Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first.';
    findings.problem(keys, 'cannot be served under this name', fix);
  } else if (known.some(({ servedName }) => servedName === name)) {
    findings.problem(keys, 'has the name of a server', 'Give one of the two another name.');
  }
}

/** The name in the file and the one it is served under are one server. */
function judgeTwice(members: readonly MemberConfig[], findings: Findings, keys: Keys): void {
  const seen = new Set<string>();
  for (const { server } of members) {
    if (seen.has(server))
      findings.problem([...keys, 'members', server], 'is a member twice', 'Remove one of the two.');
    seen.add(server);
  }
}
