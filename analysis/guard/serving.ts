// Whether the version serves at all: Ready pods and the health check. Request counters cannot show this: those of a hanging version stand
// still.
import { fail, type Finding } from '../../verdict/finding.ts';
import { withLimit } from '../../verdict/wording/index.ts';
import { seconds } from './seconds.ts';
import { readyPods } from './read-sample.ts';
import type { GuardDeployment, GuardLimits, GuardPod, GuardSample } from './sample.ts';

/**
 * A Service needs a second or two to move from a terminating pod to another, and a health check may miss one answer. Ten seconds without a
 * Ready pod or a healthy answer are at least two samples, and users have had nothing but failures for that long.
 */
const NOTHING_SERVES_MS = 10_000;

export interface Serving {
  /** Since when nothing serves; null while something does. */
  downSinceMs: number | null;
  /** From then to the last sample that found nothing serving. */
  downMs: number;
  downReason: string;
  /** Pods that were Ready during the watch and still exist: null while Ready, else since when not, for how long, and why. */
  wereReady: Record<string, { sinceMs: number; ms: number; why: string } | null>;
  /** Replicas when the watch began, without pods that no node had accepted; null before the first answer of Kubernetes. */
  neededAtStart: number | null;
  ready: number;
  wanted: number;
  /** Pods of the last answer that are neither Ready nor terminating: `go-api-7d4-x (Pending)`. */
  notReady: string[];
  healthy: boolean;
}

export const NOT_SERVING_YET: Serving = {
  downSinceMs: null,
  downMs: 0,
  downReason: '',
  wereReady: {},
  neededAtStart: null,
  ready: 0,
  wanted: 0,
  notReady: [],
  healthy: false,
};

/** Adds the pods and the health check of one sample. */
export function addServing(before: Serving, { atMs, deployment, health, answers }: GuardSample): Serving {
  const pods = deployment === null ? before : addPods(before, deployment, atMs);
  const reason = explainDown(deployment, health);
  const known = { ...pods, healthy: health.ok };
  if (reason === null) return { ...known, downSinceMs: null, downMs: 0, downReason: '' };
  // A worker that reaches neither cluster nor Prometheus nor service is cut off itself: that is blindness, and this state stays as it was.
  if (deployment === null && answers === null) return known;
  const downSinceMs = before.downSinceMs ?? atMs;
  return { ...known, downSinceMs, downMs: atMs - downSinceMs, downReason: reason };
}

/** Breaches: nothing serves, or a pod that was Ready is not Ready for too long. */
export function servingBreach({ downMs, downReason, wereReady }: Serving, limits: GuardLimits): Finding[] {
  const findings: Finding[] = [];
  if (downMs >= NOTHING_SERVES_MS)
    findings.push(
      notServing(limits, downMs, `nothing served for ${withLimit(seconds(downMs), NOTHING_SERVES_MS / 1_000, 's')}: ${downReason}`),
    );
  const away = Object.entries(wereReady).flatMap(([pod, lost]) =>
    lost !== null && lost.ms > limits.noDataAfterMs ? [{ pod, ...lost }] : [],
  );
  if (away.length > 0) {
    const longestS = seconds(Math.max(...away.map(({ ms }) => ms)));
    const names = away.map(({ pod, why }) => (why === '' ? pod : `${pod} (${why})`)).sort();
    findings.push(
      fail(
        'PodsNotReady',
        limits.subject,
        `pods of ${limits.subject} that were Ready have not been Ready for ${withLimit(longestS, limits.noDataAfterMs / 1_000, 's')}: ${names.join(', ')}`,
        { measured: longestS, limit: limits.noDataAfterMs / 1_000, unit: 's' },
      ),
    );
  }
  return findings;
}

/** The finding that nothing serves, with its reason. */
export function notServing(limits: GuardLimits, downMs: number, reason: string): Finding {
  return fail('ServiceNotServing', limits.subject, `${limits.subject} does not serve: ${reason}`, {
    measured: seconds(downMs),
    limit: NOTHING_SERVES_MS / 1_000,
    unit: 's',
  });
}

/**
 * Why the present pods are too few to pass; null when they suffice. A pod that an autoscaler added and no node accepts is not the version's
 * fault, so the replicas at the start of the watch suffice. The pods that were Ready then would not: a version may start badly.
 */
export function whyTooFew({ ready, wanted, neededAtStart, notReady, healthy }: Serving): string | null {
  if (!healthy) return 'the last health check failed';
  const needed = Math.max(1, Math.min(wanted, neededAtStart ?? wanted));
  return ready >= needed ? null : `${ready} of ${wanted} pods are Ready; not Ready: ${notReady.join(', ') || 'no other pod exists'}`;
}

function explainDown(deployment: GuardDeployment | null, health: GuardSample['health']): string | null {
  if (deployment !== null && readyPods(deployment.pods).length === 0) return `0 of ${deployment.wanted} pods are Ready`;
  return health.ok ? null : `health check failed: ${health.detail}`;
}

function addPods(before: Serving, { pods, wanted }: GuardDeployment, atMs: number): Serving {
  const wereReady: Serving['wereReady'] = {};
  for (const pod of pods) {
    if (pod.terminating) continue;
    const known = before.wereReady[pod.name];
    if (pod.ready) wereReady[pod.name] = null;
    else if (known !== undefined) {
      const sinceMs = known?.sinceMs ?? atMs;
      wereReady[pod.name] = { sinceMs, ms: atMs - sinceMs, why: pod.why };
    }
  }
  const ready = readyPods(pods).length;
  const notReady = pods.filter((pod) => !pod.ready && !pod.terminating).map(described);
  const neededAtStart = before.neededAtStart ?? wanted - pods.filter(({ pending, terminating }) => pending && !terminating).length;
  return { ...before, wereReady, ready, wanted, notReady, neededAtStart };
}

const described = ({ name, why, pending }: GuardPod): string => `${name} (${why || (pending ? 'Pending' : 'not ready')})`;
