// The strategic merge patches of a variable on a real API server: what it makes of them is what a restore has to bring back.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OLD, openLabNamespace, until, type LabNamespace } from '../testing/lab-cluster.ts';
import { captureDeployment } from './capture-deployment.ts';
import type { Operation } from './contract.ts';
import { lastWriteAtMs } from './converge-write.ts';
import { leaseFence } from './lease.ts';
import { envOf, type Deployment, type EnvVar } from './objects.ts';
import { landedVariable, restoreVariable, writeVariable } from './write-variable.ts';

jest.setTimeout(60_000);

let lab: LabNamespace;
beforeEach(async () => {
  lab = await openLabNamespace('variable');
});
afterEach(() => lab.close());

const operation: Operation = {
  id: 'countdown/a/run/drill/drill/1/deployment-environment/x/go-api',
  countdown: 'countdown/a/run',
  generation: 1,
};
const restore: Operation = { ...operation, id: `${operation.id}#restore` };
const writer = (purpose: 'apply' | 'restore') => {
  const lastWriteMs = lastWriteAtMs();
  const claim = { target: lab.target, operation, before: 'sha256:before', for: purpose };
  return {
    client: lab.client,
    stores: { store: lab.store, restricted: lab.store },
    fence: leaseFence(lab.client, claim, lastWriteMs),
    now: () => new Date(),
  };
};

/** Without what the controller and the API server count, and the documented annotations. */
function comparable({ metadata, spec }: Deployment): object {
  const documented = /^(tminus\.dev\/|deployment\.kubernetes\.io\/revision$)/;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !documented.test(key));
  return { labels: metadata.labels, annotations, spec };
}

async function available(env: EnvVar[]): Promise<void> {
  await lab.createDeployment();
  await lab.change({
    spec: { template: { spec: { containers: [{ name: lab.target.container, env: [{ $patch: 'replace' }, ...env] }] } } },
  });
  const kubelet = lab.playKubelet([OLD]);
  await until('the Deployment to be available', async () => {
    const { metadata, status } = await lab.read();
    return (
      status?.observedGeneration === metadata.generation &&
      status?.availableReplicas === 3 &&
      status.replicas === 3 &&
      status.updatedReplicas === 3
    );
  });
  await kubelet.stop();
}

describe('a variable on a real API server', () => {
  it.each<[string, EnvVar[]]>([
    ['absent, without any other', []],
    [
      'absent, beside others',
      [
        { name: 'A', value: '1' },
        { name: 'B', value: '$(A)' },
      ],
    ],
    [
      'another value before one that refers to it',
      [
        { name: 'ORDERS_MODE', value: 'direct' },
        { name: 'B', value: '$(ORDERS_MODE)' },
      ],
    ],
    ['an empty value', [{ name: 'ORDERS_MODE', value: '' }]],
    ['from a ConfigMap', [{ name: 'ORDERS_MODE', valueFrom: { configMapKeyRef: { name: 'shop', key: 'mode', optional: true } } }]],
  ])('that was %s is set once and restored to exactly what it was', async (_, env) => {
    await available(env);
    const before = await lab.read();
    expect(envOf(before.spec.template, lab.target.container)).toHaveLength(env.length);
    const stores = { store: lab.store, restricted: lab.store };
    const { snapshot } = await captureDeployment(lab.client, stores, lab.target);
    const write = { target: lab.target, operation, variable: 'ORDERS_MODE', value: 'queue' };
    await expect(writeVariable(writer('apply'), { ...write, expected: snapshot })).resolves.toMatchObject({ wrote: true });
    await expect(writeVariable(writer('apply'), { ...write, expected: snapshot })).resolves.toMatchObject({ wrote: false });
    await expect(landedVariable({ client: lab.client, now: () => new Date() }, write)).resolves.toMatchObject({ wrote: false });
    const set = envOf((await lab.read()).spec.template, lab.target.container);
    expect(set?.filter(({ name }) => name === 'ORDERS_MODE')).toEqual([{ name: 'ORDERS_MODE', value: 'queue' }]);
    const back = { snapshot, operation: restore, undoes: operation.id, variable: 'ORDERS_MODE' };
    const restored = await restoreVariable(writer('restore'), back);
    expect(restored).toMatchObject({ wrote: true });
    expect(restored).not.toHaveProperty('leftAlone');
    await expect(restoreVariable(writer('restore'), back)).resolves.toMatchObject({ wrote: false });
    expect(comparable(await lab.read())).toEqual(comparable(before));
  });
});
