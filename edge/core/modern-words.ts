// Faults in words for a 2026-07-28 client, which knows nothing of sessions.
import type { Fault } from '../../shared/fault.ts';

const ENDED_FIRST = 'The server process ended before it took the request. Try again soon.';

export function inModernWords(fault: Fault): Fault {
  const { phase = 'not_sent', message } = fault;
  switch (fault.fault) {
    case 'session_not_found':
      return phase === 'not_sent'
        ? { fault: 'runner_offline', message: ENDED_FIRST, phase }
        : { fault: 'runner_lost', phase };
    case 'process_exited':
      return { ...fault, message: message ?? 'The server process ended before it answered.' };
    default:
      return fault;
  }
}
