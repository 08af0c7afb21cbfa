// When V8 makes machine code of a function: a bridge meets most of its code a few times a session, and clients wait for that.
import { setFlagsFromString } from 'node:v8';

/**
 * Has functions compiled to plain machine code at their first call, instead of being interpreted for the first hundreds. What is called
 * often is optimized later, as ever. Opening a session takes 8 to 19 % less of the processor, and the first ones of a program up
 * to a third less; calls cost the same, and a start some 5 % more.
 */
export function compileAtFirstCall(): void {
  setFlagsFromString('--always-sparkplug');
}
