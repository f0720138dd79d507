// Watches a running load test: heartbeats, profiles at the first breach, stops a hopeless run, kills a k6 that hangs.
import { breaches, requestsStillToCome } from '../../analysis/load-test/hopeless.ts';
import { offeredIterations, plannedSeconds } from '../../analysis/load-test/plan.ts';
import { GRACEFUL_STOP_SECONDS, type LoadPlan } from '../../analysis/load-test/run-record.ts';
import type { LoadAccumulator } from '../../analysis/load-test/summary.ts';
import type { RuntimeSample } from '../../analysis/runtime/sample.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { failpoint } from '../failpoint.ts';
import { GOROUTINE_GAP_MS } from '../profiles/capture.ts';
import { deliveryMeter } from './delivery-meter.ts';
import type { LoadRun } from './dependencies.ts';
import { profilePods } from './profile-pods.ts';

/** The heartbeat timeout is 15 s; progress is shown to people. */
export const HEARTBEAT_EVERY_MS = 2_000;
/** Time to detect a breach; a check takes about 0.1 ms per endpoint. */
const CHECK_EVERY_MS = 500;
/** For profiles that are nearly done when the load ends, within the 5 s to the verdict: later ones would show an idle service. */
const PROFILES_GRACE_MS = 3_000;
/**
 * Added to the duration of the profiles of a hopeless run, for which the load continues: on a node without a free CPU, profiles of 10 s took
 * 13.5 s. A service too busy to respond does not prolong the run further.
 */
const PROFILES_REST_MS = 5_000;
/** For k6 to load its script and create its virtual users. A k6 that runs longer than plan, graceful stop and this is killed. */
const START_UP_MS = 60_000;
/** Late enough for a warm service, early enough for profiles of 20 s to end within a load of 30 s. */
const PROFILES_AT_SHARE = 1 / 3;

export interface RunWatch {
  stopped(): 'hopeless' | null;
  /** The captured profiles, once all have ended. */
  finish(): Promise<{ evidence: EvidenceRef[]; facts: Fact[] }>;
  abandon(): void;
}

/** Starts watching; also kills k6 on cancellation. `samples` grows while the sampler runs. */
export function watchRun(
  { k6, plan, input, dependencies, control }: LoadRun,
  live: LoadAccumulator,
  samples: readonly RuntimeSample[],
): RunWatch {
  const meter = deliveryMeter(plan.stages, live);
  const profilesEnd = new AbortController();
  let profiles: Promise<{ evidence: EvidenceRef[]; facts: Fact[] }> | null = null;
  let profilesDone = false;
  let profilesEnoughMs = Infinity;
  const profilesTakeMs = Math.max(input.step.cpuProfileMs, dependencies.goroutineGapMs ?? GOROUTINE_GAP_MS) + PROFILES_REST_MS;
  const profilesDueMs = performance.now() + plannedSeconds(plan.stages) * 1_000 * PROFILES_AT_SHARE;
  let stopped: 'hopeless' | null = null;

  const check = (): void => {
    if (stopped) return;
    meter.tick();
    const found = breaches(live.live(), plan.limits, stillToCome(live, plan));
    const due = input.step.profiles === 'always' && performance.now() >= profilesDueMs;
    if (found.length === 0 && !due) return;
    const reason = found.length > 0 ? 'while a limit was broken' : 'in the middle of the run';
    if (profiles === null) {
      const begins = (): void => void (profilesEnoughMs = performance.now() + profilesTakeMs);
      begins();
      // Called again when the pods are listed, which may take seconds on a node without a free CPU.
      const profiling = { reason, begins, signal: profilesEnd.signal };
      profiles = profilePods(samples, input, dependencies, profiling).finally(() => (profilesDone = true));
      // finish() rejects with it; until then it must not count as unhandled.
      profiles.catch(() => undefined);
    }
    if ((profilesDone || performance.now() >= profilesEnoughMs) && found.some((breach) => breach.hopeless)) {
      stopped = 'hopeless';
      void k6.stop();
    }
  };
  const beats = setInterval(() => {
    void failpoint('load-test.running');
    control.heartbeat(meter.progress());
  }, HEARTBEAT_EVERY_MS);
  const checks = setInterval(check, CHECK_EVERY_MS);
  const hangsAfterMs = (plannedSeconds(plan.stages) + GRACEFUL_STOP_SECONDS) * 1_000 + START_UP_MS;
  const hangs = setTimeout(() => k6.kill(), hangsAfterMs);
  control.signal.addEventListener('abort', k6.kill);
  control.heartbeat(meter.progress());
  void k6.ended.then(() => {
    clearInterval(checks);
    clearTimeout(hangs);
  });

  return {
    stopped: () => stopped,
    async finish() {
      const grace = setTimeout(() => profilesEnd.abort(), PROFILES_GRACE_MS);
      const taken = await (profiles ?? { evidence: [], facts: [] });
      clearTimeout(grace);
      return taken;
    },
    abandon() {
      clearInterval(beats);
      clearInterval(checks);
      clearTimeout(hangs);
      control.signal.removeEventListener('abort', k6.kill);
      profilesEnd.abort();
    },
  };
}

/** Upper bound of requests still to be sent: those of the iterations that were neither completed nor dropped. */
function stillToCome(live: LoadAccumulator, { stages }: LoadPlan): number {
  return requestsStillToCome(Math.ceil(offeredIterations(stages)) - live.iterations - live.dropped, live);
}
