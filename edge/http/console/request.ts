// What a page of the console is given: the request, and who signed in.
import type { SignedIn } from './signed-in.ts';
import type { AdminRequest } from '../admin/owner.ts';

export interface ConsoleRequest extends AdminRequest {
  readonly viewer: SignedIn;
}
