// One launch on the lab, up to the moment at which the guard watches it.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubectl, paths, resetShop, startTraffic } from '../../lab/index.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { pause, type Installation } from '../e2e/installation.ts';
import { LIVE_DEADLINE_S, TRAFFIC_PER_SECOND } from './faults.ts';

export const BAKE_S = 120;
/** Users arrive for this long before the launch: the guard compares with the rate of the old version. */
const TRAFFIC_BEFORE_MS = 20_000;
/** Scrapes every 2 s and samples every 2 s: by then the guard has judged several, as one that has watched for a while. */
const WATCHED_BEFORE_MS = 15_000;

/** The old version serves users, whatever the launch before this one left. */
export async function prepareShop(): Promise<void> {
  await kubectl(paths(), ['-n', 'shop', 'delete', 'lease', 'tminus-go-api', '--ignore-not-found']);
  await resetShop();
  await startTraffic(TRAFFIC_PER_SECOND);
  await pause(TRAFFIC_BEFORE_MS);
}

/** Starts a release that only launches and guards. Answers its name once the guard has watched for a while. */
export async function launch(installation: Installation, image: string, name: string): Promise<string> {
  const release = `${name}-${randomUUID().slice(0, 8)}`;
  const file = join(installation.home, `${release}.yaml`);
  writeFileSync(
    file,
    `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: ${release} }
spec:
  service: { name: go-api, namespace: shop, image: "${image}" }
  cluster: lab
  countdown: 5s
  approvers: { groups: [release-managers] }
  notify: [oncall]
  checkpoints:
    - name: launch
      at: T-0
      steps:
        - { type: launch }
        - type: guard
          bake: ${BAKE_S}s
          interval: 2s
          noDataAfter: 10s
          liveDeadline: ${LIVE_DEADLINE_S}s
          minRequests: 100
          limits: { p99: 300ms, errorRate: 0.1% }
`,
  );
  const { code, stdout, stderr } = await installation.tminus('requester', 'start', file);
  if (code !== 0) throw new Error(`${release} does not start: ${stdout}${stderr}`);
  await installation.until(release, 'guarded', guarded, GUARDED_TIMEOUT_MS);
  await pause(WATCHED_BEFORE_MS);
  return release;
}

/** A rollout of three pods takes 10 to 20 s on the lab. */
const GUARDED_TIMEOUT_MS = 90_000;

function guarded({ checkpoints, phase, message }: CountdownStatus): boolean {
  if (phase === 'ended') throw new Error(`it ended before its guard: ${message}`);
  return checkpoints.at(-1)?.steps.some(({ type, state }) => type === 'guard' && state === 'running') ?? false;
}

/** How it ended; `still <phase>` when it has not after that time, and then it is aborted so that the next launch can begin. */
export async function endingOf(installation: Installation, release: string, timeoutMs: number): Promise<string> {
  try {
    const { ending } = await installation.until(release, 'ended', ({ phase }) => phase === 'ended', timeoutMs);
    return ending ?? 'ended without an ending';
  } catch {
    const { phase } = await installation.status(release);
    await installation.tminus('requester', 'abort', release, '-m', 'measurement over', '--confirm', release);
    await installation.until(release, 'aborted', (status) => status.phase === 'ended', timeoutMs);
    return `still ${phase}`;
  }
}
