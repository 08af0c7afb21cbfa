// What a session has shown of members that slept, from memory. When such a member has started, it is told which of its lists are others.
import { changesOf, isSameList, isWhole, type KnownList } from './known-members.ts';
import { KEPT_KINDS, type ChangingKind, type ListKind } from './list-kinds.ts';
import type { VirtualMember } from './member.ts';

export class ShownFromMemory {
  /** By member and list: how often the list had changed when it was first shown, since some client may not have taken it again. */
  readonly #shown = new Map<VirtualMember, Map<ListKind['member'], number>>();

  /** A client is shown what is known of a list, without its member being asked. */
  show(member: VirtualMember, kind: ListKind): void {
    const shown = this.#shown.get(member) ?? new Map<ListKind['member'], number>();
    this.#shown.set(member, shown);
    if (!shown.has(kind.member)) shown.set(kind.member, changesOf(member.known, kind));
  }

  /**
   * A member has started: `changed` hears of each of its lists that is another than the one that was shown, as this process or another
   * session's has said. `refresh`: asks the member for one anew, and tells it if there is an answer.
   */
  verify(
    member: VirtualMember,
    refresh: (kind: ChangingKind, then: (list: KnownList) => void) => void,
    changed: (kind: ChangingKind) => void,
  ): void {
    const shown = this.#shown.get(member);
    this.#shown.delete(member);
    for (const kind of KEPT_KINDS) {
      const { known } = member;
      const before = known.lists.get(kind.member);
      if ((shown?.get(kind.member) ?? changesOf(known, kind)) !== changesOf(known, kind))
        changed(kind);
      else if (isWhole(before))
        refresh(kind, (list) => {
          if (!isSameList(before, list)) changed(kind);
        });
    }
  }
}
