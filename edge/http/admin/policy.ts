// The operator's policy: shown, set and tried out, without a deploy.
import * as v from 'valibot';
import { nameMember } from './members.ts';
import { answered, invalid, readJson, unreachable, type AdminRequest } from './owner.ts';
import { askAccess } from '../oauth/context.ts';
import { persistently } from '../exchange.ts';
import { refuse } from '../refuse.ts';
import { askedByMethod, type Asked } from '../../core/policy-asked.ts';
import { Policies } from '../../core/policies.ts';
import type { Judged, ServerPolicy } from '../../core/policy.ts';
import { POLICY_BYTES, readPolicy, type PolicyMistake } from '../../policy-variable.ts';
import type { Settings } from '../../settings.ts';
import { SERVER_NAME } from '../../../shared/ids.ts';

/** As JSON in JSON a text may be twice as long. */
const BODY_BYTES = 2 * POLICY_BYTES + 1_024;

const TEXT_FORM = '"text" must be the JSON text of a policy';

const SET = v.strictObject({ text: v.string(TEXT_FORM) }, 'The body must be an object of "text"');

const WHO_FORM =
  '"who" must be an object of "key", or of "person" and, as needed, "app", "groups" and "scopes"';
const word = v.pipe(v.string(WHO_FORM), v.maxLength(512, WHO_FORM));
const words = v.optional(v.array(word, WHO_FORM));

const CHECK = v.strictObject(
  {
    text: v.optional(v.string(TEXT_FORM)),
    server: v.optional(nameMember(SERVER_NAME)),
    who: v.optional(
      v.union(
        [
          v.strictObject({ key: word }),
          v.strictObject({ person: word, app: v.optional(word), groups: words, scopes: words }),
        ],
        WHO_FORM,
      ),
    ),
    tool: v.optional(v.string('"tool" must be text')),
    method: v.optional(v.string('"method" must be text')),
  },
  'The body must be an object that may have "text", "server", "who", "tool" and "method"',
);

/** GET /-/api/policy: `{version, text}`; an empty text: none was set. */
export async function showPolicy({ ports, settings }: AdminRequest): Promise<Response> {
  const asked = await askAccess(ports, 'policy', {});
  if (!asked) return unreachable();
  const { version, text = '' } = asked.answer;
  return answered({ version, text, isSettingsToo: settings.policy !== undefined });
}

/** POST /-/api/policy, of `{text}`: `{version, shadowed}`, the servers of it for which BRIDGE_POLICY counts. */
export async function setPolicy(context: AdminRequest): Promise<Response> {
  const { request, settings } = context;
  const read = await readJson(request, SET, BODY_BYTES);
  if (!read.ok) return read.response;
  const { text } = read.value;
  const policy = readPolicy(text);
  if (!policy.ok) return invalid(`The policy ${policy.mistakes.map(mistakeText).join('; ')}.`);
  return store(context, text, shadowedIn(settings, policy.policy.servers));
}

/** DELETE /-/api/policy */
export const removePolicy = (context: AdminRequest): Promise<Response> => store(context, '', []);

async function store(
  { ports, policies }: AdminRequest,
  text: string,
  shadowed: readonly string[],
): Promise<Response> {
  const asked = await askAccess(ports, 'setPolicy', { text });
  if (!asked) return unreachable();
  policies.forget();
  const { version, before } = asked.answer;
  ports.outlive(
    persistently(async () => {
      await ports.fleet.policySet({ version, before, text });
      return { isTold: true };
    }),
  );
  return answered({ version, shadowed });
}

function shadowedIn({ policy }: Settings, servers: readonly string[]): readonly string[] {
  if (policy === undefined || policy === 'broken') return [];
  return servers.filter((server) => policy.of(server) !== undefined);
}

/**
 * POST /-/api/policy/check: `{mistakes}` of the text; and with a server and who asks for what, what the text would answer, beside
 * BRIDGE_POLICY, or without a text what is answered now: `{verdict: {kind, by, scopes?}}`. Nothing changes.
 */
export async function checkPolicy(context: AdminRequest, name: string): Promise<Response> {
  if (name !== 'check') return refuse({ fault: 'not_found' });
  const read = await readJson(context.request, CHECK, BODY_BYTES);
  if (!read.ok) return read.response;
  const { text, server, who, tool, method } = read.value;
  const policy = text === undefined ? undefined : readPolicy(text);
  if (policy?.ok === false) return answered({ mistakes: policy.mistakes.map(mistakeText) });
  if (server === undefined || who === undefined) return answered({ mistakes: [] });
  if ((tool === undefined) === (method === undefined))
    return invalid('Name either a "tool" or a "method"');
  const { settings, policies } = context;
  const found = policy
    ? new Policies(settings.policy === 'broken' ? undefined : settings.policy, policy.policy).of(
        server,
      )
    : await policies.of(server);
  const asked: Asked =
    tool === undefined ? askedByMethod(method ?? '') : { kind: 'tool', name: tool };
  return answered({ mistakes: [], verdict: verdictOf(found, judgedBy(who, found), asked) });
}

type Who = NonNullable<v.InferOutput<typeof CHECK>['who']>;

/** A person without scopes is one whose app has just signed in, and was granted what it is told to ask for. */
const judgedBy = (who: Who, policy: ServerPolicy | undefined): Judged =>
  'key' in who
    ? { name: who.key }
    : {
        name: who.person,
        client: who.app,
        groups: who.groups,
        scopes: who.scopes ?? policy?.ask ?? [],
      };

function verdictOf(policy: ServerPolicy | undefined, who: Judged, asked: Asked): object {
  if (!policy) return { kind: 'allowed', by: 'no policy names the server' };
  const rights = policy.rightsOf(who);
  return rights ? rights.judge(asked) : { kind: 'closed', by: policy.whyNot(who) };
}

const mistakeText = ({ at, message }: PolicyMistake): string =>
  at.length === 0 ? message : `${at.join('.')} ${message}`;
