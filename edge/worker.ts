// The worker's entry: routes to the app, exports the actors. No logic.
import { durablePorts } from './actors/ports.ts';
import type { Env } from './env.ts';
import { createApp, type EdgeContext } from './http/app.ts';
import { readSettings } from './settings.ts';

export { FleetActor } from './actors/fleet-actor.ts';
export { SessionActor } from './actors/session-actor.ts';

const app = createApp();
const contexts = new WeakMap<Env, EdgeContext>();

/** Settings are read once an isolate: its environment does not change while it lives. */
function contextOf(env: Env): EdgeContext {
  let context = contexts.get(env);
  if (!context) {
    const settings = readSettings(env);
    for (const problem of settings.problems)
      console.warn(JSON.stringify({ level: 'warn', message: 'a setting is wrong', problem }));
    context = { settings, ports: durablePorts(env) };
    contexts.set(env, context);
  }
  return context;
}

export default {
  fetch: (request: Request, env: Env): Response | Promise<Response> =>
    app.fetch(request, contextOf(env)),
};
