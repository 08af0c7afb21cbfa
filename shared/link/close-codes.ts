// WebSocket close codes of the link (PROTOCOL.md §6).

export const CLOSE = {
  done: 1000,
  failed: 1011,
  protocol: 4400,
  unauthorized: 4401,
  notGranted: 4403,
  sessionUnknown: 4404,
  heartbeat: 4408,
  replaced: 4409,
  tooLarge: 4413,
  comeBack: 4503,
} as const;
