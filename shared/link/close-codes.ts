// WebSocket close codes of the link, and what a runner does when one arrives (PROTOCOL.md §6).

export const CLOSE = {
  done: 1000,
  failed: 1011,
  protocol: 4400,
  notGranted: 4403,
  heartbeat: 4408,
  replaced: 4409,
  tooLarge: 4413,
  comeBack: 4503,
} as const;

/** Whether a newer socket took over. */
export const wasReplaced = (code: number): boolean => code === CLOSE.replaced;

/** What a runner does when its control link was closed. A code that it does not know is no reason to stay away. */
export const afterControlClose = (code: number): 'relink_slowly' | 'relink' =>
  code === CLOSE.notGranted || wasReplaced(code) ? 'relink_slowly' : 'relink';

/** What a runner does when a session's link was closed; `over`: the edge holds nothing of the session any more. */
export function afterSessionClose(code: number): 'over' | 'stop' | 'relink' {
  if (code === CLOSE.done) return 'over';
  return wasReplaced(code) ? 'stop' : 'relink';
}
