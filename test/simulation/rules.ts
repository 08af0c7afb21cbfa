// The rules that the simulated hosts use: the edge's own, unless a test breaks them.
import { Delivery } from '../../edge/core/exchange.ts';
import { Fleet } from '../../edge/core/fleet.ts';
import { EdgeSession } from '../../edge/core/session.ts';

export const RULES = { Delivery, EdgeSession, Fleet };

export type Rules = typeof RULES;
