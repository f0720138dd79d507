// The lab's cluster as its administrator.
import { run } from './command.ts';
import type { LabPaths } from './paths.ts';
import { toolPath } from './tools/build.ts';

/** A rollout of three pods takes 6 to 10 s here; the Deployment's own deadline is 20 s. */
const ROLLOUT_WITHIN = '60s';

/** kubectl as admin; answers what it prints. */
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

/** Creates or updates; fields others set stay. */
export async function applyObjects(lab: LabPaths, objects: object[]): Promise<void> {
  await kubectl(lab, ['apply', '--server-side', '--force-conflicts', '--field-manager=lab', '-f', '-'], list(objects));
}

/** Puts objects in the place of what is there, whole: fields and annotations others set go. */
export async function replaceObjects(lab: LabPaths, objects: object[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const refusal = await kubectl(lab, ['replace', '-f', '-'], list(objects)).then(
      () => undefined,
      (error: Error) => error,
    );
    if (refusal === undefined) return;
    if (attempt === REPLACE_ATTEMPTS || !refusal.message.includes('(Conflict)')) throw refusal;
  }
}

/** kubectl reads before it replaces; the controller of a Deployment whose pods crash writes its status several times a second in between. */
const REPLACE_ATTEMPTS = 10;

/** Waits until all replicas of a Deployment run its newest template. Throws with kubectl's words when they do not. */
export async function awaitRollout(lab: LabPaths, namespace: string, deployment: string): Promise<void> {
  await kubectl(lab, ['-n', namespace, 'rollout', 'status', `deployment/${deployment}`, `--timeout=${ROLLOUT_WITHIN}`]);
}
