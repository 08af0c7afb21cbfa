// Servers at a URL, as the files of many programs write them, and what is said of their credentials.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergedConfig } from '../../../runner/config/merged.ts';
import { accepted, beside, fates, file, folder, namesOf, serverOf, warned } from './reading.ts';

const url = 'https://x.example/mcp';

describe('[F-790] an entry with a "url" is served', () => {
  it.each<[string, object, object]>([
    ['without a type', { url }, {}],
    ['Claude Code, VS Code', { type: 'http', url, headers: { A: 'b' } }, { headers: { A: 'b' } }],
    ['Cursor', { url, headers: { A: '${KEY}' } }, { headers: { A: 'k-value' } }],
    ['Cline', { type: 'streamableHttp', url, timeout: 60 }, {}],
    ['Gemini CLI', { httpUrl: url, trust: true }, {}],
    ['Windsurf', { serverUrl: url }, {}],
    ['opencode', { type: 'remote', url, enabled: true }, {}],
    ['Goose', { type: 'streamable_http', uri: url }, {}],
    ['Continue', { transport: { type: 'streamable-http', url } }, {}],
    ['LibreChat', { type: 'sse', url }, { transport: 'sse' }],
    ['AutoGen', { type: 'SseServerParams', url }, { transport: 'sse' }],
    [
      'Continue, with headers',
      { type: 'sse', url, requestOptions: { headers: { A: 'b' }, timeout: 5 } },
      { transport: 'sse', headers: { A: 'b' } },
    ],
    ['Codex', { url, http_headers: { A: 'b' } }, { headers: { A: 'b' } }],
    ['scalars', { url, headers: { A: 1, B: true, C: null } }, { headers: { A: '1', B: 'true' } }],
    ['with a query', { url: `${url}?key=v#part` }, { url: `${url}?key=v` }],
    ['blanks around it', { url: ` ${url}\n` }, {}],
  ])('%s', async (_program, entry, source) => {
    const config = await accepted(beside(entry), { KEY: 'k-value' });
    expect(fates(config)).toEqual([]);
    expect(serverOf(config).source).toEqual({
      kind: 'http',
      url,
      transport: 'any',
      headers: {},
      ...source,
    });
  });

  it('with the settings of any server, but for what concerns processes', async () => {
    const config = await accepted(
      beside({ url, bridge: { startTimeout: '5s', stateless: true, tools: { allow: ['a'] } } }),
    );
    expect(serverOf(config)).toMatchObject({
      startTimeoutMs: 5_000,
      stateless: true,
      tools: { allow: ['a'] },
    });
  });

  it('with the certificate of an authority of its own, whose file is watched', async () => {
    const path = join(folder, 'ca.pem');
    const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
    writeFileSync(path, pem);
    const config = await accepted(beside({ url, bridge: { ca: 'ca.pem' } }));
    expect(serverOf(config).source).toMatchObject({ ca: pem });
    expect(config.envFiles).toContain(path);
    writeFileSync(path, 'no certificate');
    expect(fates(await accepted(beside({ url, bridge: { ca: 'ca.pem' } })))).toEqual([
      's broken: mcpServers.s.bridge.ca names a file without a certificate',
    ]);
  });

  it('what only a process has is named, and has no effect', async () => {
    const config = await accepted(
      beside({ type: 'http', url, command: 'x', args: ['a'], env: {} }),
    );
    expect(warned(config)).toEqual([
      'mcpServers.s.command has no effect beside a "url"',
      'mcpServers.s.args has no effect on a server at a URL',
      'mcpServers.s.env has no effect on a server at a URL',
    ]);
  });

  it('but not at the address at which it is served itself', async () => {
    const at = (path: string) =>
      accepted({
        ...beside({ url: `https://e.example${path}` }),
        bridge: { edge: 'https://e.example' },
      });
    expect(fates(await at('/s/mcp'))).toEqual([
      's broken: mcpServers.s.url is the address at which this entry itself is served',
    ]);
    expect(fates(await at('/other/mcp'))).toEqual([]);
  });

  it('two files that name the same one have one server', async () => {
    const one = await accepted({ mcpServers: { s: { url } } }, {}, file);
    const same = await accepted({ mcpServers: { s: { type: 'http', url } } }, {}, file);
    const other = await accepted({ mcpServers: { s: { url, headers: { A: 'b' } } } }, {}, file);
    expect(namesOf(mergedConfig([one, same, other], () => false))).toEqual(['s', 's-2']);
  });
});

describe('[F-791] credentials of a server at a URL', () => {
  const TOKEN = 'sk-1234567890abcdef';

  it('are said to be those of everybody, and are kept from logs', async () => {
    const config = await accepted(
      beside({
        url: `${url}?api_key=query-secret-1`,
        headers: { Authorization: 'Bearer ${TOKEN}', 'X-Region': 'eu' },
      }),
      { TOKEN },
    );
    expect(warned(config)).toEqual([
      'mcpServers.s.url holds a credential, and everybody who may use this server through the bridge acts with it',
      'mcpServers.s.headers.Authorization holds a credential, and everybody who may use this server through the bridge acts with it',
    ]);
    const { secrets } = serverOf(config);
    expect(secrets).toEqual(expect.arrayContaining([TOKEN, `Bearer ${TOKEN}`, 'query-secret-1']));
    expect(JSON.stringify(config.warnings)).not.toContain(TOKEN);
  });

  it('are said to be readable on the way, unless that is within this machine', async () => {
    const readable =
      'mcpServers.s.url is not encrypted, so what is in "headers" can be read on the way';
    const at = async (origin: string) =>
      warned(await accepted(beside({ url: `${origin}/mcp`, headers: { 'X-API-Key': TOKEN } })));
    expect(await at('http://10.0.0.1:8080')).toContain(readable);
    expect(await at('http://127.0.0.1:8080')).not.toContain(readable);
  });

  it('no sign-in of another program is taken for one of the runner', async () => {
    const config = await accepted(beside({ url, oauth: { clientId: 'x' }, headersHelper: './x' }));
    expect(warned(config)).toEqual([
      'mcpServers.s.oauth has no effect here: the runner signs in nowhere',
      'mcpServers.s.headersHelper has no effect here: the runner signs in nowhere',
    ]);
  });
});
