// A control link of a runner that offers one server and takes no session.
import { ControlLink, type ControlLinkOptions } from '../../runner/link/control-link.ts';

/** Dials at once. `runner`: its name. */
export const idleLink = (
  runner: string,
  options: Pick<ControlLinkOptions, 'edge' | 'token' | 'log'>,
): ControlLink =>
  new ControlLink({
    ...options,
    hello: () => ({
      type: 'hello',
      runner,
      boot: runner.padEnd(22, '0'),
      servers: ['echo'],
      capacity: 1,
      sessions: [],
    }),
    opened: () => undefined,
    welcomed: () => undefined,
    lost: () => undefined,
    open: () => undefined,
    spare: () => undefined,
    yield: () => undefined,
    close: () => undefined,
    redial: () => undefined,
    watch: () => undefined,
  });
