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

/** The server knows a version only after its first poll, which takes a second or two. */
const KNOWN_WITHIN_MS = 30_000;

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

/** Makes this version the one that new countdowns start on. Those under way stay where they are. */
export async function makeCurrent(client: Client, buildId: string): Promise<void> {
  const deadline = Date.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: client.options.namespace,
        deploymentName: DEPLOYMENT_NAME,
        buildId,
        identity: `tminus ${buildId}`,
        ignoreMissingTaskQueues: true,
      });
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`the Temporal server does not know worker version ${buildId} after ${KNOWN_WITHIN_MS / 1000} s`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
