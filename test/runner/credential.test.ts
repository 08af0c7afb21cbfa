// Credentials: their shape, their hash, and the file that keeps the runner's (F-69).
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  hashCredential,
  mintClientKey,
  mintRunnerToken,
  readTokenFile,
  writeTokenFile,
} from '../../runner/credential.ts';
import { problemText } from '../../shared/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-credential-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function tokenFile(content: string, mode = 0o600): string {
  const path = join(folder, `token-${files++}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('minted credentials', () => {
  it('carry 256 random bits after a prefix that tells them apart', () => {
    expect(mintRunnerToken()).toMatch(/^mcpr_[\w-]{43}$/u);
    expect(mintClientKey()).toMatch(/^mcpc_[\w-]{43}$/u);
    expect(new Set(Array.from({ length: 100 }, mintRunnerToken)).size).toBe(100);
  });

  it('are stored at the edge as SHA-256 (FIPS 180-2, B.1)', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(hashCredential('abc')).toBe(`sha256:${digest}`);
  });
});

describe('the token file', () => {
  it('is written for its owner alone and read back', async () => {
    const path = join(folder, 'new');
    const token = mintRunnerToken();
    expect(await writeTokenFile(path, token)).toEqual({ ok: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await readTokenFile(path)).toEqual({ ok: true, token });
  });

  it('is never overwritten', async () => {
    const path = tokenFile('old');
    const written = await writeTokenFile(path, 'new');
    expect(written).toMatchObject({
      ok: false,
      problem: { what: 'exists and is not overwritten' },
    });
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it.each([0o644, 0o640, 0o604, 0o660, 0o610])(
    'is refused with mode %o, naming the mode and the chmod',
    async (mode) => {
      const path = tokenFile('mcpr_x', mode);
      expect(await readTokenFile(path)).toMatchObject({
        ok: false,
        problem: {
          what: `is open to other users (mode 0${mode.toString(8)})`,
          fix: expect.stringContaining(`Run: chmod 600 ${path} `) as string,
        },
      });
    },
  );

  it.skipIf(process.geteuid?.() !== 0)(
    'may show the mask of an ACL as its group bit where systemd keeps credentials, nowhere else',
    async () => {
      onTestFinished(() => void vi.unstubAllEnvs());
      const path = tokenFile('mcpr_x', 0o440);
      expect(await readTokenFile(path)).toMatchObject({ ok: false });
      vi.stubEnv('CREDENTIALS_DIRECTORY', folder);
      expect(await readTokenFile(path)).toEqual({ ok: true, token: 'mcpr_x' });
      expect(await readTokenFile(tokenFile('mcpr_x', 0o460))).toMatchObject({ ok: false });
      expect(await readTokenFile(tokenFile('mcpr_x', 0o444))).toMatchObject({ ok: false });
      const foreign = tokenFile('mcpr_x', 0o440);
      chownSync(foreign, 61_001, 61_001);
      expect(await readTokenFile(foreign)).toMatchObject({ ok: false });
      vi.stubEnv('CREDENTIALS_DIRECTORY', join(folder, 'other'));
      expect(await readTokenFile(path)).toMatchObject({ ok: false });
    },
  );

  it.skipIf(process.geteuid?.() !== 0)(
    '[F-247] of another user than root or the runner is refused, whatever its mode',
    async () => {
      const foreign = tokenFile('mcpr_x', 0o600);
      chownSync(foreign, 61_001, 61_001);
      expect(await readTokenFile(foreign)).toMatchObject({
        ok: false,
        problem: { what: 'belongs to another user (uid 61001)' },
      });
    },
  );

  it('is judged by what a link points to', async () => {
    const link = join(folder, 'link');
    symlinkSync(tokenFile('mcpr_x', 0o644), link);
    expect(await readTokenFile(link)).toMatchObject({
      ok: false,
      problem: { what: expect.stringContaining('mode 0644') as string },
    });
  });

  it.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['mcpr_a\nmcpr_b\n', 'has several lines'],
    ['mcpc_a', 'holds a client key'],
    ['sha256:00', 'holds a hash'],
    ['mcpr a', 'has spaces'],
    ['x'.repeat(5000), 'is too large'],
  ])('with %j is refused: %s', async (content, words) => {
    const path = tokenFile(content);
    const reading = await readTokenFile(path);
    expect(reading).toMatchObject({
      ok: false,
      problem: { what: expect.stringMatching(`^${words}`) as string },
    });
    expect(JSON.stringify(reading)).not.toContain('mcpr_b');
  });

  it.each([
    [
      'missing',
      join(folder, 'none'),
      'does not exist. Make one with: mcp-bridge credential runner',
    ],
    ['a directory', folder, 'is not a regular file. Name the file that holds the token.'],
  ])('that is %s is refused', async (_title, path, words) => {
    const reading = await readTokenFile(path);
    expect(reading.ok || problemText(reading.problem)).toContain(words);
  });
});
