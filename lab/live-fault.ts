// Faults that start in running pods at a known time, so that the seconds from the fault can be measured.
import { kubectl } from './cluster.ts';
import { appName } from './manifests/go-api.ts';
import { requireLab } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';

/** What each fault sets in the target. The value is a delay, or the percentage of requests. */
const armed = {
  hang: { hang: '1ms' },
  'hang-handlers': { 'hang-handlers': '1ms' },
  'not-ready': { 'not-ready': '1ms' },
  'errors-10': { 'error-surge': '10' },
} as const;

export type LiveFault = keyof typeof armed;

/** The target serves its fault settings on the port of pprof, which is not in the Service. */
const ADMIN_PORT = 6060;
/** A pod responds within milliseconds; a terminating one may not respond at all. */
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

/** Starts the fault in all running pods of the image at once. Answers when it started; it ends with the pods, or after ten minutes. */
export async function beginLiveFault(fault: LiveFault, image: string, namespace = 'shop'): Promise<Date> {
  const lab = paths();
  requireLab(lab);
  const pods = await runningPods(lab, namespace, image);
  if (pods.length === 0) throw new Error(`no pod of ${image} runs in ${namespace}, so no fault can be started`);
  const began = new Date();
  await Promise.all(
    pods.map(async ({ name, ip }) => {
      const response = await fetch(`http://${ip}:${ADMIN_PORT}/admin/faults`, {
        method: 'PUT',
        body: JSON.stringify(armed[fault]),
        signal: AbortSignal.timeout(ARM_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`pod ${name} did not start ${fault}: HTTP ${response.status} ${await response.text()}`);
    }),
  );
  return began;
}
