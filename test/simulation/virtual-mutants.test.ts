// Shows that the checker finds errors in virtual servers: each is put into their rules on purpose. That honest ones break nothing is
// shown by virtual.test.ts.
import { setImmediate } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { check } from './history.ts';
import { mutatedVirtual } from './mutated-rules.ts';
import { World } from './world.ts';

describe('[R-16] mutants of virtual servers', () => {
  /** The last: the first seed, if those from 1 on do not meet it. */
  test.each<[string, Parameters<typeof mutatedVirtual>, number?]>([
    [
      'a name goes to its member with the prefix of the list',
      ['routes.ts', 'own: member.rules.withoutPrefix(name) ?? name', 'own: name'],
    ],
    [
      'a name goes to another member as long as no list is known',
      ['routes.ts', "rules.prefix !== '' && name.startsWith(rules.prefix)", "rules.prefix !== ''"],
    ],
    [
      'calls of a member that ends are not answered',
      ['member.ts', 'this.#refuse(id, error, now, call);', ''],
    ],
    [
      'what waits for a member that cannot start is not answered',
      [
        'member.ts',
        'if (call && id !== undefined) this.#refuse(id, this.#whyDown, now, call);',
        '',
      ],
    ],
    [
      "questions keep their members' ids",
      ['questions.ts', 'const shown = this.#newId();', 'const shown = id;'],
    ],
    [
      'an answer goes to another member than the one that asked',
      [
        'virtual-server.ts',
        'if (answered) answered.member.tell(answered.message);',
        'if (answered) this.#members[0]?.tell(answered.message);',
      ],
    ],
    [
      '[F-1141] a member gets its state as the client knows it',
      ['request-states.ts', 'state.slice(end + BEFORE_STATE.length)', 'state'],
    ],
    [
      'a question of a member that is gone stays open',
      ['virtual-server.ts', 'this.#effects.say(takenBack(id));', ''],
    ],
    [
      '[F-904] a question is taken back under an id that its client does not know',
      ['virtual-server.ts', '{"requestId":${id},', '{"requestId":"${id}",'],
    ],
    [
      'nobody is told that a member is back',
      [
        'legacy-front.ts',
        'if (this.#left.delete(member)) this.#tellAllChanged(member);',
        'if (this.#left.delete(member)) return;',
      ],
    ],
    [
      '[F-902] a member that starts again has no subscriptions',
      ['legacy-front.ts', 'if (taker === member) member.ask', 'if (taker !== taker) member.ask'],
    ],
    [
      'a member that starts again has no log level',
      ['legacy-front.ts', 'if (this.#level && Object', 'if (this.#level && !Object'],
    ],
    [
      'a cancellation reaches no member',
      [
        'virtual-server.ts',
        'for (const member of this.#members) member.cancel(id, message, now);',
        '',
      ],
    ],
    [
      '[F-901] nobody is told that a member alone is back with other lists',
      ['legacy-front.ts', 'isSole ? member.tellsChangesOf(kind) : member.has(kind)', '!isSole'],
    ],
    [
      '[F-905] a resource of which no list tells is listened to at one member',
      [
        'modern-listens.ts',
        'routes.knowsUri(uri) ? routes.ofUri(uri).slice(0, 1) : routes.ofResources',
        'routes.ofUri(uri).slice(0, 1)',
      ],
      1_450,
    ],
    [
      '[F-906] calls of a member that ends are answered before its questions are taken back',
      [
        'member.ts',
        'this.#parts.gone(this);\n    this.#failAll(words, hasRun && wasReady, now);',
        'this.#failAll(words, hasRun && wasReady, now);\n    this.#parts.gone(this);',
      ],
      1_000,
    ],
    [
      'a member that ended is not started again',
      ['member.ts', 'this.#restartAt = now + waitMs;', ''],
    ],
    [
      'a member that could not be started again at once is not listened to any more',
      ['modern-listens.ts', 'if (!hasNone || wasOpen || waited !== undefined) {', 'if (wasOpen) {'],
    ],
    [
      'notifications of one call are told to another',
      [
        'virtual-server.ts',
        'this.#members.find((member) => member.slot === slot)',
        'this.#members.findLast((member) => member.slot !== undefined)',
      ],
    ],
    [
      'whoever reads on in a list is not shown the members behind',
      ['lists.ts', 'later: isReadingOn ? others : [],', 'later: [],'],
    ],
    [
      'the list of a member that runs is shown from memory',
      [
        'lists.ts',
        'if (isEnough && (member.isAsleep || member.isLate)) return',
        'if (isEnough) return',
      ],
    ],
  ])('%s', async (_title, mutation, first = 1) => {
    const rules = await mutatedVirtual(...mutation);
    const faults: string[] = [];
    for (let seed = first; seed < first + 300 && faults.length === 0; seed++) {
      faults.push(...check(new World(seed, undefined, { isVirtual: true, rules }).run()));
      await setImmediate();
    }
    expect(faults.join('\n')).toMatch(/^R-/u);
  });
});
