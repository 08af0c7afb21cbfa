// Tells the access actor what was used of the quotas of a day, behind the request that used it.
import { askAccess } from './oauth/context.ts';
import type { Ports } from './ports.ts';
import type { EdgeLimits } from '../core/limits.ts';

export function tellQuotas(ports: Pick<Ports, 'access' | 'outlive'>, limits: EdgeLimits): void {
  const used = limits.toTell(Date.now());
  if (used.length === 0) return;
  const telling = async (): Promise<void> => {
    const asked = await askAccess(ports, 'useQuotas', { used });
    if (asked) limits.told(asked.answer.dues);
    else limits.untold(used);
  };
  ports.outlive(telling());
}
