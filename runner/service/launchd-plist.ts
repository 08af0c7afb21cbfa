// The runner as a job of launchd, on macOS (launchd.plist(5)). Pure.
import { serviceWords, STOP_SECONDS, xmlText, type ServiceProgram } from './service-program.ts';

export const LABEL = 'mcp-edge-bridge.runner';

const lineOf = (word: string): string => `    <string>${xmlText(word)}</string>`;

/** Whether a job is of the runner with this config. */
export const isPlistOf = (plist: string, config: string): boolean =>
  plist.includes(`${['--config', config].map(lineOf).join('\n')}\n  </array>`);

/** The text of the job's file. */
export function launchdPlist(service: ServiceProgram): string {
  const { user, path, log } = service;
  const words = serviceWords(service).map(lineOf);
  const owner =
    user === undefined ? '' : `  <key>UserName</key>\n  <string>${xmlText(user)}</string>\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${words.join('\n')}
  </array>
${owner}  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>${xmlText(path)}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>2</integer>
  <key>ExitTimeOut</key>
  <integer>${STOP_SECONDS}</integer>
  <key>StandardErrorPath</key>
  <string>${xmlText(log)}</string>
</dict>
</plist>
`;
}
