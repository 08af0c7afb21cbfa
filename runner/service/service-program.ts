// What a service manager is to run, and the names it has there.

export interface ServiceProgram {
  /** Absolute paths. */
  readonly node: string;
  readonly program: string;
  readonly config: string;
  /** The user it runs as, if the manager of the whole system runs it; absent: the manager of one user runs it. */
  readonly user?: string;
  /** Folders of commands, as in PATH. */
  readonly path: string;
  /** Where its log goes, for managers that keep none. Absolute. */
  readonly log: string;
}

/** The words of its command line. */
export const serviceWords = ({
  node,
  program,
  config,
}: ServiceProgram): readonly [string, ...string[]] => [node, program, 'run', '--config', config];

/** Seconds from the signal to stop until it is killed: a drain takes up to 30 s, and then processes are ended within 5 s. */
export const STOP_SECONDS = 45;

/** What it is, for a person. */
export const DESCRIPTION = 'MCP edge bridge runner';

/** Text between the tags of XML (XML 1.0, 2.4). */
export const xmlText = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
