// Stdio servers that misbehave, one kind a run: `node process.mjs <kind>`. Written by hand, so that the misbehaviour is the
// only cost.
import { once } from 'node:events';

const kind = process.argv[2] ?? '';
const { stdin, stdout, stderr } = process;

const line = (message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
const answer = (id, result) => stdout.write(line({ id, result }));
const text = (value) => ({ content: [{ type: 'text', text: value }], isError: false });

/** 15 MB that cost a parser of whole messages seconds: five million empty objects. */
const tinyObjects = () => `[${'{},'.repeat(4_999_999)}{}]`;

const withTinyObjects = (id, result) => {
  const whole = JSON.stringify({ jsonrpc: '2.0', id, result });
  stdout.write(`${whole.slice(0, -2)},"x":${tinyObjects()}}}\n`);
};

/** Writes for ever, as fast as it is read. */
async function pour(stream, block) {
  for (;;) if (!stream.write(block)) await once(stream, 'drain');
}

const note = (data) => line({ method: 'notifications/message', params: { level: 'info', data } });

const afterStart = {
  notes: () => pour(stdout, note('again').repeat(500)),
  noise: () => pour(stdout, 'Loading weights, please wait\n'.repeat(1_000)),
  'blank-lines': () => pour(stdout, '\n'.repeat(65_536)),
  'endless-line': () => pour(stdout, 'x'.repeat(65_536)),
  stderr: () => pour(stderr, 'debug: still here\n'.repeat(2_000)),
  questions: () =>
    pour(
      stdout,
      line({
        id: 'q',
        method: 'sampling/createMessage',
        params: { messages: [], maxTokens: 1 },
      }).repeat(200),
    ),
  'closes-stdout': () => stdout.end(),
  'reads-nothing': () => stdin.pause(),
};

const calls = {
  silent: () => undefined,
  crashes: () => process.exit(1),
  'large-results': (id) => withTinyObjects(id, text('')),
};

function take(message) {
  const { id, method, params = {} } = message;
  if (id === undefined || method === undefined) return;
  if (method === 'initialize') {
    const result = {
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: kind, version: '1.0.0' },
    };
    if (kind === 'large-initialize') withTinyObjects(id, result);
    else answer(id, result);
    afterStart[kind]?.();
    return;
  }
  if (method !== 'tools/call') answer(id, {});
  else if (calls[kind]) calls[kind](id);
  else answer(id, text(params.arguments?.text ?? ''));
}

if (kind === 'floods-at-once') void pour(stdout, 'npm warn deprecated\n'.repeat(1_000));
else {
  let rest = '';
  stdin.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const each of lines) take(JSON.parse(each));
  });
}
stdin.on('end', () => process.exit(0));
stdout.on('error', () => process.exit(0));
