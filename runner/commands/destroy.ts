// `mcp-bridge destroy`: takes an edge that was deployed from here off Cloudflare, with all that it kept, and its keys off this machine.
import { forgetDeployment } from '../deploy/deployment.ts';
import { workerOf } from '../deploy/steps.ts';
import { EXIT, readArguments } from './arguments.ts';
import { cloudflareOf, knownDeployment, misuse, showing, Stop } from './deployments.ts';
import { wrapped } from './help.ts';

/** Returns the exit code. */
export async function destroyCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('destroy', argv);
  if (given === undefined) return EXIT.usage;
  return showing('destroy', given, async (show) => {
    const { files, deployment } = knownDeployment('destroy', given);
    const { name, account, url = 'no address yet', config } = deployment;
    if (given.values['yes'] !== true) {
      if (!show.canAsk) throw misuse('destroy', 'there is no terminal to ask at: add --yes');
      show.say(
        `${wrapped(`This removes the worker ${name} (${url}) from your Cloudflare account ${account.name}, with all sessions, sign-ins, keys of clients and runners that it keeps, and ${files.folder} with the owner key and this machine's runner key. There is no way back.`)}\n\n`,
      );
      const typed = await show.ask(`Type the name of the worker to remove it: `);
      if (typed !== name)
        throw new Stop({ what: 'nothing was removed', fix: 'The name was not typed.' });
    }
    show.doing(`Removing the worker ${name}`);
    const removed = await cloudflareOf(files).remove(workerOf(deployment));
    if (!removed.ok) throw new Stop(removed.problem);
    show.told({ verdict: 'ok', subject: 'worker', what: `${name} is gone from ${account.name}` });
    forgetDeployment(files);
    show.told({ verdict: 'ok', subject: 'keys', what: `${files.folder} is removed` });
    if (config !== undefined)
      show.told({
        verdict: 'warn',
        subject: config,
        what: 'still names that edge',
        fix: 'Remove "edge", "runner" and "tokenFile" from its "bridge", or deploy again.',
      });
    return show.end({ name, account });
  });
}
