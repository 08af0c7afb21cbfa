// The runner as a task of the Windows Task Scheduler, which starts it when its user logs on (Task Scheduler Schema). A service of
// Windows proper has to speak with its manager, which Node does not. Pure.
import { DESCRIPTION, serviceWords, xmlText, type ServiceProgram } from './service-program.ts';

export const TASK = 'mcp-bridge';

/** Whether a task is of the runner with this config. */
export const isTaskOf = (task: string, config: string): boolean =>
  task.includes(xmlText(`"--config" "${config}" 2>>`));

/** The text of the task's file. */
export function windowsTask(service: ServiceProgram): string {
  const words = serviceWords(service).map((word) => `"${word}"`);
  // The outer quotes are for cmd itself (cmd /?, "/S").
  const call = `/d /s /c "${words.join(' ')} 2>>"${service.log}""`;
  return `<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${DESCRIPTION}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>cmd.exe</Command>
      <Arguments>${xmlText(call)}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
}
