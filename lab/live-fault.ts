// Faults that begin in pods that already serve, at a known time: "seconds from the fault" is then a measurement.
import { kubectl } from './cluster.ts';
import { appName } from './manifests/go-api.ts';
import { requireLab } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';

/** What each fault arms in the target. The parameter is the delay from arming, or the share of requests in percent. */
const armed = {
  hang: { hang: '1ms' },
  'hang-handlers': { 'hang-handlers': '1ms' },
  'not-ready': { 'not-ready': '1ms' },
  'errors-10': { 'error-surge': '10' },
} as const;

export type LiveFault = keyof typeof armed;

/** The target serves the fault board beside pprof; customers do not reach that port. */
const ADMIN_PORT = 6060;
/** A pod answers in milliseconds; one that is being deleted may not answer at all. */
const ARM_TIMEOUT_MS = 2_000;

interface PodList {
  items: {
    metadata: { name: string; deletionTimestamp?: string };
    spec: { containers: { image: string }[] };
    status: { podIP?: string; phase: string };
  }[];
}

/** Running pods of the shop's Deployment with this image. */
async function runningPods(lab: LabPaths, namespace: string, image: string): Promise<{ name: string; ip: string }[]> {
  const { items } = JSON.parse(await kubectl(lab, ['-n', namespace, 'get', 'pods', '-l', `app=${appName}`, '-o', 'json'])) as PodList;
  return items.flatMap(({ metadata, spec, status }) =>
    metadata.deletionTimestamp === undefined && status.phase === 'Running' && status.podIP && spec.containers[0]?.image === image
      ? [{ name: metadata.name, ip: status.podIP }]
      : [],
  );
}

/** Begins the fault in every running pod of the image, at the same time. Answers when it began; it ends with the pods, or after ten minutes. */
export async function beginLiveFault(fault: LiveFault, image: string, namespace = 'shop'): Promise<Date> {
  const lab = paths();
  requireLab(lab);
  const pods = await runningPods(lab, namespace, image);
  if (pods.length === 0) throw new Error(`no running pod of ${image} in ${namespace}: there is nothing to break`);
  const began = new Date();
  await Promise.all(
    pods.map(async ({ name, ip }) => {
      const response = await fetch(`http://${ip}:${ADMIN_PORT}/admin/faults`, {
        method: 'PUT',
        body: JSON.stringify(armed[fault]),
        signal: AbortSignal.timeout(ARM_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`pod ${name} did not arm ${fault}: ${response.status} ${await response.text()}`);
    }),
  );
  return began;
}
