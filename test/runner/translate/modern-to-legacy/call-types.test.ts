// What the compiler holds of a call on a legacy process: each state has its own members, and none of another's.
import { expectTypeOf, test } from 'vitest';
import type {
  CallState,
  CallThat,
  Cancelled,
  Listening,
  Parked,
  Placed,
  Running,
  Waiting,
} from '../../../../runner/translate/modern-to-legacy/call.ts';
import type { InputRequests } from '../../../../runner/translate/modern-to-legacy/input-requests.ts';
import type { LegacyCalls } from '../../../../runner/translate/modern-to-legacy/calls.ts';

/** The states that have a member. */
type With<Member extends string> = Extract<CallState, Record<Member, unknown>>['kind'];

test('a call has the members of its state only', () => {
  expectTypeOf<With<'slot'>>().toEqualTypeOf<Exclude<CallState, Waiting>['kind']>();
  expectTypeOf<With<'bytes'>>().toEqualTypeOf<'waiting' | 'placed'>();
  expectTypeOf<With<'turnAt'>>().toEqualTypeOf<'placed'>();
  expectTypeOf<With<'questions'>>().toEqualTypeOf<'running' | 'parked'>();
  expectTypeOf<With<'sealed' | 'answer'>>().toEqualTypeOf<'parked'>();
  expectTypeOf<With<'releaseAt'>>().toEqualTypeOf<'cancelled'>();
});

test('what is done to a call in another state does not compile', () => {
  type Parks = Parameters<InputRequests['park']>[0];
  expectTypeOf<CallThat<Running>>().toExtend<Parks>();
  expectTypeOf<CallThat<Waiting>>().not.toExtend<Parks>();
  expectTypeOf<CallThat<Listening>>().not.toExtend<Parks>();
  type Resumes = Parameters<InputRequests['resume']>[0];
  expectTypeOf<CallThat<Parked>>().toExtend<Resumes>();
  expectTypeOf<CallThat<Running>>().not.toExtend<Resumes>();
  type Joins = Parameters<LegacyCalls['add']>[0];
  expectTypeOf<CallThat<Placed>>().not.toExtend<Joins>();
  expectTypeOf<CallThat<Cancelled>>().not.toExtend<Joins>();
});
