// The runner as a unit of systemd (systemd.service(5), systemd.exec(5)). Pure.
import { DESCRIPTION, serviceWords, STOP_SECONDS, type ServiceProgram } from './service-program.ts';

export const UNIT = 'mcp-bridge.service';

/** A word of a command line or an assignment (systemd.syntax(7), "Quoting"; systemd.service(5), "Command lines"). */
const quoted = (word: string): string =>
  `"${word
    .replaceAll(/["\\]/gu, String.raw`\$&`)
    .replaceAll('%', '%%')
    .replaceAll('$', () => '$$')}"`;

/** The text of the unit's file. */
export function systemdUnit(service: ServiceProgram): string {
  const { user, path } = service;
  // Variables are not filled in assignments, so there a dollar stands for itself.
  const environment = quoted(`PATH=${path}`).replaceAll('$$', () => '$');
  const isSystem = user !== undefined;
  return `[Unit]
Description=${DESCRIPTION}
${isSystem ? 'After=network-online.target\nWants=network-online.target\n' : ''}
[Service]
${isSystem ? `User=${user}\n` : ''}Environment=${environment}
ExecStart=${serviceWords(service).map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
# The drain takes up to 30 s; after that, processes are ended within 5 s.
TimeoutStopSec=${STOP_SECONDS}
KillMode=mixed
# Lets the runner put each process into its own cgroup.
Delegate=yes
DelegateSubgroup=mcp-runner
NoNewPrivileges=yes

[Install]
WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}
`;
}

/** Whether a unit is of the runner with this config. */
export const isUnitOf = (unit: string, config: string): boolean =>
  unit.includes(` ${['--config', config].map(quoted).join(' ')}\n`);
