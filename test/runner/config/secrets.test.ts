// Which values of a config are kept out of logs: all that did not stand in the file, and all of `env`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accepted, folder, one, serverOf, warned } from './reading.ts';

const SECRETS = {
  IN_ARGS: 'sk-args-1',
  IN_ENV: 'sk-env-22',
  IN_COMMAND: 'sk-command-3',
  IN_CWD: 'sk-cwd-44',
  AWS_SECRET: 'sk-aws-55',
};

describe('secrets of a server (F-230)', () => {
  it('are what references, env files and inherited variables brought, and the values of env', async () => {
    writeFileSync(join(folder, 'secret.env'), 'FROM_FILE=sk-file-66\nEMPTY=\n');
    const config = await accepted(
      one({
        command: '/opt/${IN_COMMAND}/x',
        args: ['--key=${IN_ARGS}', '${env:IN_ARGS}', '${PORT:-defaulted}', '${HOME}/x'],
        env: { A: 'Bearer ${IN_ENV}', B: 'literal' },
        cwd: '${IN_CWD}',
        envFile: 'secret.env',
        bridge: { inheritEnv: ['AWS_*', 'LANG'] },
      }),
      { ...SECRETS, HOME: '/home/somebody', LANG: 'en_US.UTF-8', OTHER: 'sk-other-7' },
    );
    const { secrets } = serverOf(config);
    expect(secrets).toEqual(
      expect.arrayContaining([
        ...Object.values(SECRETS),
        'sk-file-66',
        'Bearer sk-env-22',
        'literal',
      ]),
    );
    // Variables that every process sees are no secrets; redacting them would only garble the log.
    for (const plain of ['/home/somebody', 'en_US.UTF-8', 'defaulted', 'sk-other-7'])
      expect(secrets).not.toContain(plain);
  });

  it('that are too short to be taken out of a log are named', async () => {
    const config = await accepted(one({ args: ['${PIN}', '${MODE}'], env: { K: '${API_KEY}' } }), {
      PIN: '1234',
      MODE: 'fast',
      API_KEY: 'long-enough',
    });
    expect(warned(config)).toEqual([
      'mcpServers.s gets PIN, whose value is too short to be redacted from logs',
    ]);
  });

  it('stand in no message about the file', async () => {
    const config = await accepted(
      {
        mcpServers: {
          a: { command: '${IN_COMMAND} x', args: ['${IN_ARGS}', '${NOPE}'], cwd: '${IN_CWD}' },
          b: { command: 'npx', args: ['pkg', '--token', '${IN_ARGS}'], zebra: '${IN_ENV}' },
        },
      },
      SECRETS,
    );
    const said = JSON.stringify([config.warnings, config.leftOut]);
    for (const secret of Object.values(SECRETS)) expect(said).not.toContain(secret);
  });
});
