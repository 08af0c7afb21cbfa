// A bridge whose runner dials through a network that the test spoils, and whose processes keep a journal.
import { vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge, type BridgeOptions } from './harness.ts';
import { readJournal, temporaryFolder, type JournalFact } from './journal.ts';
import { fixture } from './raw-session.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface FaultyBridge {
  readonly bridge: Bridge;
  /** What lies between the runner and the edge. */
  readonly link: TcpProxy;
  /** Calls that reached a process, in the order of their arrival. */
  taken(tool?: string): JournalFact[];
  facts(): JournalFact[];
  /** Waits until a process has taken so many calls of a tool. */
  untilTaken(tool: string, count?: number): Promise<void>;
}

/** Which fixture server runs under which name: `{name: [program, ...arguments]}`. */
type Programs = Readonly<Record<string, readonly [string, ...string[]]>>;

interface FaultyBridgeOptions extends Omit<BridgeOptions, 'servers' | 'linkThrough'> {
  readonly programs?: Programs;
  /** The `bridge` block of each server. */
  readonly limits?: Readonly<Record<string, unknown>>;
}

/** Starts one, and ends it with the test: `onFinished` is the test's own `onTestFinished`. */
export async function startFaultyBridge(
  onFinished: (end: () => Promise<void>) => void,
  { programs = { echo: ['echo'] }, limits = {}, ...options }: FaultyBridgeOptions = {},
): Promise<FaultyBridge> {
  const { folder, remove } = temporaryFolder();
  const journal = `${folder}/journal`;
  const servers = Object.fromEntries(
    Object.entries(programs).map(([name, [program, ...args]]) => [
      name,
      {
        command: process.execPath,
        args: [fixture(program), ...args],
        env: { JOURNAL: journal },
        bridge: limits,
      },
    ]),
  );
  const opened = Promise.withResolvers<TcpProxy>();
  const linkThrough = async (edgeUrl: string): Promise<string> => {
    const link = await TcpProxy.open(edgeUrl);
    opened.resolve(link);
    return link.url;
  };
  const bridge = await startBridge({ servers, linkThrough, ...options });
  const link = await opened.promise;
  onFinished(async () => {
    link.mend();
    await bridge.stop();
    await link.close();
    remove();
  });
  const facts = (): JournalFact[] => readJournal(journal);
  const taken = (tool?: string): JournalFact[] =>
    facts().filter((fact) => fact.type === 'call' && (tool === undefined || fact.tool === tool));
  const untilTaken = async (tool: string, count = 1): Promise<void> => {
    await vi.waitUntil(() => taken(tool).length >= count, PATIENCE);
  };
  return { bridge, link, facts, taken, untilTaken };
}
