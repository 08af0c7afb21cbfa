// Tells where the noted members of a message are after an edit. What the edit keeps stays known; what it writes is not known.
import { PARTS, type Noted, type NotedMember, type Parts } from './noted.ts';
import type { Span } from './span.ts';
import type { Edit } from './splice.ts';

/** With more edits, members are noted anew when somebody asks. */
const MANY_EDITS = 32;

/** Where a value lies after edits, which are in order; undefined when it went with what one of them replaced. */
export function moved({ start, end }: Span, edits: readonly Edit[]): Span | undefined {
  let before = 0;
  let within = 0;
  for (const edit of edits) {
    const by = edit.with.length - (edit.end - edit.start);
    if (edit.end <= start) before += by;
    else if (edit.start >= end) break;
    else if (edit.start === start && edit.end === end && edit.with.length > 0) within += by;
    else if (edit.start <= start && edit.end >= end) return undefined;
    else within += by;
  }
  return { start: start + before, end: end + before + within };
}

/** The parts of a message after edits. */
export function movedParts(parts: Parts, edits: readonly Edit[]): Parts {
  const found: { -readonly [Name in keyof Parts]: Parts[Name] } = {};
  for (const name of PARTS) found[name] = parts[name] && movedPart(parts[name], edits);
  return found;
}

function movedPart(part: Noted, edits: readonly Edit[]): Noted | undefined {
  const span = moved(part, edits);
  if (!span) return undefined;
  const inside = edits.filter((edit) => isIn(edit, part));
  const isKnown = edits.length <= MANY_EDITS && isLeft(part, part.members ?? [], inside);
  if (!isKnown) return { ...span, members: undefined, isRead: false };
  return { ...span, members: movedMembers(part.members, edits), isRead: part.isRead };
}

const movedMembers = (
  members: readonly NotedMember[] | undefined,
  edits: readonly Edit[],
): readonly NotedMember[] | undefined =>
  members?.flatMap((member) => {
    const span = moved(member, edits);
    const value = moved(member.value, edits);
    if (!span || !value) return [];
    const inside = edits.filter((edit) => isIn(edit, member.value));
    const isKnown = isLeft(member.value, member.members ?? [], inside);
    return [
      {
        key: member.key,
        ...span,
        value,
        elements: inside.length > 0 ? undefined : member.elements,
        members: isKnown ? movedMembers(member.members, edits) : undefined,
      },
    ];
  });

/** Whether nothing new came into an object beside what its members hold: edits are within them, or take out. */
const isLeft = (object: Span, members: readonly Span[], inside: readonly Edit[]): boolean =>
  inside.every(
    (edit) =>
      (edit.with.length === 0 && edit.start > object.start) ||
      members.some((member) => isIn(edit, member)),
  );

const isIn = (edit: Span, { start, end }: Span): boolean =>
  edit.start >= start && edit.start < end && edit.end <= end;
