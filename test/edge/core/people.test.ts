// Who is blocked at the access actor, and what that ends.
import { describe, expect, test } from 'vitest';

import { Access } from '../../../edge/core/access.ts';
import { memoryAccessStore } from '../../fixtures/memory-access.ts';

const START = 1_700_000_000_000;
const ANN = {
  id: 'p-ann',
  issuer: 'https://idp.example',
  subject: 'ann',
  email: 'ann@corp.example',
};

/** Lets a person in with an app: the refresh token. */
function letIn(access: Access, id: string, person: { readonly id: string } = ANN) {
  const approved = access.approve(
    {
      page: id,
      pageUntil: START + 1_000,
      grant: id,
      person,
      app: { id: `app ${id}`, name: 'App' },
      server: 'files',
      scopes: ['mcp'],
      lastsMs: 1_000_000,
      code: `code ${id}`,
      challenge: 'challenge',
      redirect: 'https://app.example/',
    },
    START,
  );
  if (approved.kind !== 'approved') return approved.kind;
  const asked = {
    code: `code ${id}`,
    client: `app ${id}`,
    redirect: 'https://app.example/',
    challenge: 'challenge',
    server: 'files',
    access: `access ${id}`,
    refresh: `refresh ${id}`,
    accessMs: 100_000,
    from: 'x',
  };
  return access.redeem(asked, START).kind;
}

const isAdmitted = (access: Access, id: string): boolean =>
  access.validate({ token: `access ${id}`, server: 'files' }, START).admission !== undefined;

describe('[F-520] a person that is blocked', () => {
  test('loses every grant with every app, and gets no other; nobody else loses one', () => {
    const access = new Access(memoryAccessStore());
    expect([letIn(access, 'g1'), letIn(access, 'g2'), letIn(access, 'o', { id: 'owner' })]).toEqual(
      ['issued', 'issued', 'issued'],
    );
    const blocked = access.take('block', { person: { id: ANN.id } }, START);
    expect(blocked).toMatchObject({ kind: 'blocked', ended: [{ grant: 'g1' }, { grant: 'g2' }] });
    expect(['g1', 'g2', 'o'].map((id) => isAdmitted(access, id))).toEqual([false, false, true]);
    const renewal = {
      presented: 'refresh g1',
      sealed: '',
      client: 'app g1',
      server: undefined,
      scopes: undefined,
      access: 'a',
      refresh: 'r',
      accessMs: 1,
      from: 'x',
    };
    expect(access.renew(renewal, START)).toMatchObject({ kind: 'invalid_grant' });
    expect(letIn(access, 'g3')).toBe('blocked');
    expect(access.take('standing', { person: ANN.id }, START)).toEqual({ isBlocked: true });
  });

  test('a code that was given before the block gives nothing after it', () => {
    const access = new Access(memoryAccessStore());
    expect(letIn(access, 'g1')).toBe('issued');
    const approval = {
      page: 'late',
      pageUntil: START + 1_000,
      grant: 'late',
      person: ANN,
      app: { id: 'app', name: 'App' },
      server: 'files',
      scopes: ['mcp'],
      lastsMs: 1_000_000,
      code: 'late',
      challenge: 'challenge',
      redirect: 'https://app.example/',
    };
    access.approve(approval, START);
    access.take('block', { person: { id: ANN.id } }, START);
    const { challenge, redirect } = approval;
    const asked = { code: 'late', client: 'app', server: 'files', challenge, redirect };
    const minted = { access: 'a', refresh: 'r', accessMs: 1, from: 'x' };
    expect(access.redeem({ ...asked, ...minted }, START).kind).toBe('invalid_grant');
  });

  test('is kept with what was known of them, through the sweep, until the block ends', () => {
    const access = new Access(memoryAccessStore());
    letIn(access, 'g1');
    access.take('block', { person: { id: ANN.id } }, START);
    access.sweep(START + 1);
    access.take('block', { person: { id: ANN.id } }, START + 2);
    expect(access.take('blockedPeople', {}, START)).toEqual([{ person: ANN, since: START }]);
    const unblock = () => access.take('unblock', { person: ANN.id }, START);
    expect([unblock(), unblock()]).toEqual([{ isUnblocked: true }, { isUnblocked: false }]);
    expect(letIn(access, 'g4')).toBe('issued');
  });

  test('need not have been seen before, and there is room for a thousand', () => {
    const access = new Access(memoryAccessStore());
    const block = (id: string) => access.take('block', { person: { id } }, START).kind;
    for (let at = 0; at < 1_000; at++) expect(block(`p-${at}`)).toBe('blocked');
    expect([block('p-more'), block('p-7')]).toEqual(['full', 'blocked']);
  });
});
