// A variable of the container: set once, fenced, and back to what it was, with nothing else changed.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UndoEntry } from '../../verdict/undo.ts';
import { ApiFailure, type Verb } from '../kubernetes/api-failure.ts';
import type { Deployment, EnvVar } from '../kubernetes/objects.ts';
import { serveFakeApi, type FakeApiServer } from '../testing/fake-api-server.ts';
import { NEW } from '../testing/fake-cluster-api.ts';
import { countdown, drillWorld, type DrillWorld } from '../testing/one-drill.ts';
import { countdownOf } from '../testing/one-effect.ts';
import { operationOf } from './effect.ts';

let world: DrillWorld;
let health: FakeApiServer;
beforeEach(async () => {
  world = await drillWorld('deployment-environment');
  health = await serveFakeApi(world.api);
  world.healthUrl.current = `${health.url}/healthz`;
});
afterEach(() => health.close());

/** Not structuredClone, whose objects are of another realm. */
const found = (): Deployment => JSON.parse(JSON.stringify(world.api.deployment)) as Deployment;
const env = (): EnvVar[] | undefined => world.api.deployment?.spec.template.spec.containers[0]?.env;
const withEnv = (entries: EnvVar[]) =>
  world.api.change(({ spec }) => void Object.assign(spec.template.spec.containers[0] ?? {}, { env: entries }));
const writes = () => world.api.writes.filter((write) => write.endsWith(' deployments'));
const STATE = 'tminus.dev/operation-state';

async function applied(): Promise<UndoEntry> {
  const entry = await world.captured('deployment-environment');
  await world.apply(entry);
  return entry;
}

/** Without what the controller and the API server count, and the documented annotations. */
function comparable({ metadata, spec }: Deployment): object {
  const { resourceVersion: _, generation: __, annotations = {}, ...rest } = metadata;
  const documented = /^(tminus\.dev\/|deployment\.kubernetes\.io\/revision$)/;
  return {
    metadata: { ...rest, annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !documented.test(key))) },
    spec: JSON.parse(JSON.stringify(spec)),
  };
}

describe('a variable', () => {
  it.each<[string, EnvVar[] | undefined]>([
    ['absent, without any other', undefined],
    ['absent, beside others', [{ name: 'A', value: '1' }]],
    [
      'another value',
      [
        { name: 'ORDERS_MODE', value: 'direct' },
        { name: 'B', value: '$(ORDERS_MODE)' },
      ],
    ],
    ['an empty value', [{ name: 'ORDERS_MODE' }]],
    ['from a ConfigMap', [{ name: 'ORDERS_MODE', valueFrom: { configMapKeyRef: { name: 'shop', key: 'mode' } } }]],
  ])('that was %s is set and restored: spec, labels and annotations are as found', async (_, entries) => {
    world.api.change(({ metadata }) => {
      metadata.labels = { app: 'go-api' };
      metadata.annotations = { ...metadata.annotations, 'example.com/owner': 'shop' };
    });
    if (entries) withEnv(entries);
    const before = found();
    const entry = await world.captured('deployment-environment');
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: true });
    expect(env()?.find(({ name }) => name === 'ORDERS_MODE')).toEqual({ name: 'ORDERS_MODE', value: 'queue' });
    const proof = await world.restored(entry);
    expect(proof).toMatchObject({ restored: true, leftAlone: false });
    expect(proof.findings.map(({ code }) => code)).toEqual(['RolledBackInTime', 'RollbackHealthy']);
    expect(comparable(found())).toEqual(comparable(before));
    await world.acts.settleUndo({ entry, outcome: 'restored', countdown });
    expect(world.api.lease?.metadata.annotations?.[STATE]).toBe('restored');
    // A later drill starts from a closed operation.
    await expect(world.captured('deployment-environment', countdownOf('run-2'), 2)).resolves.toBeDefined();
  });

  it('keeps its recorded value out of the recorded state, which is stored in the workflow', async () => {
    withEnv([{ name: 'ORDERS_MODE', value: 'secret-4711' }]);
    const entry = await world.captured('deployment-environment');
    expect(JSON.stringify(entry)).not.toContain('4711');
    expect(entry.name).toBe('shop/go-api back to the recorded ORDERS_MODE');
  });

  it('is set once and restored once, however often it is asked for, and fenced by annotations and Lease', async () => {
    const entry = await applied();
    expect(found().metadata.annotations).toMatchObject({ 'tminus.dev/operation': entry.id, 'tminus.dev/fencing-generation': '1' });
    expect(world.api.lease?.metadata.annotations).toMatchObject({ 'tminus.dev/operation': entry.id, [STATE]: 'open' });
    await expect(world.apply(entry)).resolves.toMatchObject({ wrote: false });
    await world.restore(entry);
    await expect(world.restore(entry)).resolves.toMatchObject({ wrote: false });
    expect(writes()).toHaveLength(2);
  });

  it('is refused after its restore', async () => {
    const entry = await world.captured('deployment-environment');
    await world.restore(entry);
    await expect(world.apply(entry)).rejects.toMatchObject({ type: 'PreconditionChanged', nonRetryable: true });
    expect(env()).toBeUndefined();
  });

  it('is not restored where a later countdown owns the Deployment', async () => {
    const entry = await applied();
    world.api.change(({ metadata }) => {
      metadata.annotations = {
        ...metadata.annotations,
        'tminus.dev/operation': 'other/run/launch',
        'tminus.dev/countdown': 'other/run',
        'tminus.dev/fencing-generation': '3',
      };
    });
    await expect(world.restore(entry)).rejects.toMatchObject({ type: 'Fenced', nonRetryable: true });
    expect(env()).toEqual([{ name: 'ORDERS_MODE', value: 'queue' }]);
  });

  it('that was never set is not restored, and a delayed write then conflicts', async () => {
    const entry = await world.captured('deployment-environment');
    const template = found().spec.template;
    await expect(world.restore(entry)).resolves.toMatchObject({ wrote: true });
    expect(found().spec.template).toEqual(template);
    await expect(world.apply(entry)).rejects.toMatchObject({ nonRetryable: true });
    expect(env()).toBeUndefined();
  });
});

describe('a request that breaks', () => {
  const once = (verb: Verb, kind: string, when: 'before' | 'after'): void => {
    let isOver = false;
    const fail = (asked: Verb, resource: { resource: string }) => {
      if (isOver || asked !== verb || resource.resource !== kind) return;
      isOver = true;
      throw new ApiFailure({ verb, resource: resource as never, cluster: 'lab', status: 0, detail: 'lost' });
    };
    world.api.before = when === 'before' ? fail : () => undefined;
    world.api.after = when === 'after' ? fail : () => undefined;
  };

  it.each([
    ['get', 'deployments', 'before'],
    ['get', 'leases', 'before'],
    ['create', 'leases', 'before'],
    ['create', 'leases', 'after'],
    ['patch', 'leases', 'before'],
    ['patch', 'deployments', 'before'],
    ['patch', 'deployments', 'after'],
  ] as const)('sets once and restores once: %s %s, %s', async (verb, kind, when) => {
    const before = found();
    const entry = await world.captured('deployment-environment');
    once(verb, kind, when);
    await world.apply(entry).catch(() => world.apply(entry));
    expect(env()).toEqual([{ name: 'ORDERS_MODE', value: 'queue' }]);
    once(verb, kind, when);
    await world.restore(entry).catch(() => world.restore(entry));
    world.api.before = () => undefined;
    world.api.after = () => undefined;
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
    expect(comparable(found())).toEqual(comparable(before));
    expect(writes()).toHaveLength(2);
  });
});

describe('what somebody else changes', () => {
  it('of the variable after the drill is left alone and reported', async () => {
    const entry = await applied();
    withEnv([{ name: 'ORDERS_MODE', value: 'by-hand' }]);
    await expect(world.restored(entry)).resolves.toMatchObject({
      restored: true,
      leftAlone: true,
      findings: [{ code: 'RollbackNotNeeded' }],
    });
    expect(env()).toEqual([{ name: 'ORDERS_MODE', value: 'by-hand' }]);
    // Also when the restore is asked for again.
    await expect(world.restored(entry)).resolves.toMatchObject({ leftAlone: true });
  });

  it('of the image after the drill is kept, the variable is restored, and the result names it', async () => {
    const entry = await applied();
    world.api.change(({ spec }) => void Object.assign(spec.template.spec.containers[0] ?? {}, { image: NEW }));
    const proof = await world.restored(entry);
    expect(proof).toMatchObject({ restored: true, leftAlone: true });
    expect(proof.findings.at(-1)).toMatchObject({ code: 'ChangeLeftAlone', outcome: 'inconclusive' });
    expect([env(), found().spec.template.spec.containers[0]?.image]).toEqual([undefined, NEW]);
  });

  it('between record and write is not overwritten', async () => {
    const entry = await world.captured('deployment-environment');
    withEnv([{ name: 'OTHER', value: '1' }]);
    await expect(world.apply(entry)).rejects.toMatchObject({ type: 'PreconditionChanged', nonRetryable: true });
    expect(env()).toEqual([{ name: 'OTHER', value: '1' }]);
  });

  it('by kubectl rollout undo after the drill needs no restore', async () => {
    const entry = await applied();
    world.api.rolloutUndo('registry.local/go-api:sha-old0001');
    await expect(world.restored(entry)).resolves.toMatchObject({ restored: true, leftAlone: false });
    expect(env()).toBeUndefined();
  });
});

describe('a capture is refused', () => {
  it.each<[string, Partial<Record<'annotations' | 'labels', Record<string, string>>>, RegExp]>([
    [
      'Argo CD',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/go-api' } },
      /managed by Argo CD .*suspend it first \(argocd/,
    ],
    ['a Kustomization of Flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop' } }, /managed by Flux .*flux suspend kustomization/],
    ['a HelmRelease of Flux', { labels: { 'helm.toolkit.fluxcd.io/name': 'shop' } }, /managed by Flux .*flux suspend helmrelease/],
  ])('for a Deployment of %s', async (_, change, message) => {
    world.api.change(({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, ...change.annotations };
      metadata.labels = { ...metadata.labels, ...change.labels };
    });
    await expect(world.captured('deployment-environment')).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringMatching(message),
    });
    expect(writes()).toEqual([]);
  });

  it('where Argo CD has taken the Deployment over since the capture: the write is refused too', async () => {
    const entry = await world.captured('deployment-environment');
    world.api.change(({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/go-api' };
    });
    await expect(world.apply(entry)).rejects.toMatchObject({ type: 'Refused', message: expect.stringContaining('managed by Argo CD') });
    expect(env()).toBeUndefined();
  });

  it('where the variable is there twice, and while another operation is open', async () => {
    await applied();
    await expect(world.captured('deployment-environment', countdownOf('run-2'), 2)).rejects.toMatchObject({ type: 'OperationOpen' });
    world = await drillWorld('deployment-environment');
    withEnv([
      { name: 'ORDERS_MODE', value: '1' },
      { name: 'ORDERS_MODE', value: '2' },
    ]);
    await expect(world.captured('deployment-environment')).rejects.toMatchObject({
      message: expect.stringContaining('has ORDERS_MODE 2 times'),
    });
  });
});

it('shows the requests of a restore for a person', async () => {
  const entry = await applied();
  const preview = await world.effects['deployment-environment'].preview(operationOf(entry, countdown), entry.before);
  expect(preview).toMatchObject({ runsNow: 'ORDERS_MODE is set', goesBackTo: 'no ORDERS_MODE' });
  expect(preview.requests.at(-1)?.body).toMatchObject({
    spec: { template: { spec: { containers: [{ name: 'go-api', env: [{ name: 'ORDERS_MODE', $patch: 'delete' }] }] } } },
  });
  expect(preview.requests.at(-1)?.kubectl('1.json')).toBe('kubectl -n shop patch deployment go-api --type=strategic --patch-file 1.json');
});
