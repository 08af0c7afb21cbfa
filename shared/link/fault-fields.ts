// The fields of a fault in a frame.
import * as v from 'valibot';
import { FAULTS, type FaultCode } from '../fault.ts';

/** What only answers to clients name. A peer of an older version would take such a code for a breach of the protocol (LP2). */
const ONLY_IN_ANSWERS: ReadonlySet<string> = new Set<FaultCode>([
  'forbidden',
  'insufficient_scope',
]);

const faultCodes = Object.keys(FAULTS).filter((code) => !ONLY_IN_ANSWERS.has(code)) as FaultCode[];

export const faultFields = {
  fault: v.picklist(faultCodes),
  message: v.optional(v.string()),
  phase: v.optional(v.picklist(['not_sent', 'sent', 'unknown'])),
};
