// `mcp-bridge destroy`: takes an edge that was deployed from here off Cloudflare, with all that it kept, and its keys off this machine.
import { forgetDeployment } from '../deploy/deployment.ts';
import { notOurs, whoseWorker, workerOf } from '../deploy/steps.ts';
import { shellQuoted } from '../private-file.ts';
import { EXIT, readArguments } from './arguments.ts';
import { cloudflareOf, knownDeployment } from './deployments.ts';
import { misuse, showing, Stop } from './show.ts';
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
    show.doing(`Looking whose the worker ${name} is`);
    const cloudflare = cloudflareOf(files);
    const whose = await whoseWorker({ cloudflare, deployment, files });
    if (!whose.ok) throw new Stop(whose.problem);
    if (whose.value === 'nobody' || whose.value === 'ours') {
      show.doing(`Removing the worker ${name}`);
      const removed = await cloudflare.remove(workerOf(deployment));
      if (!removed.ok) throw new Stop(removed.problem);
      show.told({ verdict: 'ok', subject: 'worker', what: `${name} is gone from ${account.name}` });
    } else if (deployment.url === undefined)
      show.told({
        verdict: 'ok',
        subject: 'worker',
        what: `nothing of it was uploaded; the ${name} in ${account.name} is not from here, and stays`,
      });
    else
      throw new Stop({
        what: notOurs(deployment, whose.value),
        fix: `Nothing was removed. If it is to go, remove it where it was deployed, or at https://dash.cloudflare.com. Its keys here are in ${shellQuoted(files.folder)}: remove that folder if you do not need them.`,
      });
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
