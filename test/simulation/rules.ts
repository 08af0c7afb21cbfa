// The rules that the simulated hosts use: the edge's and the runner's own, unless a test breaks them.
import { Access } from '../../edge/core/access.ts';
import { Delivery } from '../../edge/core/exchange.ts';
import { Fleet } from '../../edge/core/fleet.ts';
import { ModernDelivery } from '../../edge/core/modern-delivery.ts';
import { SessionOpening } from '../../edge/core/opening.ts';
import { Unread } from '../../edge/core/unread.ts';
import { EdgeSession } from '../../edge/core/session.ts';
import { SharedProcesses } from '../../runner/sessions/shared-processes.ts';
import { virtualProcess } from '../../runner/sessions/virtual-choice.ts';

export const RULES = {
  Access,
  Delivery,
  EdgeSession,
  Fleet,
  ModernDelivery,
  SessionOpening,
  SharedProcesses,
  Unread,
  virtualProcess,
};

export type Rules = typeof RULES;
