import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AppsV1Api, KubeConfig } from '@kubernetes/client-node';
import { createKubernetesActivities, fencingGeneration } from './index.ts';
import { ApiFailure } from './api-failure.ts';
import { createClusterClient, deployments, listReplicaSets, type ClusterClient } from './client.ts';
import type { Operation } from './contract.ts';
import { NEW, OLD, labKubeconfig, openLabNamespace, recordedActivity, until, type LabNamespace } from '../testing/lab-cluster.ts';
import { lastWriteAtMs } from './converge-write.ts';
import { claimLease, closeLease, leases, type Lease } from './lease.ts';
import { annotations, REVISION, TEMPLATE_HASH, type PodTemplate } from './objects.ts';
import { startResettingProxy, type ResettingProxy } from '../testing/resetting-proxy.ts';
import { deploymentWrites } from '../testing/deployment-writes.ts';

jest.setTimeout(60_000);

const operation = (effect: string, generation = 1, countdown = 'countdown/go-api-1.4.0'): Operation => ({
  id: `${countdown}/${generation}/${effect}/lab.shop.go-api`,
  countdown,
  generation,
});
const launch = operation('launch');
const rollback = operation('rollback');

let lab: LabNamespace;
let writes: string[];

let landed: string[];

/** Counts the patches of the Deployment that leave us, and those that were answered with success. */
function counting(client: ClusterClient, before: (attempt: number) => Promise<void> = async () => undefined): ClusterClient {
  return {
    ...client,
    patch: async (resource, body, type) => {
      if (resource.resource !== 'deployments') return client.patch(resource, body, type);
      writes.push(type);
      await before(writes.length);
      const after = await client.patch(resource, body, type);
      landed.push(type);
      return after as never;
    },
  };
}

/** A late write of the controller's own, to the status, would make the first patch a conflict and the second one the write that counts. */
async function settled(): Promise<boolean> {
  const { resourceVersion } = (await lab.read()).metadata;
  await new Promise((done) => setTimeout(done, 1_000));
  return (await lab.read()).metadata.resourceVersion === resourceVersion;
}

const activitiesWith = (client: ClusterClient) => ({
  ...createKubernetesActivities({
    store: lab.store,
    environment: { spec: { targets: {} } } as never,
    clients: () => client,
    activity: recordedActivity,
  }),
  ...deploymentWrites(client, lab.store),
});

beforeEach(async () => {
  writes = [];
  landed = [];
  lab = await openLabNamespace('writes');
  await lab.createDeployment();
  const kubelet = lab.playKubelet([OLD]);
  await until('the old version', async () => (await lab.read()).status?.availableReplicas === 3);
  await kubelet.stop();
  // From here on nothing but the test changes the Deployment: no real node has its pods.
  await until('the controller to leave the Deployment alone', settled);
});
afterEach(() => lab.close());

describe('applyImage on a real API server', () => {
  it('writes image, operation and fencing in one write, and leaves the other container alone', async () => {
    const acts = activitiesWith(counting(lab.client));
    const expected = await acts.captureDeployment(lab.target);
    const before = await lab.read();
    const result = await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    const after = await lab.read();
    expect(result).toMatchObject({ wrote: true, observedGeneration: (before.metadata.generation ?? 0) + 1 });
    expect(after.metadata.generation).toBe(result.observedGeneration);
    expect(after.spec.template.spec.containers.map(({ image }) => image)).toEqual(['registry.local/sidecar:1', NEW]);
    expect(after.metadata.annotations).toMatchObject({
      [annotations.operation]: launch.id,
      [annotations.countdown]: launch.countdown,
      [annotations.fencingGeneration]: '1',
      [annotations.operationAt]: result.at,
    });
  });

  it('writes once when it is repeated, and answers the time of the first landing', async () => {
    const acts = activitiesWith(counting(lab.client));
    const expected = await acts.captureDeployment(lab.target);
    const first = await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    const second = await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    expect(second).toEqual({ ...first, wrote: false });
    expect(landed).toHaveLength(1);
    expect((await lab.read()).metadata.generation).toBe(first.observedGeneration);
  });

  it('is fenced by a later countdown and names it', async () => {
    const acts = activitiesWith(counting(lab.client));
    const expected = await acts.captureDeployment(lab.target);
    await lab.change({ metadata: { annotations: { [annotations.fencingGeneration]: '2', [annotations.countdown]: 'countdown/other' } } });
    await expect(acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected })).rejects.toMatchObject({
      type: 'Fenced',
      nonRetryable: true,
      message: expect.stringContaining('belongs to countdown/other (fencing generation 2)'),
    });
    expect(writes).toEqual([]);
  });

  it('refuses a template that is no longer the recorded one', async () => {
    const acts = activitiesWith(counting(lab.client));
    const expected = await acts.captureDeployment(lab.target);
    await lab.change({ spec: { template: { spec: { containers: [{ name: 'go-api', image: 'registry.local/go-api:sha-else' }] } } } });
    await expect(acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected })).rejects.toMatchObject({
      type: 'PreconditionChanged',
      nonRetryable: true,
      message: expect.stringContaining(`it runs registry.local/go-api:sha-else, not ${OLD}`),
    });
    expect(writes).toEqual([]);
  });

  it('refuses a paused Deployment', async () => {
    const acts = activitiesWith(counting(lab.client));
    const expected = await acts.captureDeployment(lab.target);
    await lab.change({ spec: { paused: true } });
    await expect(acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected })).rejects.toMatchObject({
      type: 'Paused',
      nonRetryable: true,
    });
  });

  it('goes on after a conflict when only the scale was changed in between', async () => {
    const plain = activitiesWith(lab.client);
    const expected = await plain.captureDeployment(lab.target);
    const acts = activitiesWith(
      counting(lab.client, async (attempt) => void (attempt === 1 && (await lab.change({ spec: { replicas: 4 } })))),
    );
    const result = await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    expect(result.wrote).toBe(true);
    expect([writes.length > 1, landed.length]).toEqual([true, 1]);
    expect((await lab.read()).spec.replicas).toBe(4);
  });

  it('stops after a conflict when someone else changed the template, and does not overwrite it', async () => {
    const plain = activitiesWith(lab.client);
    const expected = await plain.captureDeployment(lab.target);
    const theirs = { spec: { template: { spec: { containers: [{ name: 'go-api', env: [{ name: 'THEIRS', value: '1' }] }] } } } };
    const acts = activitiesWith(counting(lab.client, async (attempt) => void (attempt === 1 && (await lab.change(theirs)))));
    await expect(acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected })).rejects.toMatchObject({
      type: 'PreconditionChanged',
    });
    expect((await lab.read()).spec.template.spec.containers[1]?.image).toBe(OLD);
  });
});

describe('applyImage through a connection that is reset', () => {
  let proxy: ResettingProxy;
  let through: ClusterClient;

  beforeAll(async () => {
    const config = new KubeConfig();
    config.loadFromFile(labKubeconfig());
    const server = new URL(config.getCurrentCluster()?.server ?? '');
    proxy = await startResettingProxy(server.hostname, Number(server.port));
    config.clusters = config.clusters.map((each) => ({ ...each, server: `https://127.0.0.1:${proxy.port}` }));
    through = createClusterClient('lab', () => config);
  });
  afterAll(() => proxy.close());

  it('reads back and finds that its write had landed, so it writes once', async () => {
    const expected = await activitiesWith(lab.client).captureDeployment(lab.target);
    const before = (await lab.read()).metadata.generation ?? 0;
    const acts = activitiesWith(counting(through, async () => proxy.loseNextAnswer()));
    const result = await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    expect(proxy.lost()).toBe(1);
    expect(writes).toHaveLength(1);
    expect(result).toMatchObject({ wrote: true, observedGeneration: before + 1 });
    expect((await lab.read()).metadata.generation).toBe(before + 1);
  });

  it('shows that the reset works: without a read-back the caller only gets no response', async () => {
    await through.get({ group: 'apps', version: 'v1', resource: 'deployments', namespace: lab.namespace, name: 'go-api' });
    proxy.loseNextAnswer();
    const patch = through.patch(
      { group: 'apps', version: 'v1', resource: 'deployments', namespace: lab.namespace, name: 'go-api' },
      { metadata: { annotations: { landed: 'yes' } } },
      'application/strategic-merge-patch+json',
    );
    await expect(patch).rejects.toMatchObject({ name: ApiFailure.name, status: 0, outcomeUnknown: true });
    await until('the write whose answer was lost', async () => (await lab.read()).metadata.annotations?.['landed'] === 'yes', 5_000);
  });
});

describe('restoreTemplate on a real API server', () => {
  it('puts back the whole recorded template exactly, also when the old ReplicaSet is gone', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    const recorded = (await lab.read()).spec.template;
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    await until(
      'the second ReplicaSet',
      async () => (await lab.read()).metadata.annotations?.['deployment.kubernetes.io/revision'] === '2',
    );
    await lab.deleteReplicaSet(`go-api-${snapshot.templateHash}`);
    const result = await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id });
    const after = await lab.read();
    expect(result.wrote).toBe(true);
    expect(after.spec.template).toEqual(recorded);
    expect(after.metadata.annotations?.[annotations.operation]).toBe(rollback.id);
    expect(after.metadata.generation).toBe(result.observedGeneration);
  });

  it('writes once when it is repeated', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    const first = await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id });
    const second = await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id });
    expect(second).toEqual({ ...first, wrote: false });
    expect(landed).toEqual(['application/strategic-merge-patch+json', 'application/json-patch+json']);
  });

  it('bars a launch that never landed: one still under way is refused afterwards', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    const recorded = (await lab.read()).spec.template;
    expect(await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id })).toMatchObject({ wrote: true });
    await expect(acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot })).rejects.toMatchObject({
      type: 'PreconditionChanged',
      message: expect.stringContaining(`written by ${rollback.id} since it was recorded`),
    });
    expect((await lab.read()).spec.template).toEqual(recorded);
  });

  it('bars also a launch whose write is overtaken by the rollback', async () => {
    const plain = activitiesWith(lab.client);
    const snapshot = await plain.captureDeployment(lab.target);
    const slow = activitiesWith(
      counting(lab.client, async () => void (await plain.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id }))),
    );
    await expect(slow.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot })).rejects.toMatchObject({
      type: 'PreconditionChanged',
    });
    expect((await lab.read()).spec.template.spec.containers[1]?.image).toBe(OLD);
  });

  it('writes nothing when a person has put the old template back by hand', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    await lab.change({ spec: { template: { spec: { containers: [{ name: 'go-api', image: OLD }] } } } });
    expect(await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id })).toMatchObject({ wrote: false });
    expect(landed).toHaveLength(1);
  });

  it('ends at once, with what to do, where the Deployment is gone', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    await lab.kubeconfig.makeApiClient(AppsV1Api).deleteNamespacedDeployment({ namespace: lab.namespace, name: 'go-api' });
    const gone = { type: 'NotFound', nonRetryable: true };
    await expect(acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id })).rejects.toMatchObject({
      ...gone,
      message: `deployment ${lab.namespace}/go-api was deleted from cluster lab, so there is nothing to roll back; to serve again, deploy it with ${OLD}`,
    });
    const watched = { target: lab.target, observedGeneration: 1, image: OLD, timeoutMs: 30_000 };
    await expect(acts.watchRollout(watched)).rejects.toMatchObject(gone);
  });

  it('may be tried on where its identity may not, for that may pass', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    const stranger = new KubeConfig();
    stranger.loadFromFile(labKubeconfig());
    stranger.users = stranger.users.map((user) => ({ ...user, impersonateUser: 'nobody-knows' }));
    const refused = activitiesWith(createClusterClient('lab', () => stranger));
    const restore = { snapshot, operation: rollback, undoes: launch.id };
    await expect(refused.restoreTemplate(restore)).rejects.toMatchObject({ type: 'Forbidden', nonRetryable: false });
    expect(await acts.restoreTemplate(restore)).toMatchObject({ wrote: true });
  });

  it('does not overwrite a change by someone else after the launch', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    await lab.change({ spec: { template: { spec: { containers: [{ name: 'go-api', image: 'registry.local/go-api:hotfix' }] } } } });
    await expect(acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id })).rejects.toMatchObject({
      type: 'PreconditionChanged',
      nonRetryable: true,
    });
    expect((await lab.read()).spec.template.spec.containers[1]?.image).toBe('registry.local/go-api:hotfix');
  });

  it('resumes a Deployment that was paused after the launch, in the same write', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    await lab.change({ spec: { paused: true } });
    expect(await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id })).toMatchObject({ wrote: true });
    const { spec } = await lab.read();
    expect([spec.paused ?? false, spec.template.spec.containers[1]?.image]).toEqual([false, OLD]);
  });

  it('leaves a pause alone that kept the launch from landing', async () => {
    const acts = activitiesWith(counting(lab.client));
    const snapshot = await acts.captureDeployment(lab.target);
    await lab.change({ spec: { paused: true } });
    await expect(acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot })).rejects.toMatchObject({
      type: 'Paused',
    });
    await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id });
    expect((await lab.read()).spec.paused).toBe(true);
  });

  it('goes on after a conflict with a change that is not its business', async () => {
    const plain = activitiesWith(lab.client);
    const snapshot = await plain.captureDeployment(lab.target);
    await plain.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    const acts = activitiesWith(
      counting(lab.client, async (attempt) => void (attempt === 1 && (await lab.change({ spec: { replicas: 5 } })))),
    );
    expect(await acts.restoreTemplate({ snapshot, operation: rollback, undoes: launch.id })).toMatchObject({ wrote: true });
    expect([writes.length > 1, landed.length]).toEqual([true, 1]);
  });
});

describe('the Lease beside a real Deployment', () => {
  const read = () => lab.client.get<Lease>(leases(lab.namespace, 'tminus-go-api'));

  it('is created by the first claim, once, and closed by the settlement', async () => {
    const acts = activitiesWith(lab.client);
    const expected = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    const first = await read();
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    expect(await read()).toEqual(first);
    expect(first).toMatchObject({
      spec: { holderIdentity: launch.countdown },
      metadata: {
        annotations: { [annotations.operation]: launch.id, [annotations.fencingGeneration]: '1', 'tminus.dev/operation-state': 'open' },
      },
    });
    await closeLease(lab.client, { target: lab.target, operation: launch, outcome: 'kept' }, lastWriteAtMs());
    expect((await read()).metadata.annotations?.['tminus.dev/operation-state']).toBe('kept');
  });

  it('goes to one of two countdowns that claim it at the same time', async () => {
    const claims = ['countdown/a/run-1', 'countdown/b/run-2'].map((countdown) =>
      claimLease(lab.client, { target: lab.target, operation: operation('launch', 1, countdown), for: 'apply' }, lastWriteAtMs()),
    );
    const outcomes = await Promise.allSettled(claims);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { type: 'Fenced' } });
  });

  it('keeps the generation that `kubectl rollout undo` takes off the Deployment, and fences the countdown whose annotations it brings back', async () => {
    const acts = activitiesWith(lab.client);
    const expected = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected });
    await rolledOut();
    await closeLease(lab.client, { target: lab.target, operation: launch, outcome: 'kept' }, lastWriteAtMs());
    const next = operation('launch', 2, 'countdown/go-api-1.5.0/run-2');
    const before = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: next, image: 'registry.local/go-api:sha-third', expected: before });
    await rolloutUndo(NEW);
    expect((await lab.read()).metadata.annotations?.[annotations.operation]).toBe(launch.id);
    expect(await fencingGeneration(lab.client, lab.target)).toBe(2);
    await expect(acts.restoreTemplate({ snapshot: expected, operation: rollback, undoes: launch.id })).rejects.toMatchObject({
      type: 'Fenced',
    });
    expect((await lab.read()).spec.template.spec.containers[1]?.image).toBe(NEW);
  });

  it('keeps the second engine with the same release from taking the first one’s launch for its own', async () => {
    const acts = activitiesWith(lab.client);
    const expected = await acts.captureDeployment(lab.target);
    await acts.applyImage({ target: lab.target, operation: operation('launch', 1, 'countdown/go-api-1.4.0/run-1'), image: NEW, expected });
    const second = operation('launch', 1, 'countdown/go-api-1.4.0/run-2');
    await expect(acts.applyImage({ target: lab.target, operation: second, image: NEW, expected })).rejects.toMatchObject({
      type: 'Fenced',
    });
    await expect(
      acts.restoreTemplate({ snapshot: expected, operation: operation('rollback', 1, second.countdown), undoes: second.id }),
    ).rejects.toMatchObject({ nonRetryable: true });
    expect((await lab.read()).spec.template.spec.containers[1]?.image).toBe(NEW);
  });
});

describe('a restore whose snapshot is lost', () => {
  it('takes the template of the old ReplicaSet, exactly as it was recorded', async () => {
    const acts = activitiesWith(lab.client);
    const snapshot = await acts.captureDeployment(lab.target);
    const recorded = (await lab.read()).spec.template;
    await acts.applyImage({ target: lab.target, operation: launch, image: NEW, expected: snapshot });
    const digest = `sha256:${'0'.repeat(64)}`;
    const lost = { ...snapshot, whole: digest, evidence: { ...snapshot.evidence, digest } };
    expect(await acts.restoreTemplate({ snapshot: lost, operation: rollback, undoes: launch.id })).toMatchObject({ wrote: true });
    expect((await lab.read()).spec.template).toEqual(recorded);
  });
});

async function rolledOut(): Promise<void> {
  const kubelet = lab.playKubelet([NEW]);
  await until('the new version', async () => {
    const { status, metadata } = await lab.read();
    return (
      status?.observedGeneration === metadata.generation &&
      status?.availableReplicas === 3 &&
      status.replicas === 3 &&
      status.updatedReplicas === 3
    );
  });
  await kubelet.stop();
}

/** What `kubectl rollout undo` sends: template and annotations of the old ReplicaSet. */
async function rolloutUndo(image: string): Promise<void> {
  const all = (await listReplicaSets(lab.client, lab.namespace, 'app=go-api')) as (Awaited<ReturnType<typeof listReplicaSets>>[number] & {
    spec: { template: PodTemplate };
  })[];
  const old = all.find(({ spec }) => spec.template.spec.containers[1]?.image === image);
  if (!old) throw new Error(`no ReplicaSet has ${image}`);
  const { [TEMPLATE_HASH]: _, ...labels } = old.spec.template.metadata?.labels ?? {};
  const template = { ...old.spec.template, metadata: { ...old.spec.template.metadata, labels } };
  const current = (await lab.read()).metadata.annotations ?? {};
  const body = [
    { op: 'replace', path: '/spec/template', value: template },
    { op: 'replace', path: '/metadata/annotations', value: { ...old.metadata.annotations, [REVISION]: current[REVISION] } },
  ];
  await lab.client.patch(deployments(lab.namespace, 'go-api'), body, 'application/json-patch+json');
}
