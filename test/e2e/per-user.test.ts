// What belongs to one person reaches no other: people of a real provider, and what is missing of somebody.
import { rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { digestOf, PeopleBridge, said } from './people-bridge.ts';
import { askModern } from './raw-modern.ts';
import { askForSession, bearer, messageOf, openSession, textOf } from './raw-session.ts';

let people: PeopleBridge;

function jsonOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

beforeAll(async () => {
  people = await PeopleBridge.start();
});
afterAll(() => people.stop());

describe('[R-9] [F-575] what belongs to one person', () => {
  test('[LP28] reaches no other in sessions of all eras side by side, and no log', async () => {
    const { leastProcesses, redacted, ...visits } = await people.visit(24);
    expect(visits).toEqual({ sessions: 24, foreign: [], leaked: [] });
    expect(leastProcesses).toBeGreaterThan(6);
    expect(redacted).toBeGreaterThan(12);
  });

  test('is read anew by the next process; one that runs keeps what it has', async () => {
    const { ann, bridge } = people;
    const secrets = ['the first secret of Ann', 'the second secret of Ann'] as const;
    people.keep(ann, secrets[0]);
    const session = await openSession(bridge, 'secret', ann);
    people.keep(ann, secrets[1]);
    const next = await openSession(bridge, 'secret', ann);
    const [before, after] = [await session.call('whose'), await next.call('whose')];
    expect([before, after].map((message) => said(textOf(message)).digest)).toEqual(
      secrets.map(digestOf),
    );
  });

  test('stays theirs when the edge restarts', async () => {
    const { ann, eve, bridge } = people;
    people.keep(ann, 'the secret of Ann over a restart');
    people.keep(eve, 'the secret of Eve over a restart');
    const session = await openSession(bridge, 'secret', ann);
    await bridge.restartEdge();
    await bridge.untilReady();
    const { digest } = said(textOf(await session.call('whose')));
    expect(digest).toBe(digestOf('the secret of Ann over a restart'));
    for (const person of [eve, ann]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { mail } = await people.askModern(person);
      expect(mail).toBe(`${person.name}@corp.example`);
    }
  });
});

test('[F-458] a call is in both records by person, app, server, method, tool and outcome', async () => {
  const { ann, bridge } = people;
  people.keep(ann, 'a secret of Ann');
  const session = await openSession(bridge, 'secret', ann);
  await session.call('whose', {}, 'recorded');
  const linesWith = (message: string): object[] =>
    bridge.logs().flatMap((line) => {
      const told = line.includes('{') ? jsonOf(line.slice(line.indexOf('{'))) : {};
      return told['message'] === message && told['session'] !== undefined ? [told] : [];
    });
  const fact = { principal: ann.id, server: 'secret', method: 'tools/call', tool: 'whose' };
  await vi.waitUntil(() => linesWith('call').length > 0, PATIENCE);
  expect(linesWith('call')).toContainEqual(
    expect.objectContaining({ ...fact, client: 'app', outcome: 'result' }),
  );
  expect(linesWith('edge: call')).toContainEqual(
    expect.objectContaining({ ...fact, client: 'app', outcome: 'answered' }),
  );
});

describe('[F-573] what is missing', () => {
  test('is told to the operator, and to the client only that', async () => {
    const { ci, bridge } = people;
    const refused = await askForSession(bridge, 'secret', ci);
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('not set up')]);
    expect(messageOf(refused).error).toMatchObject({
      code: 42_017,
      data: { fault: 'not_allowed' },
    });
    expect(refused.body).not.toMatch(/people|SECRET|MAIL|email/u);
    // The answer may be here before the line in the log.
    await vi.waitFor(() => {
      const logs = bridge.logs().join('\n');
      expect(logs).toContain(`${people.folderOf(ci)}/secret does not exist`);
      expect(logs).toMatch(/the edge does not know the .{1,4}email.{1,4} of this person/u);
    }, PATIENCE);
    const asked = { params: { name: 'whose' }, headers: bearer(ci.key) };
    const modern = await askModern(bridge.url, 'secret', 'tools/call', asked);
    expect(messageOf(modern).error).toMatchObject({ code: 42_017 });
    // Nobody else notices.
    const session = await openSession(bridge, 'secret', people.ann);
    expect(said(textOf(await session.call('whose'))).mail).toBe('ann@corp.example');
  });

  test('leaves the variable unset where the config says so; nothing of the runner takes its place', async () => {
    const { ci, bridge } = people;
    const session = await openSession(bridge, 'lenient', ci);
    const { digest, mail } = said(textOf(await session.call('whose')));
    expect([digest, mail]).toEqual([digestOf(''), '']);
    people.keep(ci, 'the secret of a machine');
    const next = await openSession(bridge, 'lenient', ci);
    const { digest: ofMachine } = said(textOf(await next.call('whose')));
    expect(ofMachine).toBe(digestOf('the secret of a machine'));
    rmSync(people.folderOf(ci), { recursive: true });
  });
});
