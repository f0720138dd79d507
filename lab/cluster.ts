// Access to the lab's cluster as its administrator.
import { run } from './command.ts';
import type { LabPaths } from './paths.ts';
import { toolPath } from './tools/build.ts';

/** A rollout of three pods takes 6 to 10 s here; the Deployment's own deadline is 20 s. */
const ROLLOUT_TIMEOUT = '60s';

/** Runs kubectl as admin; answers its standard output. */
export async function kubectl(lab: LabPaths, args: string[], input?: string): Promise<string> {
  const program = await toolPath('kubectl', () => undefined);
  const home = { PATH: '/usr/bin:/bin', HOME: lab.data };
  return run([program, `--kubeconfig=${lab.adminKubeconfig}`, ...args], {
    env: home,
    timeoutMs: 90_000,
    ...(input === undefined ? {} : { input }),
  });
}

const list = (objects: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });

/** Creates or updates objects; keeps fields that others set. */
export async function applyObjects(lab: LabPaths, objects: object[]): Promise<void> {
  await kubectl(lab, ['apply', '--server-side', '--force-conflicts', '--field-manager=lab', '-f', '-'], list(objects));
}

/** Replaces objects completely: fields and annotations that others set are removed. */
export async function replaceObjects(lab: LabPaths, objects: object[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const failure = await kubectl(lab, ['replace', '-f', '-'], list(objects)).then(
      () => undefined,
      (error: Error) => error,
    );
    if (failure === undefined) return;
    if (attempt === MAX_REPLACE_ATTEMPTS || !failure.message.includes('(Conflict)')) throw failure;
  }
}

/** kubectl reads, then replaces. The controller of a Deployment with crashing pods updates its status several times a second in between. */
const MAX_REPLACE_ATTEMPTS = 10;

/** Waits until all replicas of a Deployment run its newest template. Throws with kubectl's output when they do not. */
export async function awaitRollout(lab: LabPaths, namespace: string, deployment: string): Promise<void> {
  await kubectl(lab, ['-n', namespace, 'rollout', 'status', `deployment/${deployment}`, `--timeout=${ROLLOUT_TIMEOUT}`]);
}
