// Every command of `mcp-bridge`: what it is for, how it is called, and its options. Help, completion and the reading of arguments are
// made from this table.
// One file above 300 lines: it is a list, and its readers look for one command in it.
import { LOG_LEVELS } from '../log.ts';

/** An option of a command. */
export interface OptionText {
  readonly type: 'string' | 'boolean';
  /** What its value is called; it has one if `type` is `string`. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string;
  /** The only values that it takes. */
  readonly choices?: readonly string[];
}

/** A command of the program. */
export interface CommandText {
  /** What it does, in the list of all commands. */
  readonly summary: string;
  /** What follows `mcp-bridge` in a call. */
  readonly usages: readonly string[];
  /** Paragraphs. */
  readonly about: readonly string[];
  /** What its first word may be. */
  readonly words?: readonly string[];
  readonly options: Readonly<Record<string, OptionText>>;
  /** Paragraphs behind the options. */
  readonly notes?: readonly string[];
}

const CONFIG = { type: 'string', value: 'file' } as const;

const logLevel = <Level extends string>(level: Level) =>
  ({
    type: 'string',
    value: 'level',
    help: LOG_LEVELS.join(', ').replace(/, (?=\w+$)/u, ' or '),
    default: level,
    choices: LOG_LEVELS,
  }) as const;

const RUNNER_FILE = {
  config: { ...CONFIG, help: 'the mcpServers file (default: mcp.json)' },
  edge: { type: 'string', value: 'url', help: 'the edge, if not in the file: https://<host>' },
  'token-file': {
    type: 'string',
    value: 'file',
    help: "file with the runner's key or token, if not in the config",
  },
} as const;

/** Of every command that calls the operator's API. */
const OWNER = {
  edge: { type: 'string', value: 'url', help: 'the edge: https://<host>' },
  'owner-key-file': {
    type: 'string',
    value: 'file',
    help: "file with the owner's key, mode 0600, as mcp-bridge credential owner --out <file> writes it",
  },
} as const;

const JSON_OUTPUT = { type: 'boolean', help: 'print it as JSON' } as const;

/** Of the commands that change a deployed edge. */
const ASSENT = {
  yes: { type: 'boolean', help: 'ask nothing' },
  json: { type: 'boolean', help: 'print one line of JSON at the end. Asks nothing' },
} as const;

const DEPLOYED = {
  type: 'string',
  value: 'name',
  help: 'the name of the worker, if several edges were deployed from here',
} as const;

/** Of the commands that serve everything on this machine. */
const LOCAL = {
  name: { type: 'string', value: 'name', help: 'what to call the server of a <command>' },
  port: {
    type: 'string',
    value: 'port',
    help: 'port of the edge on 127.0.0.1, 0 for any free one',
    // The port wrangler's users know.
    default: '8787',
  },
  storage: {
    type: 'string',
    value: 'dir',
    help: 'where the edge keeps its state',
    default: '.bridge',
  },
  'no-key': {
    type: 'boolean',
    help: 'ask clients for no key: everybody on this machine can use the servers',
  },
  'owner-key-file': {
    type: 'string',
    value: 'file',
    help: "the owner's key, for the console and to let apps in, if not owner-key in the storage folder (see mcp-bridge credential owner --out <file>)",
  },
  // Successes are on the screen already.
  'log-level': logLevel('warn'),
} as const;

const OF_OWNER = '--edge <url> --owner-key-file <file>';

/** In the order of the list. */
export const COMMANDS = {
  up: {
    summary: 'serve stdio servers on this machine, and make the first call',
    usages: ['up [options]', 'up [options] -- <command> [arguments]'],
    about: [
      'Serves one <command>, or the servers of mcp.json in this folder. If there is none, it looks for servers in the files of Claude Code, Claude Desktop, Cursor, VS Code, Codex, Gemini CLI and others, and asks which to serve. It starts an edge in this program, calls each server once through it, and prints URLs and the key to use. No account is needed, and nobody but this machine can connect.',
    ],
    options: {
      config: {
        ...CONFIG,
        help: 'the mcpServers file to serve, of whichever program; more than one serves them together',
      },
      yes: { type: 'boolean', help: 'ask nothing: take the first file that is found' },
      json: {
        type: 'boolean',
        help: 'print one line of JSON when everything is ready: URLs, key, tools. Asks nothing',
      },
      ...LOCAL,
    },
  },
  deploy: {
    summary: 'put an edge on Cloudflare, and make this machine its runner',
    usages: ['deploy [options]', 'deploy [options] -- <command> [arguments]'],
    about: [
      "Uploads the edge of this package as a worker of your Cloudflare account, sets its secret and your owner key, lets this machine join, names the edge in mcp.json, and looks at it all from outside. wrangler, Cloudflare's own program, logs in and uploads; if it is not installed, npx fetches it. Each step is remembered: called again after an interruption, it goes on where it stopped.",
      'With a <command>, mcp.json is made, with that one server.',
    ],
    options: {
      name: {
        type: 'string',
        value: 'name',
        help: 'what to call the worker; it becomes a part of its address (default: mcp-edge-bridge)',
      },
      domain: {
        type: 'string',
        value: 'host',
        help: 'serve at this host of a domain of yours that Cloudflare serves, in place of one below workers.dev; an edge that is there moves to it, and back with workers.dev as the host',
      },
      account: {
        type: 'string',
        value: 'id',
        help: 'in which Cloudflare account, if the login has several',
      },
      config: {
        ...CONFIG,
        help: 'the mcpServers file in which to name the edge (default: mcp.json)',
      },
      replace: {
        type: 'boolean',
        help: 'put the edge in the place of a worker of that name that was not deployed from here',
      },
      'dry-run': {
        type: 'boolean',
        help: 'only say what would be made, and have wrangler check it; needs no login',
      },
      ...ASSENT,
    },
    notes: [
      'Keys and what is remembered lie in ~/.config/mcp-bridge/edges/<name>, for you alone. CLOUDFLARE_API_TOKEN serves in place of a login.',
    ],
  },
  status: {
    summary: 'show an edge that was deployed from here, and what is behind',
    usages: ['status [--name <name>] [--json]'],
    about: [
      'Where the edge is, whether it answers, which version it has, and its runners. Exit code 1 if something has failed.',
    ],
    options: { name: DEPLOYED, json: ASSENT.json },
  },
  upgrade: {
    summary: 'bring an edge that was deployed from here, and its runner, up to date',
    usages: ['upgrade [--name <name>] [--yes] [--json]'],
    about: [
      "Uploads the edge of this package in the place of an older one; sessions go on. Then the runners: the service of this machine's is restarted once it has finished what it is doing, and for others it says what to type there. Upgrade the package first: npm install -g mcp-edge-bridge@latest",
    ],
    options: {
      name: DEPLOYED,
      replace: {
        type: 'boolean',
        help: 'upload it also in the place of the same or a newer version',
      },
      ...ASSENT,
    },
  },
  rotate: {
    summary: 'replace the owner key or the secret of an edge that was deployed from here',
    usages: ['rotate owner-key|secret [--now | --end-old] [--name <name>] [--yes] [--json]'],
    about: [
      'Makes a new one and sets it. The old one goes on to count beside it until --end-old: the owner key everywhere, the secret for the sessions that there are.',
    ],
    words: ['owner-key', 'secret'],
    options: {
      name: DEPLOYED,
      now: {
        type: 'boolean',
        help: 'the old one counts no more at once; with the secret, all sessions end',
      },
      'end-old': { type: 'boolean', help: 'end the one before' },
      ...ASSENT,
    },
  },
  destroy: {
    summary: 'remove an edge that was deployed from here, and its keys',
    usages: ['destroy [--name <name>] [--yes] [--json]'],
    about: [
      'Removes the worker from Cloudflare with all that it keeps, and the folder with its keys from this machine. It asks for the name of the worker first.',
    ],
    options: { name: DEPLOYED, ...ASSENT },
  },
  dev: {
    summary: 'the same as up, for those who change a server or the bridge; also on workerd',
    usages: ['dev --config <file> [options]', 'dev [options] -- <command> [arguments]'],
    about: [
      'Serves the whole bridge on this machine, with an embedded edge and no account, and prints URLs and the key to use. The key is kept in the storage folder, so it stays the same.',
    ],
    options: {
      config: { ...CONFIG, help: 'the mcpServers file to serve' },
      edge: {
        type: 'string',
        value: 'host',
        help: "node: in this program; workerd: the edge's code for Cloudflare, in a workerd of its own, which must be installed",
        default: 'node',
        choices: ['node', 'workerd'],
      },
      ...LOCAL,
    },
  },
  edge: {
    summary: 'run an edge of your own, to which runners dial in',
    usages: ['edge [options]'],
    about: [
      'Runs the edge alone, on a machine of your own: clients and runners connect to it. Its settings are the variables BRIDGE_* of the environment, the same as on Cloudflare. It stops on SIGTERM or SIGINT; sessions go on when it is started again.',
    ],
    options: {
      listen: {
        type: 'string',
        value: 'host:port',
        help: 'where to listen',
        default: '127.0.0.1:8787',
      },
      storage: {
        type: 'string',
        value: 'dir',
        help: 'where it keeps its state',
        default: '.bridge-edge',
      },
      'tls-cert': {
        type: 'string',
        value: 'file',
        help: 'certificate chain, PEM; read again when it changes, and on SIGHUP',
      },
      'tls-key': { type: 'string', value: 'file', help: 'its private key, PEM' },
      'trust-proxy': {
        type: 'string',
        value: 'list',
        help: 'proxies whose X-Forwarded-Proto and X-Forwarded-Host are believed: loopback, addresses, networks (10.0.0.0/8), separated by commas',
      },
      'log-level': logLevel('info'),
    },
    notes: [
      'On an address that others can reach, it needs a certificate or a trusted proxy, and keys for clients.',
    ],
  },
  run: {
    summary: 'run the servers of a config file and stay linked to the edge',
    usages: ['run --config <file> [options]'],
    about: [
      'Runs the servers of <file> and stays linked to the edge until SIGTERM or SIGINT. The first signal lets requests finish; a second one exits at once. SIGHUP or a change to the file reloads it. Closing the terminal ends it like SIGTERM.',
    ],
    options: {
      ...RUNNER_FILE,
      runner: {
        type: 'string',
        value: 'name',
        help: "this runner's name, if not in the file (default: the host name)",
      },
      'log-level': logLevel('info'),
      record: {
        type: 'string',
        value: 'file',
        help: 'where calls and sessions are recorded, as JSON lines; - is stdout (default: the log)',
      },
    },
  },
  check: {
    summary: 'try out a config: file, commands, servers, edge, credential',
    usages: ['check --config <file> [options]', 'check --oauth <url>'],
    about: [
      'Tries out everything a runner needs and says what to do about each failure. Starts each server once. Exit code 1 if anything failed.',
    ],
    options: {
      ...RUNNER_FILE,
      person: {
        type: 'string',
        value: 'id',
        help: 'for whom servers are tried that start for a person only: owner, p-… or the name of a key',
      },
      oauth: {
        type: 'string',
        value: 'url',
        help: 'tries the sign-in of a server instead, such as https://<edge>/files/mcp, as claude.ai and others would, and says which of them would fail',
      },
    },
  },
  tools: {
    summary: "list a server's tools as clients see them, and their size",
    usages: ['tools <server> [--config <file>] [--person <id>]'],
    about: [
      'Starts the server once, lists its tools, and says how much of a model\'s context each takes, about: what is hidden, renamed or held back is marked. Rules in its "bridge" that name no tool of it are told. Of a virtual server each member is started, and its tools stand under the names that clients know.',
    ],
    options: {
      config: RUNNER_FILE.config,
      person: {
        type: 'string',
        value: 'id',
        help: 'for whom it is started, if it starts for a person only',
      },
      json: JSON_OUTPUT,
    },
  },
  join: {
    summary: 'make this machine a runner of an edge, with a code',
    usages: ['join <edge> <code> [--out <file>]'],
    about: [
      'Makes a key for this machine and lets the edge know its public part. The code comes from mcp-bridge runner add; it serves once, within ten minutes.',
    ],
    options: {
      out: {
        type: 'string',
        value: 'file',
        help: 'where to keep the key (default: mcp-bridge.runner-key)',
      },
    },
  },
  runner: {
    summary: 'invite, list and remove the runners of an edge',
    usages: [
      `runner add <name> --servers <names> ${OF_OWNER}`,
      `runner list [--json] ${OF_OWNER}`,
      `runner revoke <name> ${OF_OWNER}`,
    ],
    about: [
      'Lets machines run servers for an edge, without a deploy. add prints the command that makes a machine this runner. A machine that joins under a known name takes it over; its old key serves for another day.',
    ],
    words: ['add', 'list', 'revoke'],
    options: {
      servers: {
        type: 'string',
        value: 'names',
        help: 'the servers it may offer, separated by commas, or * for those that no other names',
      },
      ...OWNER,
      json: JSON_OUTPUT,
    },
  },
  client: {
    summary: 'make, list, replace and remove keys of clients at an edge',
    usages: [
      `client add <name> --servers <names> [--days <n>] ${OF_OWNER}`,
      `client list [--json] ${OF_OWNER}`,
      `client rotate <name> [--overlap-hours <n>] ${OF_OWNER}`,
      `client revoke <name> ${OF_OWNER}`,
    ],
    about: [
      'Keys of client programs at an edge, without a deploy. A key is shown once; the edge keeps its hash.',
    ],
    words: ['add', 'list', 'rotate', 'revoke'],
    options: {
      servers: {
        type: 'string',
        value: 'names',
        help: 'the servers it opens, separated by commas, or *',
      },
      days: { type: 'string', value: 'n', help: 'the key ends by itself after so many days' },
      'overlap-hours': {
        type: 'string',
        value: 'n',
        help: 'how long the old key goes on beside the new one (default: 24)',
      },
      ...OWNER,
      json: JSON_OUTPUT,
    },
  },
  credential: {
    summary: "make a key for the settings of an edge, or the owner's key",
    usages: [
      'credential runner <name> --servers <names> [--token] [--out <file>]',
      'credential client <name> --servers <names>',
      'credential owner [--out <file>]',
    ],
    about: [
      "Makes a credential and prints its entry for the edge's settings. The edge stores no secret: of a runner its public key, of a client a hash. What a runner keeps goes to a file with mode 0600; a client key is shown once. The owner's key is the one with which you let apps in by sign-in; it is shown once, or goes to a file.",
    ],
    words: ['runner', 'client', 'owner'],
    options: {
      servers: {
        type: 'string',
        value: 'names',
        help: 'the servers it is valid for, separated by commas, or *',
      },
      token: {
        type: 'boolean',
        help: 'a token for the runner instead of a key: it is sent with every dial',
      },
      out: {
        type: 'string',
        value: 'file',
        help: "where to write the runner's key or token (default: <name>.runner-key, <name>.runner-token), or the owner's key",
      },
    },
  },
  audit: {
    summary: 'show what an edge has recorded: calls, refusals, sessions, runners',
    usages: [`audit ${OF_OWNER} [options]`],
    about: [
      'Shows what the edge has recorded last, oldest first: who called what, and how it ended. Never what was said. On a terminal as text, else as JSON lines.',
    ],
    options: {
      ...OWNER,
      server: { type: 'string', value: 'name', help: 'only lines of this server' },
      person: { type: 'string', value: 'name', help: 'only lines of this client or person' },
      outcome: {
        type: 'string',
        value: 'word',
        help: 'only calls that ended so (answered, streamed, left, accepted), or refusals with this fault',
      },
      follow: { type: 'boolean', help: 'go on with what is recorded from now on' },
      json: { type: 'boolean', help: 'JSON lines on a terminal, too' },
    },
  },
  access: {
    summary: 'show who was let in by sign-in, end it, and keep people out',
    usages: [
      `access list ${OF_OWNER} [--server <name>] [--json]`,
      `access revoke <grant> ${OF_OWNER}`,
      `access revoke (--person <id> | --app <client> | --all) ${OF_OWNER}`,
      `access block|unblock <person> ${OF_OWNER}`,
      `access block|unblock <issuer> <subject> ${OF_OWNER}`,
      `access blocked ${OF_OWNER} [--json]`,
    ],
    about: [
      'Shows the grants of people who signed in at an edge: who, which server, which app, until when; and ends them. An ended grant serves no request after 30 s. block ends all grants of a person, and lets them in no more, with any app and with tokens of other issuers too, until unblock. blocked shows who is blocked. A <person> is owner, or p-… as list shows them.',
    ],
    words: ['list', 'revoke', 'block', 'unblock', 'blocked'],
    options: {
      ...OWNER,
      server: { type: 'string', value: 'name', help: 'only grants for this server' },
      person: { type: 'string', value: 'id', help: 'the grants of this person' },
      app: { type: 'string', value: 'client', help: 'the grants of this app' },
      all: { type: 'boolean', help: 'every grant' },
      json: { type: 'boolean', help: 'everything that is known of them' },
    },
  },
  service: {
    summary: 'have the service manager of this machine run the runner',
    usages: [
      'service install [--config <file>] [--user <name>] [--print]',
      'service status',
      'service logs [--follow]',
      'service uninstall',
    ],
    about: [
      'Makes mcp-bridge run a service: a unit of systemd on Linux, a job of launchd on macOS, a task at logon on Windows. Called by root it is for the whole machine, else for you.',
    ],
    words: ['install', 'status', 'logs', 'uninstall'],
    options: {
      config: {
        ...CONFIG,
        help: 'the mcpServers file to run (default: /etc/mcp-bridge/mcp.json for root, else mcp.json)',
      },
      user: {
        type: 'string',
        value: 'name',
        help: "the user it runs as, if root installs it (default: sudo's caller)",
      },
      print: { type: 'boolean', help: 'print the file for the service manager and do no more' },
      manager: {
        type: 'string',
        value: 'name',
        help: 'systemd, launchd or task, to print the file for another machine (default: that of this one)',
        choices: ['systemd', 'launchd', 'task'],
      },
      follow: { type: 'boolean', help: 'go on with what is logged from now on' },
    },
  },
  doctor: {
    summary: 'look at everything that is here, and say what to do',
    usages: ['doctor [--config <file>]'],
    about: [
      'Node, the usual port, the service, and all that mcp-bridge check tries: config, servers, edge and credential. One line for each, and one fix for each failure. Exit code 1 if anything failed.',
    ],
    options: {
      ...RUNNER_FILE,
      config: {
        ...CONFIG,
        help: 'the mcpServers file (default: mcp.json, else /etc/mcp-bridge/mcp.json)',
      },
    },
  },
  completion: {
    summary: 'print the script that completes commands in your shell',
    usages: ['completion bash|zsh|fish'],
    about: [
      "For bash and zsh, put this into your shell's startup file: source <(mcp-bridge completion bash). For fish: mcp-bridge completion fish > ~/.config/fish/completions/mcp-bridge.fish",
    ],
    words: ['bash', 'zsh', 'fish'],
    options: {},
  },
  policy: {
    summary: 'show, set and try out who may do what with the servers of an edge',
    usages: [
      `policy show ${OF_OWNER}`,
      `policy set <file> ${OF_OWNER}`,
      `policy remove ${OF_OWNER}`,
      `policy check [<file>] [--server <name> (--key <name> | --person <id>) (--tool <name> | --method <name>)] ${OF_OWNER}`,
    ],
    about: [
      'A policy that is set counts everywhere within 30 s, without a deploy. check changes nothing: it says what is wrong with a file, or what would become of a call, and by which rule. Without a file it asks the policy that counts now.',
    ],
    words: ['show', 'set', 'remove', 'check'],
    options: {
      ...OWNER,
      server: { type: 'string', value: 'name', help: 'the server that is called' },
      key: { type: 'string', value: 'name', help: 'the client that calls, by the name of its key' },
      person: { type: 'string', value: 'id', help: 'the person whose app calls: owner, or p-…' },
      app: { type: 'string', value: 'client', help: 'the id of that app' },
      groups: { type: 'string', value: 'names', help: 'groups of the person, separated by commas' },
      scopes: {
        type: 'string',
        value: 'names',
        help: 'what the app was granted, separated by commas (default: what it is told to ask for)',
      },
      tool: { type: 'string', value: 'name', help: 'the tool that is called' },
      method: { type: 'string', value: 'name', help: 'the method, if it is no call of a tool' },
    },
  },
  pins: {
    summary: 'show the pinned tools and what is held back, and let it in',
    usages: [
      'pins [list] [--config <file>]',
      'pins diff [<server> [<tool>]] [--config <file>]',
      'pins accept [<server> [<tool>]] [--config <file>]',
      'pins accept <server> <tool> --digest <digest> [--config <file>]',
    ],
    about: [
      'A server with "pin": true in its "bridge" keeps its tools as they were first seen, in a lock file beside the config (mcp.lock.json). What is new or has changed since is held back. diff shows it, with all that hides in it written out; accept lets in what was shown so, also in a runner that serves, and nothing that has come in its place since.',
    ],
    words: ['list', 'diff', 'accept'],
    options: {
      config: RUNNER_FILE.config,
      digest: {
        type: 'string',
        value: 'digest',
        help: 'let in this definition, by the digest that diff has shown',
      },
      'all-current': {
        type: 'boolean',
        help: 'let in whatever is held back now, seen or not',
      },
      json: JSON_OUTPUT,
    },
  },
  schema: {
    summary: 'print the JSON Schema of the config file',
    usages: ['schema'],
    about: ['Prints the JSON Schema of the config file.'],
    options: {},
  },
} as const satisfies Record<string, CommandText>;

export type CommandName = keyof typeof COMMANDS;

/** A name on the command line that is a command. */
export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);

/** The same row for code that treats all commands alike. */
export const commandText = (name: CommandName): CommandText => COMMANDS[name];
