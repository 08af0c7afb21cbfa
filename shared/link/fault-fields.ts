// The fields of a fault in a frame.
import * as v from 'valibot';
import { FAULTS, type FaultCode } from '../fault.ts';

const faultCodes = Object.keys(FAULTS) as FaultCode[];

export const faultFields = {
  fault: v.picklist(faultCodes),
  message: v.optional(v.string()),
  phase: v.optional(v.picklist(['not_sent', 'sent', 'unknown'])),
};
