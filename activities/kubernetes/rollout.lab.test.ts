import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createKubernetesActivities } from './index.ts';
import type { KubernetesActivities, Operation, WriteResult } from './contract.ts';
import { NEW, OLD, openLabNamespace, recordedActivity, until, type LabNamespace } from '../testing/lab-cluster.ts';
import { deploymentWrites, type DeploymentWrites } from '../testing/deployment-writes.ts';

jest.setTimeout(90_000);

const countdown = 'countdown/go-api-1.4.0';
const operation = (effect: string): Operation => ({ id: `${countdown}/1/${effect}/lab.shop.go-api`, countdown, generation: 1 });

let lab: LabNamespace;
let acts: KubernetesActivities & DeploymentWrites;
let health: Server;
let answers: () => [number, string];
let kubelet: { stop(): Promise<void> };
let activity: ReturnType<typeof recordedActivity>;

beforeEach(async () => {
  lab = await openLabNamespace('rollout');
  answers = () => [200, '{"status":"ok"}'];
  health = createServer((_request, response) => {
    const [status, body] = answers();
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((done) => health.listen(0, '127.0.0.1', done));
  const environment = { spec: { targets: { shop: { url: `http://127.0.0.1:${(health.address() as AddressInfo).port}` } } } } as never;
  activity = recordedActivity();
  acts = {
    ...createKubernetesActivities({ store: lab.store, environment, clients: () => lab.client, activity: () => activity }),
    ...deploymentWrites(lab.client, lab.store),
  };
});
afterEach(async () => {
  await kubelet.stop();
  health.close();
  await lab.close();
});

async function ready(spec: Parameters<LabNamespace['createDeployment']>[0], images: string[]): Promise<void> {
  await lab.createDeployment(spec);
  kubelet = lab.playKubelet(images);
  await until('the old version', async () => (await lab.read()).status?.availableReplicas === 3);
}

const watch = ({ observedGeneration }: WriteResult, image: string, timeoutMs = 60_000) =>
  acts.watchRollout({ target: lab.target, observedGeneration, image, timeoutMs });
const verify = (image: string, timeoutMs = 10_000) =>
  acts.verifyVersion({ target: lab.target, image, healthTarget: 'shop', healthPath: '/healthz', timeoutMs });

describe('a rollout on a real control plane', () => {
  it('is complete only when all pods are new, and then exactly one version serves', async () => {
    await ready({}, [OLD]);
    const expected = await acts.captureDeployment(lab.target);
    const watching = watch(await acts.applyImage({ target: lab.target, operation: operation('launch'), image: NEW, expected }), NEW);
    await until('a look at pods that are not ready', async () => activity.reported.some(({ text }) => text === '0 of 3 pods ready'));
    await kubelet.stop();
    kubelet = lab.playKubelet([OLD, NEW]);
    const result = await watching;
    expect(result).toMatchObject({ outcome: 'complete', podsReady: 3, podsWanted: 3 });
    const proof = await verify(NEW);
    expect(proof).toMatchObject({ ok: true, pods: 3 });
    expect(await verify(OLD, 1_000)).toMatchObject({
      ok: false,
      detail: expect.stringContaining(`the pod template has ${NEW}, not ${OLD}`),
    });
  });

  it('notices ProgressDeadlineExceeded within 2 s, and the rollback to the recorded template is not mistaken for the failed launch', async () => {
    await ready({ progressDeadlineSeconds: 4 }, [OLD]);
    const snapshot = await acts.captureDeployment(lab.target);
    const failed = await watch(
      await acts.applyImage({ target: lab.target, operation: operation('launch'), image: NEW, expected: snapshot }),
      NEW,
    );
    const noticedMs = Date.now();
    expect(failed).toMatchObject({
      outcome: 'progress-deadline-exceeded',
      podsReady: 0,
      podsWanted: 3,
      detail: expect.stringContaining('unschedulable: 0/1 nodes are available'),
    });
    // lastTransitionTime has whole seconds, so it may be up to one earlier than the condition.
    expect(noticedMs - Date.parse(failed.conditionAt)).toBeLessThan(3_000);
    expect(await verify(NEW, 1_000)).toMatchObject({ ok: false });

    const back = await watch(
      await acts.restoreTemplate({ snapshot, operation: operation('rollback'), undoes: operation('launch').id }),
      OLD,
    );
    expect(back).toMatchObject({ outcome: 'complete', podsReady: 3 });
    expect(await verify(OLD)).toMatchObject({ ok: true, pods: 3 });
  });

  it('is superseded when someone else changes the template during it', async () => {
    await ready({}, [OLD]);
    const expected = await acts.captureDeployment(lab.target);
    const write = await acts.applyImage({ target: lab.target, operation: operation('launch'), image: NEW, expected });
    const watching = watch(write, NEW);
    await until('a first look', async () => activity.reported.length > 0);
    await lab.change({ spec: { template: { spec: { containers: [{ name: 'go-api', image: 'registry.local/go-api:hotfix' }] } } } });
    expect(await watching).toMatchObject({ outcome: 'superseded', detail: expect.stringContaining('hotfix') });
  });

  it('times out with what was still missing', async () => {
    await ready({}, [OLD]);
    const expected = await acts.captureDeployment(lab.target);
    const write = await acts.applyImage({ target: lab.target, operation: operation('launch'), image: NEW, expected });
    expect(await watch(write, NEW, 2_000)).toMatchObject({ outcome: 'timed-out', detail: expect.stringContaining('0 of 3 pods ready') });
  });

  it('does not call a version serving whose health is bad, or good only now and then', async () => {
    await ready({}, [OLD]);
    answers = () => [500, '{"status":"down"}'];
    expect(await verify(OLD, 1_500)).toMatchObject({ ok: false, detail: expect.stringContaining('500 {"status":"down"}') });
    answers = () => [200, 'ok'];
    expect(await verify(OLD, 1_500)).toMatchObject({ ok: false });
    let asked = 0;
    answers = () => ((asked += 1) % 4 === 0 ? [503, '{}'] : [200, '{"status":"ok"}']);
    expect(await verify(OLD, 2_000)).toMatchObject({ ok: false, detail: expect.stringContaining('503') });
  });
});
