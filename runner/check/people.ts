// Whose files of `perUser` are incomplete. A runner knows no list of people: those are known who have something in a folder that a config names.
import { processServers, type ServerConfig } from '../config/runner-config.ts';
import { personPath, type PersonVariable } from '../core/per-user.ts';
import { readPersonFile } from '../person-file.ts';
import { namesIn } from '../process/small-files.ts';
import type { Outcome } from './outcome.ts';
import { PERSON_ID } from '../../shared/ids.ts';

/** Lines shown for one server: who has more people reads them a few at a time. */
const MOST_SHOWN = 20;

type FileVariable = Extract<PersonVariable, { readonly file: unknown }>;

/** One outcome for each server whose people have files. */
export function checkPeople(servers: Iterable<ServerConfig>): Outcome[] {
  const found = processServers(servers).flatMap(({ name, source: { perUser } }) => {
    const files = perUser?.variables.filter((variable) => 'file' in variable) ?? [];
    return files.length > 0 ? [{ name, files, isNeeded: !perUser?.startsWithout }] : [];
  });
  const people = [...new Set(found.flatMap(({ files }) => files.flatMap(idsIn)))].toSorted();
  return found.map(({ name, files, isNeeded }): Outcome => {
    const subject = `people of ${name}`;
    if (people.length === 0) {
      const fix = 'Put them there for each person; mcp-bridge access list shows the ids.';
      return { verdict: 'warn', subject, what: 'nobody has files yet', fix };
    }
    const lacking = people.flatMap((id) => lackOf(files, id));
    if (lacking.length === 0)
      return { verdict: 'ok', subject, what: `${people.length} have their files` };
    const without = new Set(lacking.map(({ id }) => id)).size;
    const lines = lacking.slice(0, MOST_SHOWN).map(({ line }) => line);
    if (lacking.length > MOST_SHOWN) lines.push(`and ${lacking.length - MOST_SHOWN} more`);
    return {
      verdict: 'warn',
      subject,
      what: `of ${people.length} known here, ${without} lack files`,
      fix: isNeeded
        ? 'They cannot use this server. If they are not to, nothing needs to be done.'
        : 'For them it starts without these.',
      lines,
    };
  });
}

/** Those who have something where this path has the id. */
const idsIn = ({ file: [folder = ''] }: FileVariable): string[] =>
  namesIn(folder).filter((name) => PERSON_ID.test(name));

function lackOf(
  files: readonly FileVariable[],
  id: string,
): { readonly id: string; readonly line: string }[] {
  return files.flatMap(({ name, file }) => {
    const reading = readPersonFile(file, id);
    if (reading.ok) return [];
    const { what, fix } = reading.problem;
    return [{ id, line: `${id}: ${name}: ${personPath(file, id)} ${what}. ${fix}` }];
  });
}
