// The shape of the config file. Messages are noun phrases ("a whole number from 0 to 32") that say what a value should be;
// issues.ts turns them into advice. config.schema.json is made from this file, and patterns in JSON Schema have no flags.
// One file above 300 lines: it is a list, and its readers look for one setting in it.
import * as v from 'valibot';
import { RUNNER_NAME, TOOL_NAME } from '../../shared/ids.ts';
import { PROCESS_LINE_BYTES } from '../../shared/limits.ts';
import { PERSON_FACTS } from '../core/per-user.ts';
import { withAnyName } from './any-name.ts';
import { BYTES_TEXT, byteCount, byteText } from './byte-size.ts';
import * as defaults from './defaults.ts';
import { DURATION_TEXT, durationMs, durationText, LONGEST_DURATION_MS } from './duration.ts';

/** More sessions or calls than this are a typing mistake: no machine holds so many processes. */
export const MAX_COUNT = 10_000;

/** Processes kept ready for one server; more would be a machine's worth of idle memory. */
const MAX_WARM = 32;

/** Below this not even an `initialize` answer fits a line. */
const MIN_LINE_BYTES = 1024;

/** With less no server's interpreter starts. */
const MIN_MEMORY_BYTES = 16 * 1024 * 1024;

/** More than any machine has (1 PiB), and exact as a number. */
const MAX_MEMORY_BYTES = 2 ** 50;

/** The kernel's own bound of pids on 64 bits (PID_MAX_LIMIT). */
const MAX_PIDS = 4_194_304;

/** The kernel takes no quota below 1 ms, which is this share of its period of 100 ms. */
const MIN_CPUS = 0.01;

/** The kernel's bound of ids, less the last two, which mean "none" to it. */
const MAX_ID = 2 ** 32 - 3;

/** Names that useradd makes, and those of directory services with a domain. */
const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.@-]{0,254}\$?$/;

/** A variable's name, or a prefix such as `AWS_*`. A bare `*` would undo the allow-list. */
const INHERITED_NAME = /^[A-Za-z_]\w*\*?$/;

const NO_NUL = /^[^\u0000]*$/;

/** A token of RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_NAME = 'the name of a header';

function text(wanted: string, description: string) {
  return v.pipe(
    v.string(wanted),
    v.minLength(1, wanted),
    v.regex(NO_NUL, wanted),
    v.description(description),
  );
}

function count(least: number, most: number, description: string) {
  const wanted = `a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(wanted),
    v.integer(wanted),
    v.minValue(least, wanted),
    v.maxValue(most, wanted),
    v.description(description),
  );
}

/** A description that ends with the default, as people would write it. */
const withDefault = (description: string, value: number | string): string =>
  `${description} Default ${value}.`;

/** @param defaultMs the default. */
function duration(leastMs: number, defaultMs: number, description: string) {
  const wanted = `a duration from ${leastMs}ms to 168h, such as "500ms", "30s", "5m", "1h" or a number of milliseconds`;
  const inRange = (value: string): boolean => {
    const ms = durationMs(value);
    return ms >= leastMs && ms <= LONGEST_DURATION_MS;
  };
  return v.pipe(
    v.union(
      [
        v.pipe(
          v.number(wanted),
          v.integer(wanted),
          v.minValue(leastMs, wanted),
          v.maxValue(LONGEST_DURATION_MS, wanted),
        ),
        v.pipe(v.string(wanted), v.regex(DURATION_TEXT, wanted), v.check(inRange, wanted)),
      ],
      wanted,
    ),
    v.description(withDefault(description, durationText(defaultMs))),
  );
}

function share(description: string) {
  const wanted = 'a number from 0 to 1';
  return v.pipe(
    v.number(wanted),
    v.minValue(0, wanted),
    v.maxValue(1, wanted),
    v.description(description),
  );
}

function memory() {
  const wanted = 'at least 16MiB of memory, such as "512MiB", "1GiB" or a number of bytes';
  const inRange = (value: string): boolean => {
    const bytes = byteCount(value);
    return bytes >= MIN_MEMORY_BYTES && bytes <= MAX_MEMORY_BYTES;
  };
  return v.pipe(
    v.union(
      [
        v.pipe(
          v.number(wanted),
          v.integer(wanted),
          v.minValue(MIN_MEMORY_BYTES, wanted),
          v.maxValue(MAX_MEMORY_BYTES, wanted),
        ),
        v.pipe(v.string(wanted), v.regex(BYTES_TEXT, wanted), v.check(inRange, wanted)),
      ],
      wanted,
    ),
    v.description('Memory of a process and everything it starts.'),
  );
}

function cpus() {
  const wanted = `a number of processors from ${MIN_CPUS} to ${MAX_COUNT}, such as 1.5`;
  return v.pipe(
    v.number(wanted),
    v.minValue(MIN_CPUS, wanted),
    v.maxValue(MAX_COUNT, wanted),
    v.description('Processors that a process and everything it starts may use, such as 1.5.'),
  );
}

/** What a process may use, together with all it starts. */
export const limitsBlock = v.strictObject(
  {
    memory: v.optional(memory()),
    pids: v.optional(count(1, MAX_PIDS, 'Processes and threads, including its own.')),
    cpu: v.optional(cpus()),
  },
  'an object with "memory", "pids" or "cpu"',
);

const limits = v.optional(
  v.pipe(
    limitsBlock,
    v.description('Limits of a process and everything it starts. Needs cgroups; see the README.'),
  ),
);

const id = (description: string) => count(0, MAX_ID, description);

const userWanted = 'the name of a user, or { "uid": …, "gid": … }';
const user = v.optional(
  v.pipe(
    v.union(
      [
        v.pipe(v.string(userWanted), v.regex(USER_NAME, userWanted)),
        v.strictObject({ uid: id('User id.'), gid: id('Group id.') }, userWanted),
      ],
      userWanted,
    ),
    v.description(
      "User to run processes as, so they cannot read the runner's files. The runner must run as root.",
    ),
  ),
);

const warmWanted = `a whole number from 0 to ${MAX_WARM}, or an object with "min", "max" or "hold"`;
const warm = v.optional(
  v.pipe(
    v.union(
      [
        count(0, MAX_WARM, 'As many, whatever comes.'),
        v.strictObject(
          {
            min: v.optional(
              count(
                0,
                MAX_WARM,
                withDefault('Processes that are ready at any time.', defaults.WARM_MIN),
              ),
            ),
            max: v.optional(
              count(
                1,
                MAX_WARM,
                withDefault('Processes that are ready at most.', defaults.WARM_MAX),
              ),
            ),
            hold: v.optional(
              duration(
                1_000,
                defaults.WARM_HOLD_MS,
                'For how long as many stay ready as were needed together, before they become fewer.',
              ),
            ),
          },
          warmWanted,
        ),
      ],
      warmWanted,
    ),
    v.description(
      'Processes to start ahead of time, so that opening a session does not wait for one: a number, or bounds within which they follow the sessions that are opened.',
    ),
  ),
);

/** Names and patterns of what clients may use. */
const names = (form: string, description: string) =>
  v.pipe(
    v.array(v.pipe(v.string(form), v.minLength(1, form)), `an array; each is ${form}`),
    v.description(description),
  );

/** Which of them, in any block of rules. */
const allowAndDeny = (form: string) => ({
  allow: v.optional(
    names(form, 'Only these; everything else is refused. "*" stands for any text.'),
  ),
  deny: v.optional(names(form, 'Not these, whatever "allow" names.')),
});

/** Mistakes here must never open anything, so unknown keys are an error. */
const nameRules = (form: string, what: string) =>
  v.optional(
    v.pipe(
      v.strictObject(allowAndDeny(form), 'an object with "allow", "deny" or both'),
      v.check(
        ({ allow, deny }) => allow !== undefined || deny !== undefined,
        'an object with "allow", "deny" or both',
      ),
      v.description(what),
    ),
  );

const TOOL = 'the name of a tool, or a pattern such as "get_*"';
const RULES = 'an object with "allow", "deny", "rename", "describe" or "arguments"';
const SHOWN_NAME = 'a name of letters, digits, "_", "-", "." and "/", at most 128 characters';

/** Something for each of some tools. Unknown names are found when the server has listed its tools. */
function byTool<Value extends v.BaseSchema<unknown, string | object, v.BaseIssue<unknown>>>(
  value: Value,
  wanted: string,
  description: string,
) {
  return v.optional(
    v.pipe(withAnyName(v.record(v.string(), value, wanted)), v.description(description)),
  );
}

/** What clients see of a server's tools. Mistakes here must never open anything, so unknown keys are an error. */
export const toolRules = v.pipe(
  v.strictObject(
    {
      ...allowAndDeny(TOOL),
      rename: byTool(
        v.pipe(v.string(SHOWN_NAME), v.regex(TOOL_NAME, SHOWN_NAME)),
        `an object; each tool has ${SHOWN_NAME}`,
        'The names that clients see, by the names of the server.',
      ),
      describe: byTool(
        v.string('a description, as a string'),
        'an object; each tool has a description',
        'The descriptions that clients see, by the names of the server.',
      ),
      arguments: byTool(
        withAnyName(v.record(v.string(), v.any(), 'an object; each argument has its value')),
        'an object; each tool has an object of arguments',
        'Values of arguments that clients neither see nor send, by the names of the server.',
      ),
    },
    RULES,
  ),
  v.check((rules) => Object.values(rules).some((rule) => rule !== undefined), RULES),
  v.description('Which tools clients may call and see, whoever they are, and under which names.'),
);

const variableName = v.pipe(
  v.string('a variable name'),
  v.regex(/^[^=\u0000]+$/, 'a variable name without "="'),
);

const facts = `one of ${PERSON_FACTS.map((fact) => `"${fact}"`).join(', ')}`;
const fileOrFact = `{ "file": … } or { "person": … }, which is ${facts}`;

/** What each person gets. Mistakes here must never hand a secret to somebody else, so unknown keys are an error. */
const perUser = v.optional(
  v.pipe(
    v.strictObject(
      {
        env: v.pipe(
          withAnyName(
            v.record(
              variableName,
              v.union(
                [
                  v.strictObject({
                    file: text(
                      'a file, as a string',
                      'A file with the value, whose path has ${person.id} as the name of a folder or of the file.',
                    ),
                  }),
                  v.strictObject({
                    person: v.pipe(
                      v.picklist(PERSON_FACTS, facts),
                      v.description('What the edge knows of the person.'),
                    ),
                  }),
                ],
                fileOrFact,
              ),
              `an object; each variable is ${fileOrFact}`,
            ),
          ),
          v.minEntries(1, 'an object with at least one variable'),
          v.description('Variables whose values differ for each person who calls.'),
        ),
        missing: v.optional(
          v.pipe(
            v.picklist(['refuse', 'unset'], '"refuse" or "unset"'),
            v.description(
              'What happens if a value is missing: "refuse" starts no process, "unset" starts it without the variable. Default "refuse".',
            ),
          ),
        ),
      },
      'an object with "env"',
    ),
    v.description('What the processes get of the person who calls. See the README.'),
  ),
);

/** Times and bounds of sessions, of a server or of several as one. */
const sessionSettings = {
  idleTimeout: v.optional(
    duration(1000, defaults.IDLE_TIMEOUT_MS, 'A session unused for this long ends.'),
  ),
  vanishTimeout: v.optional(
    duration(
      0,
      defaults.VANISH_TIMEOUT_MS,
      'A session ends this long after its client is gone, if nothing is in flight.',
    ),
  ),
  requestTimeout: v.optional(
    duration(100, defaults.REQUEST_TIMEOUT_MS, 'A request fails after this long without progress.'),
  ),
  requestLimit: v.optional(
    duration(
      100,
      defaults.REQUEST_LIMIT_MS,
      'A request fails after this long, with or without progress.',
    ),
  ),
  startTimeout: v.optional(
    duration(100, defaults.START_TIMEOUT_MS, 'How long a client waits for its server to start.'),
  ),
  maxInFlight: v.optional(
    count(
      1,
      MAX_COUNT,
      withDefault('Requests a session may have in flight.', defaults.MAX_IN_FLIGHT),
    ),
  ),
  maxSessions: v.optional(
    count(1, MAX_COUNT, "Sessions of this server. Default: the runner's capacity."),
  ),
  tools: v.optional(toolRules),
  discovery: v.optional(
    v.pipe(
      v.picklist(['list', 'search'], '"list" or "search"'),
      v.description(
        'How clients learn of the tools: "list" lists all; "search" lists two, which find and call the others. Default "list".',
      ),
    ),
  ),
  methods: nameRules(
    'the name of a method, or a pattern such as "resources/*"',
    'Which methods clients may use, beside those that make a session.',
  ),
};

/** The `bridge` block of one server. */
export const serverBlock = v.strictObject(
  {
    ...sessionSettings,
    served: v.optional(
      v.pipe(
        v.boolean('true or false'),
        v.description(
          'False: clients reach the server only as a member of virtual servers. Default true.',
        ),
      ),
    ),
    warm,
    sharing: v.optional(
      v.pipe(
        v.picklist(['session', 'principal', 'server'], '"session", "principal" or "server"'),
        v.description(
          'Who shares a process: nobody ("session"), the sessions of one principal, or all sessions of the server. For servers that keep no state and ask their clients nothing. Default "session".',
        ),
      ),
    ),
    sessionsPerProcess: v.optional(
      count(
        1,
        MAX_COUNT,
        withDefault(
          'Sessions at one process where they share it ("sharing"); for more, another is started.',
          defaults.SESSIONS_PER_PROCESS,
        ),
      ),
    ),
    stderr: v.optional(
      v.pipe(
        v.picklist(['log', 'client'], '"log" or "client"'),
        v.description(
          "Where the process's stderr goes: the runner's log, or the client as notifications.",
        ),
      ),
    ),
    inheritEnv: v.optional(
      v.pipe(
        v.array(
          v.pipe(
            v.string('the name of an environment variable, or a prefix such as "AWS_*"'),
            v.regex(
              INHERITED_NAME,
              'the name of an environment variable, or a prefix such as "AWS_*"',
            ),
          ),
          'an array of names of environment variables',
        ),
        v.description(
          "Variables of the runner's environment to pass to the process, besides the usual few.",
        ),
      ),
    ),
    maxLineBytes: v.optional(
      count(
        MIN_LINE_BYTES,
        PROCESS_LINE_BYTES,
        withDefault('Longest line a process may print.', byteText(defaults.MAX_LINE_BYTES)),
      ),
    ),
    stateless: v.optional(
      v.pipe(
        v.boolean('true or false'),
        v.description(
          `True if the server keeps no state between calls. Calls of a 2026-07-28 client that may ask for input then run side by side, each on a process of its own. Default ${defaults.STATELESS}: all calls of a client run on one process.`,
        ),
      ),
    ),
    maxProcesses: v.optional(
      count(
        1,
        MAX_COUNT,
        withDefault(
          'Processes that the 2026-07-28 clients of one principal may use together.',
          defaults.MAX_PROCESSES,
        ),
      ),
    ),
    parkTimeout: v.optional(
      duration(
        1000,
        defaults.PARK_TIMEOUT_MS,
        'How long a call waits after it asked its 2026-07-28 client for input.',
      ),
    ),
    pin: v.optional(
      v.pipe(
        v.union([v.boolean(), v.literal('warn')], 'true, false or "warn"'),
        v.description(
          'Keeps each tool as it was first seen, in a lock file beside this file: what is new or has changed is held back until mcp-bridge pins accept. "warn" only tells. Default false.',
        ),
      ),
    ),
    perUser,
    user,
    limits,
  },
  'an object',
);

const {
  stderr: _stderr,
  inheritEnv: _inheritEnv,
  perUser: _perUser,
  user: _user,
  limits: _limits,
  ...forAll
} = serverBlock.entries;

/** The `bridge` block of a server at a URL: without what concerns processes of this machine. */
export const remoteBlock = v.strictObject(
  {
    ...forAll,
    ca: v.optional(
      text(
        'a file, as a string',
        'File with the certificate of an authority that is trusted for this server, as PEM. Relative to this file.',
      ),
    ),
  },
  'an object',
);

const SCALAR = 'text, a number, true or false';

/** One entry in the one form that all programs' spellings are brought into. */
export const serverEntry = v.strictObject(
  {
    command: text(
      'the program to run, as a string',
      'The program to run: a name on PATH or a path.',
    ),
    args: v.optional(
      v.pipe(
        v.array(
          v.pipe(v.string(SCALAR), v.regex(NO_NUL, 'a string without NUL')),
          'an array of strings',
        ),
        v.description(
          'Arguments of the program. ${NAME} and ${NAME:-default} are filled in from the environment.',
        ),
      ),
    ),
    env: v.optional(
      v.pipe(
        withAnyName(
          v.record(
            variableName,
            v.pipe(v.string(SCALAR), v.regex(NO_NUL, 'a string without NUL')),
            'an object of strings',
          ),
        ),
        v.description(
          'Variables for the process. ${NAME} and ${NAME:-default} are filled in from the environment.',
        ),
      ),
    ),
    envFile: v.optional(
      v.pipe(
        v.array(text('a file, as a string', 'A file with more variables.'), 'a file, as a string'),
        v.description('Files with more variables; "env" takes precedence. Relative to this file.'),
      ),
    ),
    cwd: v.optional(
      text(
        'a directory, as a string',
        'Working directory, relative to this file. Default: its directory.',
      ),
    ),
    bridge: v.optional(serverBlock),
  },
  'an object with a "command"',
);

/** One entry of a server at a URL, as {@link serverEntry}. */
export const remoteEntry = v.strictObject(
  {
    url: text(
      'a URL, as a string',
      'The address of a server that speaks MCP over HTTP. ${NAME} and ${NAME:-default} are filled in from the environment.',
    ),
    transport: v.optional(v.picklist(['any', 'sse'])),
    headers: v.optional(
      v.pipe(
        withAnyName(
          v.record(
            v.pipe(v.string(HEADER_NAME), v.regex(TOKEN, HEADER_NAME)),
            v.pipe(v.string(SCALAR), v.regex(NO_NUL, 'a string without NUL')),
            'an object of strings',
          ),
        ),
        v.description(
          'Headers of every request to the server, such as its key. ${NAME} and ${NAME:-default} are filled in from the environment.',
        ),
      ),
    ),
    bridge: v.optional(remoteBlock),
  },
  'an object with a "url"',
);

const PREFIX = 'letters, digits, "_", "-" and ".", at most 64 characters, or ""';

/** One member of a virtual server. */
const memberBlock = v.strictObject(
  {
    prefix: v.optional(
      v.pipe(
        v.string(PREFIX),
        v.regex(/^[A-Za-z0-9_.-]{0,64}$/, PREFIX),
        v.description(
          'What the names of its tools and prompts begin with, before "__". "": names stay as they are. Default: the name of the server.',
        ),
      ),
    ),
    tools: v.optional(toolRules),
  },
  'an object, such as {}',
);

/** Several servers as one. */
export const virtualBlock = v.strictObject(
  {
    ...sessionSettings,
    members: v.pipe(
      withAnyName(v.record(v.string(), memberBlock, 'an object; each key is the name of a server')),
      v.minEntries(1, 'an object with at least one server'),
      v.description('Servers of this file, by name, in the order of their tools.'),
    ),
  },
  'an object with "members"',
);

/** The top-level `bridge` block. */
export const runnerBlock = v.strictObject(
  {
    version: v.optional(
      count(
        1,
        MAX_COUNT,
        "Version of this file's form, for a file that an older mcp-bridge must not misread. Default: the newest.",
      ),
    ),
    edge: v.optional(
      text('a URL, as a string', 'Origin of the edge, such as https://bridge.example.com.'),
    ),
    runner: v.optional(
      text("the runner's name, as a string", "This runner's name. Default: the host name."),
    ),
    tokenFile: v.optional(
      text('a file, as a string', "File with the runner's token, relative to this file."),
    ),
    capacity: v.optional(
      count(1, MAX_COUNT, withDefault('Sessions this runner accepts.', defaults.CAPACITY)),
    ),
    drainTimeout: v.optional(
      duration(0, defaults.DRAIN_TIMEOUT_MS, 'How long a stopping runner lets requests finish.'),
    ),
    traces: v.optional(
      text(
        'the URL of a collector, as a string',
        'Collector to which spans are sent by OTLP over HTTP, such as http://127.0.0.1:4318. Default: nothing is traced.',
      ),
    ),
    traceRatio: v.optional(
      share(
        withDefault(
          'Part of the calls that is traced, of those for which neither client nor edge has begun a trace.',
          defaults.TRACE_RATIO,
        ),
      ),
    ),
    statusPort: v.optional(
      count(
        0,
        65_535,
        'Port for /livez, /readyz and /metrics on 127.0.0.1. 0 takes any free one. Default: none.',
      ),
    ),
    virtual: v.optional(
      v.pipe(
        withAnyName(v.record(v.string(), virtualBlock, 'an object; each key is a name')),
        v.description('Servers that are made of others, by the name they are served under.'),
      ),
    ),
    user,
    limits,
  },
  'an object',
);

export type ServerBlock = v.InferOutput<typeof serverBlock>;
export type ServerEntry = v.InferOutput<typeof serverEntry>;
export type RemoteEntry = v.InferOutput<typeof remoteEntry>;
export type LimitsBlock = v.InferOutput<typeof limitsBlock>;
/** What a server and a virtual server have in common. */
export type SessionBlock = Pick<ServerBlock, keyof typeof sessionSettings>;
export type VirtualBlock = v.InferOutput<typeof virtualBlock>;
export type RunnerBlock = v.InferOutput<typeof runnerBlock>;

/** What a runner may be called, for messages. */
export const isRunnerName = (name: string): boolean => RUNNER_NAME.test(name);
