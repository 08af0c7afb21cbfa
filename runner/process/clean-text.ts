// Makes text that a process wrote safe to display: without terminal controls, and without characters that reorder a line.
import { dropSteering } from '../../shared/steering.ts';

const ESCAPE = '\u001b';
const BELL = '\u0007';
/** What may follow an escape character: a control sequence, or a short escape. */
const SEQUENCE = /^(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])/u;

/** Text without terminal sequences and control characters; tabs become spaces. Linear in its length. */
export function cleanText(text: string): string {
  const [plain = '', ...escaped] = text.split(ESCAPE);
  return dropSteering((plain + escaped.map(afterSequence).join('')).replaceAll('\t', ' '));
}

function afterSequence(piece: string): string {
  // These open a string (title, link, device control) that runs to a bell or the next escape.
  if (/^[\]PX^_]/u.test(piece)) {
    const end = piece.indexOf(BELL);
    return end === -1 ? '' : piece.slice(end + 1);
  }
  return piece.replace(SEQUENCE, '');
}
