// Containers that restarted during the watch, per pod.
import { fail, type Finding } from '../../verdict/finding.ts';
import type { GuardLimits, GuardSample } from './sample.ts';

/** One restart may be an accident of the node: it restarts the bake. A second one, of any pod, is the version's fault. */
const RESTARTS_TO_BREACH = 2;

export interface Restarts {
  /** Restarts before the watch; pods without any are left out. Null before the first answer of Kubernetes. */
  before: Record<string, number> | null;
  /** Restarts during the watch; pods without any are left out. */
  seen: Record<string, number>;
}

export const NO_RESTARTS: Restarts = { before: null, seen: {} };

/** A pod that appears later was created during the watch, so all of its restarts count. */
export function addRestarts({ before, seen }: Restarts, { deployment }: GuardSample): Restarts {
  if (deployment === null) return { before, seen };
  const counts = deployment.pods.map(({ name, restarts }) => [name, restarts] as const).filter(([, restarts]) => restarts > 0);
  if (before === null) return { before: Object.fromEntries(counts), seen };
  const next = { ...seen };
  for (const [pod, restarts] of counts) {
    const more = restarts - (before[pod] ?? 0);
    if (more > (next[pod] ?? 0)) next[pod] = more;
  }
  return { before, seen: next };
}

export const restartsOf = ({ seen }: Restarts): number => Object.values(seen).reduce((sum, times) => sum + times, 0);

/** Fails from the second restart on. */
export function restartBreach(restarts: Restarts, limits: GuardLimits): Finding[] {
  const times = restartsOf(restarts);
  if (times < RESTARTS_TO_BREACH) return [];
  const message = `containers of ${limits.subject} restarted during the watch: ${restartedPods(restarts)}`;
  return [fail('PodsRestarted', limits.subject, message, { measured: times, limit: RESTARTS_TO_BREACH - 1, unit: 'restarts' })];
}

/** `go-api-7d4-x once, go-api-7d4-y 2 times`. */
export const restartedPods = ({ seen }: Restarts): string =>
  Object.entries(seen)
    .map(([pod, times]) => `${pod} ${times === 1 ? 'once' : `${times} times`}`)
    .sort()
    .join(', ');
