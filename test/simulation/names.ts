// Names in a simulation, in the forms that frames must have.
import { actorOf } from '../../shared/ids.ts';

/** The one server there is. */
export const SERVER = 'files';

/** The principal of a crowd of clients. */
export const CROWD = 'crowd';

const NAME_LENGTH = 22;

/** The actor of a client's sessions; a client that opens another session than the last counts them. */
export const actorName = (client: string, count = 0): string =>
  `${client}-${String(count)}`.padEnd(NAME_LENGTH, '_');

/** The client that a session is of. */
export const clientOf = (session: string): string => actorOf(session).split('-', 1)[0] ?? '';
