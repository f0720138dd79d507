// What restoring a change in the pods of a service came to.
import { fail, inconclusive, pass, type Finding } from './finding.ts';

/** More pods than this are counted, not named. */
const MAX_NAMED = 3;

export interface RestoredPods {
  /** Pods that were read back. */
  pods: number;
  /** Pods in which the change is still in place, each with what was read. */
  leftover: readonly string[];
  /** Pods in which somebody else's later change was kept, each with what was read. */
  leftAlone: readonly string[];
}

/** Restored only when no pod has the change any more. A later change by somebody else is kept and reported. */
export function judgeRestoredPods(name: string, { pods, leftover, leftAlone }: RestoredPods): Finding[] {
  if (leftover.length > 0)
    return [fail('ChangeNotRestored', name, `${name}: not restored on ${leftover.length} of ${pods} pods: ${named(leftover)}`)];
  if (leftAlone.length > 0)
    return [
      inconclusive(
        'ChangeLeftAlone',
        name,
        `${name}: left alone on ${leftAlone.length} of ${pods} pods, because somebody else changed it since: ${named(leftAlone)}`,
      ),
    ];
  return [pass('ChangeRestored', name, `${name}: restored, read back on ${pods} ${pods === 1 ? 'pod' : 'pods'}`)];
}

const named = (pods: readonly string[]): string =>
  [...pods.slice(0, MAX_NAMED), ...(pods.length > MAX_NAMED ? [`${pods.length - MAX_NAMED} more`] : [])].join('; ');
