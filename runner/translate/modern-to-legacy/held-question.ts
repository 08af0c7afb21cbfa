// A question of a legacy process that waits until it is known which call it belongs to (held-questions.ts).
import type { LegacyCall } from './call.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';

export interface HeldQuestion {
  readonly message: MessageView;
  /** The calls that may have asked it. */
  readonly askers: readonly LegacyCall[];
  /** Until when it may wait. */
  until: number;
}
