// The worker's entry: routes to the app, exports the actors. No logic.
import { waitUntil } from 'cloudflare:workers';
import { consoleLog } from './console-log.ts';
import { durablePorts } from './durable-ports.ts';
import type { Env } from './env.ts';
import { settingLine } from '../../core/log.ts';
import { recordingLog } from '../../core/record.ts';
import { EdgeTally } from '../../core/tally.ts';
import { RecordMail } from './record-mail.ts';
import { SpanMail } from './span-mail.ts';
import { createEdge } from '../../http/app.ts';
import type { EdgeContext } from '../../http/edge-context.ts';
import { mintHex } from '../../http/mint-hex.ts';
import { readSettings, type Settings } from '../../settings.ts';
import { Tracer } from '../../../shared/tracing.ts';

export { AccessActor } from './access-actor.ts';
export { FleetActor } from './fleet-actor.ts';
export { SessionActor } from './session-actor.ts';

const serve = createEdge();
const contexts = new WeakMap<Env, EdgeContext>();

/** Settings are read once an isolate: its environment does not change while it lives. */
function contextOf(env: Env): EdgeContext {
  let context = contexts.get(env);
  if (!context) {
    const settings = readSettings(env);
    for (const problem of settings.problems) consoleLog(settingLine(problem));
    const { FAILURES: failures } = env;
    const tally = new EdgeTally(() => mail.collect());
    const mail = new RecordMail({
      outlive: waitUntil,
      counted: () => tally.take(),
      tell: (lines, figures) => env.FLEET.getByName('fleet').record(lines, figures),
      untold: (figures) => tally.add(figures),
    });
    const log = recordingLog(settings.record, consoleLog, (line) => mail.add(line));
    context = {
      settings,
      ports: durablePorts(env, () => mail.watched()),
      log,
      tally,
      tracer: tracerOf(env, settings),
      requestId: rayOf,
      addressOf: ({ headers }) => headers.get('cf-connecting-ip') ?? undefined,
      ...(failures && { mayFailOn: async (key) => (await failures.limit({ key })).success }),
    };
    contexts.set(env, context);
  }
  return context;
}

function tracerOf({ PROVIDERS }: Env, { traces }: Settings): Tracer | undefined {
  if (!traces) return undefined;
  const mail = new SpanMail(traces, PROVIDERS);
  return new Tracer({
    ratio: traces.ratio,
    mint: mintHex,
    now: Date.now,
    take: (span) => mail.add(span),
  });
}

/** What Cloudflare calls a request. Elsewhere the header is the client's own, so its form is checked. */
function rayOf({ headers }: Request): string | undefined {
  const ray = headers.get('cf-ray') ?? '';
  return RAY.test(ray) ? ray : undefined;
}

const RAY = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/u;

export default {
  fetch: (request: Request, env: Env): Response | Promise<Response> =>
    serve(request, contextOf(env)),
};
