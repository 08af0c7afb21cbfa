// Which idle process a session gets: over all interleavings, none that was made for somebody else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdleProcesses } from '../../../runner/core/idle-processes.ts';
import { personalEnvironment, type PerUser } from '../../../runner/core/per-user.ts';
import type { ToldPerson } from '../../../shared/link/person.ts';

describe('of a server whose processes are the same for everybody', () => {
  test('[F-1180] a session gets all that start already, then a warm one if it may have one, then none', () => {
    const idle = new IdleProcesses<string>();
    idle.startedAhead('warm 1');
    idle.startedAhead('warm 2');
    idle.leave('left 1', undefined);
    idle.leave('left 2', undefined);
    expect(idle.has(undefined)).toBe(true);
    expect(idle.take(undefined, false)).toEqual({
      kind: 'left',
      processes: ['left 1', 'left 2'],
    });
    expect([idle.has(undefined, false), idle.has(undefined)]).toEqual([false, true]);
    expect(idle.take(undefined, false)).toEqual({ kind: 'none' });
    expect(idle.take(undefined)).toEqual({ kind: 'warm', process: 'warm 1' });
    expect(idle.remove('warm 2')).toBe('warm');
    expect(idle.take(undefined)).toEqual({ kind: 'none' });
    expect(idle.has(undefined)).toBe(false);
  });
});

/** A process as the operating system has it: started once, with what one person had then. */
interface Started {
  readonly person: string;
  readonly secret: string;
  isGone: boolean;
}

const PEOPLE = ['ann', 'bob', 'p-1', 'p-2'] as const;

const PER_USER: PerUser = {
  variables: [
    { name: 'TOKEN', file: ['/people/', '/token'] },
    { name: 'MAIL', fact: 'email' },
  ],
  startsWithout: false,
};

/** What can happen to a runner, in any order: sessions come and leave, processes end, secrets and addresses change. */
const happening = fc.oneof(
  fc.record({ does: fc.constant('open' as const), person: fc.constantFrom(...PEOPLE) }),
  fc.record({
    does: fc.constantFrom('leave' as const, 'end' as const, 'exit' as const),
    at: fc.nat(),
  }),
  fc.record({ does: fc.constant('ahead' as const) }),
  fc.record({
    does: fc.constantFrom('renew' as const, 'move' as const),
    person: fc.constantFrom(...PEOPLE),
  }),
);

test('[R-9] [F-574] a process is never given to another person, nor to the same one with what they had before', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      const idle = new IdleProcesses<Started>();
      const files = new Map(PEOPLE.map((id) => [`/people/${id}/token`, `secret of ${id}`]));
      const mails = new Map<string, string>(PEOPLE.map((id) => [id, `${id}@corp.example`]));
      const all: { readonly process: Started; readonly owner: string }[] = [];
      const sessions: {
        readonly person: string;
        readonly process: Started;
        readonly owner: string;
      }[] = [];
      const wrong: object[] = [];
      let changes = 0;
      const read = (path: readonly string[], id: string) =>
        ({ ok: true, text: files.get(path.join(id)) ?? '' }) as const;
      for (const what of happenings) {
        switch (what.does) {
          case 'open': {
            const { person: id } = what;
            const person: ToldPerson = { id, email: mails.get(id) };
            const reading = personalEnvironment(PER_USER, person, read);
            if (!reading.ok) throw new Error('Nothing is missing.');
            const { owner, env } = reading.personal;
            const given = idle.take(owner);
            const fresh = { person: id, secret: env['TOKEN'] ?? '', isGone: false };
            const taken =
              given.kind === 'left'
                ? given.processes
                : [given.kind === 'warm' ? given.process : fresh];
            for (const process of taken) {
              const isTheirs =
                process.person === id && process.secret === files.get(`/people/${id}/token`);
              const isTaken = sessions.some((other) => other.process === process);
              if (!isTheirs || isTaken || process.isGone) wrong.push({ ...process, isTaken, id });
              sessions.push({ person: id, process, owner });
              all.push({ process, owner });
            }
            break;
          }
          case 'ahead':
            idle.startedAhead({ person: 'nobody', secret: 'none', isGone: false });
            break;
          case 'leave': {
            const [session] = sessions.splice(what.at % Math.max(1, sessions.length), 1);
            if (session && !session.process.isGone) idle.leave(session.process, session.owner);
            break;
          }
          case 'end':
            sessions.splice(what.at % Math.max(1, sessions.length), 1);
            break;
          case 'exit': {
            const gone = all[what.at % Math.max(1, all.length)]?.process;
            if (gone) gone.isGone = true;
            if (gone) idle.remove(gone);
            break;
          }
          case 'renew':
            files.set(`/people/${what.person}/token`, `secret ${(changes += 1)} of ${what.person}`);
            break;
          case 'move':
            mails.set(what.person, `${what.person}${(changes += 1)}@corp.example`);
        }
      }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

describe('what a process gets of its person', () => {
  const ANN: ToldPerson = { id: 'ann', email: 'ann@corp.example' };
  const there = () => ({ ok: true, text: 'secret' }) as const;
  const nowhere = () =>
    ({ ok: false, problem: { what: 'does not exist', fix: 'Put it there.' } }) as const;

  test('is in their file, and what the edge knows', () => {
    const asked: string[] = [];
    const reading = personalEnvironment(PER_USER, ANN, (path, id) => {
      asked.push(path.join(id));
      return there();
    });
    expect(asked).toEqual(['/people/ann/token']);
    expect(reading).toMatchObject({
      ok: true,
      missing: [],
      personal: { env: { TOKEN: 'secret', MAIL: 'ann@corp.example' } },
    });
  });

  test('[F-573] something that is missing: no process; the client hears no path, the operator all of it', () => {
    const reading = personalEnvironment(PER_USER, { id: 'ann' }, nowhere);
    expect(reading).toMatchObject({
      ok: false,
      fault: { fault: 'not_allowed' },
      missing: [
        { variable: 'TOKEN', what: '/people/ann/token does not exist' },
        { variable: 'MAIL', what: expect.stringContaining('"email"') },
      ],
    });
    expect(JSON.stringify(!reading.ok && reading.fault)).not.toMatch(/people|TOKEN|email/u);
  });

  test('[F-573] or, if the operator wants that, a process without it', () => {
    const lenient = { ...PER_USER, startsWithout: true };
    expect(personalEnvironment(lenient, ANN, nowhere)).toMatchObject({
      ok: true,
      missing: [{ variable: 'TOKEN' }],
      personal: { env: { MAIL: 'ann@corp.example' } },
    });
  });

  test('[F-573] nobody is known: no process, whatever else', () => {
    const lenient = { ...PER_USER, startsWithout: true };
    expect(personalEnvironment(lenient, undefined, there)).toMatchObject({
      ok: false,
      fault: { fault: 'not_allowed' },
    });
  });
});
