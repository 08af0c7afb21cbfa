// What `deploy` and `destroy` ask a person at a terminal. What is not agreed to is not done: Cloudflare hears of nothing that changes it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { KEYS, noTerminal } from '../fixtures/terminal.ts';
import { Deployer } from './deployed.ts';
import { ACCOUNT } from './played-cloudflare.ts';

/** A dozen programs start one after the other; on a machine that does other work each takes ten seconds. */
const HANGS_MS = 600_000;

describe.skipIf(noTerminal !== undefined)(
  `deploy and destroy ask before they do anything ${noTerminal ?? ''}`,
  () => {
    const QUESTION = 'Name of the worker, q for none (Enter: mcp-edge-bridge): ';

    test('[F-741] deploy: a second account, a name that cannot be one, and each way to say no', async () => {
      const deployer = await Deployer.start();
      const { cloudflare } = deployer;
      const other = { id: 'f'.repeat(32), name: 'Other' };
      cloudflare.accounts = [ACCOUNT, other];
      const first = deployer.atTerminal('deploy');
      await first.shows('In which account? Enter for the first: ');
      expect(first.shown()).toContain(`${other.id}  Other`);
      first.type(`nobody${KEYS.enter}`);
      expect(await first.ended).toBe(1);
      expect(first.shown()).toContain('nothing was chosen');

      const second = deployer.atTerminal('deploy');
      await second.shows('In which account?');
      second.type(KEYS.enter);
      await second.shows(QUESTION);
      expect(second.shown()).toContain('This makes an edge in your Cloudflare account Ann');
      second.type(`Not_A_Name${KEYS.enter}`);
      await second.shows(QUESTION, 2);
      expect(second.shown()).toContain('A name has 1 to 63 small letters, digits and dashes');
      second.type(`q${KEYS.enter}`);
      expect(await second.ended).toBe(1);
      expect(second.shown()).toContain('nothing was deployed');

      cloudflare.accounts = [ACCOUNT];
      for (const keys of [KEYS.ctrlC, KEYS.ctrlD]) {
        const terminal = deployer.atTerminal('deploy', '--domain', 'mcp.example.com');
        // oxlint-disable-next-line no-await-in-loop -- one call after the other
        await terminal.shows(QUESTION);
        expect(terminal.shown().replaceAll(/\s+/gu, ' ')).toContain(
          'at https://mcp.example.com. Cloudflare makes the DNS record',
        );
        terminal.type(keys);
        // oxlint-disable-next-line no-await-in-loop -- one call after the other
        expect(await terminal.ended).toBe(1);
        expect(terminal.shown()).toContain('nothing was deployed');
      }
      expect(cloudflare.changes).toEqual([]);
      expect(readdirSync(join(deployer.home, '.config/mcp-bridge/edges'))).not.toContain(
        'mcp-edge-bridge',
      );
    });

    test(
      '[F-741] a name that was typed is deployed; destroy removes it only when its name was typed',
      async () => {
        const deployer = await Deployer.start();
        const { cloudflare } = deployer;
        const deploying = deployer.atTerminal('deploy');
        await deploying.shows(QUESTION);
        deploying.type(`my-edge${KEYS.enter}`);
        await deploying.shows('my-edge is up at https://my-edge.ann.workers.dev');
        expect(await deploying.ended).toBe(0);
        expect([...cloudflare.workers.keys()]).toEqual(['my-edge']);

        const moving = deployer.atTerminal('deploy', '--domain', 'mcp.example.com');
        await moving.shows('Move it? Enter for yes, n for no: ');
        moving.type(`n${KEYS.enter}`);
        expect(await moving.ended).toBe(1);
        expect(moving.shown()).toContain('the edge was not moved');
        expect([...cloudflare.domains]).toEqual([]);

        const made = cloudflare.changes.length;
        for (const keys of [`my-edg${KEYS.enter}`, KEYS.enter, `yes${KEYS.enter}`, KEYS.ctrlC]) {
          const refusing = deployer.atTerminal('destroy');
          // oxlint-disable-next-line no-await-in-loop -- one call after the other
          await refusing.shows('Type the name of the worker to remove it: ');
          refusing.type(keys);
          // oxlint-disable-next-line no-await-in-loop -- one call after the other
          expect(await refusing.ended).toBe(1);
          expect(refusing.shown()).toContain('nothing was removed');
        }
        expect(cloudflare.changes).toHaveLength(made);
        const destroying = deployer.atTerminal('destroy');
        await destroying.shows('Type the name of the worker to remove it: ');
        destroying.type(`my-edge${KEYS.enter}`);
        expect(await destroying.ended).toBe(0);
        expect(cloudflare.workers.size).toBe(0);
        expect(existsSync(deployer.folderOf('my-edge'))).toBe(false);
      },
      HANGS_MS,
    );
  },
);
