// GET /-/api/record: what the edge recorded last, for its owner.
import { answered, type AdminRequest } from './owner.ts';
import { urlOf } from '../request-url.ts';

/** The query's members are those of `RecordQuery`; the answer is a `RecordView`. */
export async function readRecord({ request, ports }: AdminRequest): Promise<Response> {
  const { searchParams } = urlOf(request);
  const text = (name: string): string | undefined => searchParams.get(name) ?? undefined;
  const after = Number(text('after') ?? Number.NaN);
  const view = await ports.fleet.records({
    after: Number.isSafeInteger(after) ? after : undefined,
    server: text('server'),
    principal: text('principal'),
    outcome: text('outcome'),
  });
  return answered(view);
}
