// A name that a server has given, as a person reads it in the output of a command.
import { shownText } from '../core/shown-text.ts';
import { visibleText } from '../log.ts';

/** Without anything that hides or steers the terminal. */
export const shownName = (name: string): string => visibleText(shownText(name));
