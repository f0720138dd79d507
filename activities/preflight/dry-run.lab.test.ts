import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { Finding } from '../../verdict/finding.ts';
import { NEW, OLD, openLabNamespace, recordedActivity, until, type LabNamespace } from '../testing/lab-cluster.ts';
import { annotations, type Deployment } from '../kubernetes/objects.ts';
import { deploymentWrites } from '../testing/deployment-writes.ts';
import { startWebhook, type Admission, type FakeWebhook } from '../testing/fake-webhook.ts';
import { createPreflightActivities } from './run-preflight.ts';

jest.setTimeout(60_000);

const environment = { spec: { clusters: { lab: {} }, prometheus: {}, targets: {} } } as never;
const DIGEST = `@sha256:${'a'.repeat(64)}`;

let lab: LabNamespace;
let webhook: FakeWebhook | null;
beforeEach(async () => {
  webhook = null;
  lab = await openLabNamespace('dry-run');
  await lab.createDeployment();
  await until('the first ReplicaSet', async () => (await lab.read()).status?.unavailableReplicas === 3);
});
afterEach(async () => {
  await webhook?.close();
  await lab.close();
});

/** Installs a webhook, and waits until the API server asks it. */
async function admitting(admit: (deployment: Deployment) => Admission): Promise<FakeWebhook> {
  webhook = await startWebhook(lab.kubeconfig, lab.namespace, admit);
  const { asked } = webhook;
  const note = { metadata: { annotations: { noted: 'yes' } } };
  const resource = { group: 'apps', version: 'v1', resource: 'deployments', namespace: lab.namespace, name: 'go-api' };
  await until('the webhook to be asked', async () => {
    await lab.client.dryRunPatch(resource, note, 'application/strategic-merge-patch+json').catch(() => undefined);
    return asked.length > 0;
  });
  asked.length = 0;
  return webhook;
}

async function preflight(image = NEW): Promise<Finding | undefined> {
  const { runPreflight } = createPreflightActivities({
    store: lab.store,
    environment,
    clients: () => lab.client,
    activity: recordedActivity,
  });
  const { findings } = await runPreflight({
    step: { type: 'preflight', name: 'preflight', maxClockSkewMs: 2_000 },
    quick: false,
    countdown: 'countdown/go-api-1.4.0/run',
    production: lab.target,
    staging: null,
    image,
    healthTarget: 'shop',
    healthPath: '/healthz',
    guard: null,
  });
  return findings.find(({ subject }) => subject === 'dry run');
}

/** What policy engines do to images given by a tag. */
const pinned = ({ spec }: Deployment): Admission => ({
  patch: spec.template.spec.containers.flatMap(({ image }, index) =>
    image.includes('@') ? [] : [{ op: 'replace', path: `/spec/template/spec/containers/${index}/image`, value: `${image}${DIGEST}` }],
  ),
});

it('passes where the cluster leaves the writes as they are, and writes nothing', async () => {
  const hook = await admitting(() => ({}));
  const before = await lab.read();
  expect(await preflight()).toMatchObject({ code: 'PreflightPassed', measured: 2, limit: 2 });
  const { metadata, spec } = await lab.read();
  expect([metadata.generation, metadata.annotations?.[annotations.operation], spec]).toEqual([
    before.metadata.generation,
    undefined,
    before.spec,
  ]);
  expect([hook.asked.length >= 2, hook.asked.every(Boolean)]).toEqual([true, true]);
});

it('finds the webhook that gives images their digest, which would bar the rollback of a launch', async () => {
  await admitting(pinned);
  const finding = await preflight();
  expect(finding).toMatchObject({ code: 'PreflightFailed', measured: 0, limit: 2 });
  expect(finding?.message).toContain(`spec.template.spec.containers[go-api].image of the launch from ${NEW} to ${NEW}${DIGEST}`);
  expect(finding?.message).toContain('name the images by their digest');

  // The fault bites: this is what the launch would have come to.
  const kubelet = lab.playKubelet([OLD, `${OLD}${DIGEST}`]);
  await until('the old version', async () => (await lab.read()).status?.availableReplicas === 3);
  await kubelet.stop();
  const acts = deploymentWrites(lab.client, lab.store);
  const snapshot = await acts.captureDeployment(lab.target);
  const operation = (effect: string) => ({ id: `countdown/1/${effect}/go-api`, countdown: 'countdown', generation: 1 });
  await expect(
    acts.applyImage({ target: lab.target, operation: operation('launch'), image: NEW, expected: snapshot }),
  ).rejects.toMatchObject({ type: 'PreconditionChanged', message: expect.stringContaining(`it runs ${NEW}${DIGEST} now`) });
  await expect(acts.restoreTemplate({ snapshot, operation: operation('rollback'), undoes: operation('launch').id })).rejects.toMatchObject({
    type: 'PreconditionChanged',
  });
});

it('passes again once the images are given by their digest', async () => {
  await lab.change({
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'sidecar', image: `registry.local/sidecar:1${DIGEST}` },
            { name: 'go-api', image: `${OLD}${DIGEST}` },
          ],
        },
      },
    },
  });
  await admitting(pinned);
  expect(await preflight(`${NEW}${DIGEST}`)).toMatchObject({ code: 'PreflightPassed' });
});

it('finds the policy that would deny the launch, with its reason', async () => {
  await admitting(({ spec }) => (spec.template.spec.containers[1]?.image === NEW ? { denied: 'the image is not signed' } : {}));
  const finding = await preflight();
  expect(finding).toMatchObject({ code: 'PreflightFailed', measured: 1, limit: 2 });
  expect(finding?.message).toMatch(/would refuse the write of the launch: .*denied the request: the image is not signed/);
});
