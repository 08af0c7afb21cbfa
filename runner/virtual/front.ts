// What differs between the eras in a virtual server: how it is greeted, and how its clients learn of changes.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import type { OnDue } from '../../shared/dues.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { Effects } from '../translate/effects.ts';
import type { KnownList } from './known-members.ts';
import type { ListKind } from './list-kinds.ts';
import type { ClientGreeting, VirtualMember } from './member.ts';
import type { MemberLists } from './member-lists.ts';
import type { Routes } from './routes.ts';
import type { TaskOwners } from './task-owners.ts';

export interface FrontParts {
  readonly name: ServerName;
  readonly effects: Effects;
  readonly members: readonly VirtualMember[];
  readonly memberLists: MemberLists;
  readonly routes: Routes;
  readonly tasks: TaskOwners;
  /** A member's message, with the ids that clients know. */
  readonly seen: (member: VirtualMember, message: MessageView) => MessageView;
  /** There is one member, whose answers are the server's. */
  readonly isSole: boolean;
  /** From now on what clients of this kind know is known, and added to. */
  readonly knowClient: (client: string) => void;
}

export interface Front {
  /** How members are greeted; undefined as long as the client has not greeted, and in the modern era. */
  readonly greeting: ClientGreeting | undefined;
  /** A client's request; false if it is none of this era's own. */
  request(message: MessageView, id: BridgeRequestId, now: number): boolean;
  /** A client's notification; false if it is none of this era's own. */
  notification(message: MessageView, now: number): boolean;
  /** The kind of list that a request asks for, if this era has it. */
  lists(kind: ListKind | undefined): ListKind | undefined;
  /** The client does not wait for an answer any more. */
  cancelled(id: BridgeRequestId): void;
  greeted(): void;
  /** A member takes requests; in the modern era it may not have proved to run. */
  ready(member: VirtualMember, now: number): void;
  /** A member that was ready has proved to run. */
  served(member: VirtualMember): void;
  gone(member: VirtualMember): void;
  /** What a member says beside answers, and the call that it belongs to if that is known; false if it is to be passed on. */
  said(member: VirtualMember, message: MessageView, bridgeId: BridgeRequestId | undefined): boolean;
  /** Of members that may have a resource which a request names, the likeliest first: the one that took the client's subscription, if any. */
  likeliest(
    message: MessageView,
    uri: string,
    members: readonly VirtualMember[],
  ): readonly VirtualMember[];
  /** What is to hear of a member's answer to a request, beside the client; undefined: nothing. `uri`: of the resource that it names. */
  whenAnswered(
    message: MessageView,
    uri: string | undefined,
    member: VirtualMember,
  ): ((answer: MessageView) => void) | undefined;
  /** A request for a list that is made to carry out a client's request. */
  listLike(kind: ListKind, message: MessageView): MessageView;
  /** Members of a list's result beside the list, as JSON text that begins with a comma. */
  moreOfList(pages: readonly KnownList[]): string;
  /** The clients learn that a list has changed. `method`: of the notification. */
  tellChanged(method: string): void;
  dues(due: OnDue): void;
}
