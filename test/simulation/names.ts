// Names in a simulation, in the forms that frames must have.
import { actorOf } from '../../shared/ids.ts';

/** The one server there is. */
export const SERVER = 'files';

/** The principal of a crowd of clients. */
export const CROWD = 'crowd';

/** How the names of its clients begin. */
export const ONE_OF_CROWD = 'm';

const NAME_LENGTH = 22;

/** The actor of a client's sessions; a client that opens another session than the last counts them. */
export const actorName = (client: string, count = 0): string =>
  `${client}-${String(count)}`.padEnd(NAME_LENGTH, '_');

/** Whose a call or a notification is, by its uid. */
export const principalOf = (uid: string): string => {
  const [client = ''] = uid.split('-', 1);
  return client.startsWith(ONE_OF_CROWD) ? CROWD : client;
};

/** The client that a session is of. */
export const clientOf = (session: string): string => actorOf(session).split('-', 1)[0] ?? '';
