// Which code this worker runs. A countdown stays on the version it started with (docs/decisions/0003).
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';

export const DEPLOYMENT_NAME = 'tminus';

/** Rooms whose code runs inside workflows: a change in any of them is another version. */
const WORKFLOW_ROOMS = ['workflows', 'verdict', 'release'];

/** Twelve hex digits tell versions of one deployment (at most 100) apart. */
const BUILD_ID_DIGITS = 12;

/** The server registers a version at its first poll, after a second or two. */
const REGISTERED_TIMEOUT_MS = 30_000;

/** Hash of the sources that replay depends on: the same sources are the same version, on any machine and in any checkout. */
export async function workflowBuildId(root: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(root, 'package-lock.json')));
  for (const room of WORKFLOW_ROOMS) {
    const files = (await readdir(join(root, room), { recursive: true }))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .sort();
    for (const file of files) hash.update(`${room}/${file}\n`).update(await readFile(join(root, room, file)));
  }
  return hash.digest('hex').slice(0, BUILD_ID_DIGITS);
}

/** What the server knows of a version. */
interface SeenVersion {
  buildId: string;
  /** When the server first saw a worker of it, by its own clock; null when it does not say. */
  firstSeenMs: number | null;
}

/**
 * Whether a worker's version becomes the one that new countdowns start on. A hash has no order and a checkout's clock can be wrong, so the
 * newer version is the one that the server saw first later: a worker of an old version that is started again was seen long before.
 */
export function becomesCurrent(own: SeenVersion, current: SeenVersion | null): boolean {
  if (current === null) return true;
  if (own.buildId === current.buildId || own.firstSeenMs === null || current.firstSeenMs === null) return false;
  return own.firstSeenMs > current.firstSeenMs;
}

/**
 * Makes this version the one that new countdowns start on, if it is newer or `always` says so. Those under way stay where they are. Answers
 * the version that is current afterwards.
 */
export async function settleCurrent(client: Client, buildId: string, { always }: { always: boolean }): Promise<string> {
  const deployment = { namespace: client.options.namespace, deploymentName: DEPLOYMENT_NAME };
  const deadline = Date.now() + REGISTERED_TIMEOUT_MS;
  for (;;) {
    try {
      const { workerDeploymentInfo: info, conflictToken } = await client.workflowService.describeWorkerDeployment(deployment);
      const versions = (info?.versionSummaries ?? []).map(({ deploymentVersion, createTime }): SeenVersion => ({
        buildId: deploymentVersion?.buildId ?? '',
        firstSeenMs: createTime ? Number(createTime.seconds ?? 0) * 1_000 + (createTime.nanos ?? 0) / 1e6 : null,
      }));
      const find = (id: string) => versions.find((version) => version.buildId === id);
      const own = find(buildId);
      if (!own) throw new Error('no worker of this version has asked for work yet');
      const currentId = info?.routingConfig?.currentDeploymentVersion?.buildId;
      const current = currentId ? (find(currentId) ?? { buildId: currentId, firstSeenMs: null }) : null;
      if (current && !always && !becomesCurrent(own, current)) return current.buildId;
      // With the token of what was read: of two workers that start at once, the second decides anew.
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        ...deployment,
        buildId,
        conflictToken,
        identity: `tminus ${buildId}`,
        ignoreMissingTaskQueues: true,
      });
      return buildId;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`the Temporal server has not registered worker version ${buildId} after ${REGISTERED_TIMEOUT_MS / 1000} s`, {
          cause: error,
        });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
