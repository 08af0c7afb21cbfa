// What `mcp-bridge help` says.

const OVERVIEW = `mcp-bridge runs stdio MCP servers for remote MCP clients and dials out to an edge that serves them.

Usage: mcp-bridge <command> [options]

  dev         serve everything on this machine, without an account
  edge        run an edge of your own, to which runners dial in
  run         run the servers of a config file and stay linked to the edge
  check       try out a config: file, commands, servers, edge, credential
  join        make this machine a runner of an edge, with a code
  runner      invite, list and remove the runners of an edge
  client      make, list, replace and remove keys of clients at an edge
  credential  make a key for the settings of an edge, or the owner's key
  audit       show what an edge has recorded: calls, refusals, sessions, runners
  access      show who was let in by sign-in, and end it
  schema      print the JSON Schema of the config file
  help        say more about a command: mcp-bridge help run

  --version   print the version
`;

const TEXTS: Readonly<Record<string, string>> = {
  run: `Usage: mcp-bridge run --config <file> [options]

Runs the servers of <file> and stays linked to the edge until SIGTERM or SIGINT. The first signal lets
requests finish; a second one exits at once. SIGHUP or a change to the file reloads it. Closing the
terminal ends it like SIGTERM.

  --config <file>      the mcpServers file (default: mcp.json)
  --edge <url>         the edge, if not in the file: https://<host>
  --runner <name>      this runner's name, if not in the file (default: the host name)
  --token-file <file>  file with the runner's key or token, if not in the config
  --log-level <level>  debug, info, warn or error (default: info)
  --record <file>      where calls and sessions are recorded, as JSON lines; - is stdout (default: the log)
`,
  check: `Usage: mcp-bridge check --config <file> [options]
       mcp-bridge check --oauth <url>

Tries out everything a runner needs and says what to do about each failure. Starts each server once.
Exit code 1 if anything failed.

  --config <file>      the mcpServers file (default: mcp.json)
  --edge <url>         the edge, if not in the file
  --token-file <file>  file with the runner's key or token, if not in the config
  --oauth <url>        tries the sign-in of a server instead, such as https://<edge>/files/mcp, as
                       claude.ai and others would, and says which of them would fail
`,
  credential: `Usage: mcp-bridge credential runner <name> --servers <names> [--token] [--out <file>]
       mcp-bridge credential client <name> --servers <names>
       mcp-bridge credential owner [--out <file>]

Makes a credential and prints its entry for the edge's settings. The edge stores no secret: of a runner
its public key, of a client a hash. What a runner keeps goes to a file with mode 0600; a client key is
shown once. The owner's key is the one with which you let apps in by sign-in; it is shown once, or goes
to a file.

  --servers <names>    the servers it is valid for, separated by commas, or *
  --token              a token for the runner instead of a key: it is sent with every dial
  --out <file>         where to write the runner's key or token (default: <name>.runner-key,
                       <name>.runner-token), or the owner's key
`,
  join: `Usage: mcp-bridge join <edge> <code> [--out <file>]

Makes a key for this machine and lets the edge know its public part. The code comes from mcp-bridge runner
add; it serves once, within ten minutes.

  --out <file>         where to keep the key (default: mcp-bridge.runner-key)
`,
  runner: `Usage: mcp-bridge runner add <name> --servers <names> --edge <url> --owner-key-file <file>
       mcp-bridge runner list [--json] --edge <url> --owner-key-file <file>
       mcp-bridge runner revoke <name> --edge <url> --owner-key-file <file>

Lets machines run servers for an edge, without a deploy. add prints the command that makes a machine this
runner. A machine that joins under a known name takes it over; its old key serves for another day.

  --servers <names>    the servers it may offer, separated by commas, or * for those that no other names
  --edge <url>         the edge: https://<host>
  --owner-key-file <file>  the owner's key, as mcp-bridge credential owner --out <file> wrote it
  --json               print the list as JSON
`,
  client: `Usage: mcp-bridge client add <name> --servers <names> [--days <n>] --edge <url> --owner-key-file <file>
       mcp-bridge client list [--json] --edge <url> --owner-key-file <file>
       mcp-bridge client rotate <name> [--overlap-hours <n>] --edge <url> --owner-key-file <file>
       mcp-bridge client revoke <name> --edge <url> --owner-key-file <file>

Keys of client programs at an edge, without a deploy. A key is shown once; the edge keeps its hash.

  --servers <names>    the servers it opens, separated by commas, or *
  --days <n>           the key ends by itself after so many days
  --overlap-hours <n>  how long the old key goes on beside the new one (default: 24)
  --edge <url>         the edge: https://<host>
  --owner-key-file <file>  the owner's key, as mcp-bridge credential owner --out <file> wrote it
  --json               print the list as JSON
`,
  access: `Usage: mcp-bridge access list --edge <url> --owner-key-file <file> [--server <name>] [--json]
       mcp-bridge access revoke <grant> --edge <url> --owner-key-file <file>
       mcp-bridge access revoke (--person <id> | --app <client> | --all) --edge <url> --owner-key-file <file>
       mcp-bridge access block|unblock <person> --edge <url> --owner-key-file <file>
       mcp-bridge access block|unblock <issuer> <subject> --edge <url> --owner-key-file <file>
       mcp-bridge access blocked --edge <url> --owner-key-file <file> [--json]

Shows the grants of people who signed in at an edge: who, which server, which app, until when; and ends
them. An ended grant serves no request after 30 s. block ends all grants of a person, and lets them in no
more, with any app and with tokens of other issuers too, until unblock. blocked shows who is blocked.

  <person>                 owner, or p-… as list shows them
  --edge <url>             the edge
  --owner-key-file <file>  file with the owner key, mode 0600
  --server <name>          only grants for this server
  --json                   everything that is known of them
`,
  dev: `Usage: mcp-bridge dev --config <file> [options]
       mcp-bridge dev [options] -- <command> [arguments]

Serves the whole bridge on this machine, with an embedded edge and no account, and prints URLs and the
key to use. The key is kept in the storage folder, so it stays the same.

  --config <file>      the mcpServers file to serve
  --name <name>        what to call the server of a <command>
  --port <port>        port of the edge on 127.0.0.1, 0 for any free one (default: 8787)
  --storage <dir>      where the edge keeps its state (default: .bridge)
  --edge <host>        node: in this program; workerd: the edge's code for Cloudflare, in a workerd of
                       its own, which must be installed (default: node)
  --no-key             ask clients for no key: everybody on this machine can use the servers
  --owner-key-file <file>  let apps in by sign-in too, with the owner's key in this file (see mcp-bridge
                       credential owner --out <file>)
  --log-level <level>  debug, info, warn or error (default: warn)
`,
  edge: `Usage: mcp-bridge edge [options]

Runs the edge alone, on a machine of your own: clients and runners connect to it. Its settings are the
variables BRIDGE_* of the environment, the same as on Cloudflare. It stops on SIGTERM or SIGINT; sessions
go on when it is started again.

  --listen <host:port>    where to listen (default: 127.0.0.1:8787)
  --storage <dir>         where it keeps its state (default: .bridge-edge)
  --tls-cert <file>       certificate chain, PEM; read again when it changes, and on SIGHUP
  --tls-key <file>        its private key, PEM
  --trust-proxy <list>    proxies whose X-Forwarded-Proto and X-Forwarded-Host are believed: loopback,
                          addresses, networks (10.0.0.0/8), separated by commas
  --log-level <level>     debug, info, warn or error (default: info)

On an address that others can reach, it needs a certificate or a trusted proxy, and keys for clients.
`,
  audit: `Usage: mcp-bridge audit --edge <url> --owner-key-file <file> [options]

Shows what the edge has recorded last, oldest first: who called what, and how it ended. Never what was said.
On a terminal as text, else as JSON lines.

  --edge <url>             the edge: https://<host>
  --owner-key-file <file>  file with the owner's key, as mcp-bridge credential owner --out makes it
  --server <name>          only lines of this server
  --person <name>          only lines of this client or person
  --outcome <word>         only calls that ended so (answered, streamed, left, accepted), or refusals with this fault
  --follow                 go on with what is recorded from now on
  --json                   JSON lines on a terminal, too
`,
  schema: `Usage: mcp-bridge schema

Prints the JSON Schema of the config file, for editors and linters.
`,
};

/** The text about `command`, or the overview. */
export const helpText = (command?: string): string => TEXTS[command ?? ''] ?? OVERVIEW;
