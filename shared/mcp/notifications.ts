// The notifications that the revisions of MCP define. All others are between a client and its server, and are passed on.

const DEFINED: ReadonlySet<string> = new Set([
  'notifications/cancelled',
  'notifications/elicitation/complete',
  'notifications/initialized',
  'notifications/message',
  'notifications/progress',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
  'notifications/roots/list_changed',
  'notifications/subscriptions/acknowledged',
  'notifications/tasks',
  'notifications/tasks/status',
  'notifications/tools/list_changed',
]);

/** Whether no revision defines a notification: only its server and its client know what it means. */
export const isVendorNotification = (method: string): boolean => !DEFINED.has(method);

/** Whether a method is named like a notification, which no request is. */
export const isNotificationName = (method: string): boolean => method.startsWith('notifications/');
