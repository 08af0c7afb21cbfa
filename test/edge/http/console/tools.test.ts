// The tools of a server as the console reads them: one that lists without end, or much, is read to a bound (F-653).
import { expect, test } from 'vitest';

import { SeenTools } from '../../../../edge/core/seen-tools.ts';
import { serverTools } from '../../../../edge/http/console/server-tools.ts';
import { listTools } from '../../../../edge/http/console/tools.ts';

/** A server whose list has these pages, the last of them for ever; how often it was asked. */
function listing(pages: readonly (readonly object[])[], seenTools = new SeenTools()) {
  let asked = 0;
  const callAs = () => async () => {
    const tools = pages[Math.min(asked, pages.length - 1)];
    asked += 1;
    const result = { tools, ...(pages.length > 1 && { nextCursor: `page ${asked}` }) };
    return Response.json({ jsonrpc: '2.0', id: 1, result });
  };
  const until = Number.MAX_SAFE_INTEGER;
  const viewer = { name: 'owner', label: 'owner', isOwner: true, until };
  const context = { callAs, viewer, seenTools };
  const list = () => listTools(context, 'files');
  return { list, context, asked: () => asked };
}

test('[F-653] pages are read within one bound of bytes together', async () => {
  const page = [{ name: 'read', description: 'x'.repeat(300_000) }];
  const server = listing([page, page]);
  expect(await server.list()).toEqual({
    ok: false,
    message: expect.stringContaining('too large') as string,
  });
  expect(server.asked()).toBeLessThan(9);
});

test('[F-653] a list ends at an empty cursor, and at the same page again', async () => {
  for (const nextCursor of ['', 'again']) {
    let asked = 0;
    const callAs = () => async () => {
      asked += 1;
      const result = { tools: [{ name: 'read' }], nextCursor };
      return Response.json({ jsonrpc: '2.0', id: 1, result });
    };
    const { context } = listing([]);
    // oxlint-disable-next-line no-await-in-loop -- one list after the other
    const listed = await listTools({ ...context, callAs }, 'files');
    expect(listed).toMatchObject({ ok: true });
    expect(asked).toBe(nextCursor === '' ? 1 : 2);
  }
});

test('[F-653] a server with more tools than a page can show is told so', async () => {
  const many = Array.from({ length: 10_000 }, (_, at) => ({ name: `t${at}` }));
  expect(await listing([many]).list()).toEqual({
    ok: false,
    message: expect.stringContaining('more than 1000 tools') as string,
  });
});

test('[F-644] a change is noticed however far behind it stands in a long text', async () => {
  const seen = new SeenTools();
  const long = 'x'.repeat(100_000);
  await listing([[{ name: long, description: long }, { name: 'plain' }]], seen).list();
  const same = [
    { name: long, description: long },
    { name: 'plain', inputSchema: {} },
  ];
  expect(await listing([same], seen).list()).toMatchObject({ ok: true, change: undefined });
  const other = [
    { name: long, description: `${long}!` },
    { name: 'plain', description: '' },
  ];
  const listed = await listing([other], seen).list();
  const change = listed.ok ? listed.change : undefined;
  expect(change?.changes.map(({ kind }) => kind)).toEqual(['description', 'description']);
  expect(JSON.stringify(change).length).toBeLessThan(5_000);
});

test('[F-780] each tool is shown with its size, and all of them together', async () => {
  const tools = [{ name: 'abcd' }, { name: 'long', description: 'x'.repeat(8_000) }];
  const { context } = listing([tools]);
  const text = JSON.stringify(await serverTools(context, 'files'));
  expect(text).toContain('about 8 tokens');
  expect(text).toMatch(/2 tools, about 2,0\d\d tokens \(an estimate: /u);
});
