import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { createRestrictedStore } from '../evidence/restricted.ts';
import { ApiFailure, type Verb } from '../kubernetes/api-failure.ts';
import { lastWriteAtMs } from '../kubernetes/converge-write.ts';
import { fencingGeneration } from '../kubernetes/index.ts';
import { annotations } from '../kubernetes/objects.ts';
import { NEW, OLD, FakeClusterApi, target } from '../testing/fake-cluster-api.ts';
import { createEffectActivities } from './activities.ts';
import { capturedStatement } from './authority.ts';
import type { EffectActivities } from './contract.ts';
import type { DeploymentBefore } from './deployment-before.ts';
import { operationOf, restoreOf } from './effect.ts';
import { captureInput, countdownOf, entryOf, fakeEffects } from '../testing/one-effect.ts';
import { TrustedWorld, releaseOf } from '../testing/trusted.ts';

let api: FakeClusterApi;
let folder: string;
let acts: EffectActivities;
let world: TrustedWorld;
const countdown = countdownOf('run-1');
const STATE = 'tminus.dev/operation-state';

beforeEach(async () => {
  api = new FakeClusterApi();
  folder = await mkdtemp(join(tmpdir(), 'effect-'));
  world = new TrustedWorld(await mkdtemp(join(tmpdir(), 'trust-')));
  acts = createEffectActivities({
    trust: world.trust,
    effects: fakeEffects(api, folder),
    journal: {
      register: async (entry, ref) => ({ entry, countdown: ref, registeredAt: '2026-11-25T09:00:00Z', settled: null, isNew: true }),
      settle: async () => undefined,
      find: async () => null,
      list: async () => ({ records: [], damaged: [] }),
    },
    messages: {
      registerWithCountdown: async () => undefined,
      registerWithRestorer: async () => undefined,
      settleWithRestorer: async () => undefined,
    },
  });
});

const image = (): string | undefined => api.deployment?.spec.template.spec.containers[0]?.image;
const captured = async (of: CountdownRef = countdown, generation = 1, wantedImage = NEW): Promise<UndoEntry> => {
  const { before, seal } = await acts.captureEffect(captureInput(of, generation, wantedImage));
  return entryOf(before, of, generation, seal);
};
const launch = (entry: UndoEntry, of: CountdownRef = countdown, wanted = NEW) =>
  acts.applyEffect({ entry, wanted: { image: wanted }, countdown: of, authority: world.authority(of, world.input(releaseOf(wanted))) });
async function launched(): Promise<UndoEntry> {
  const entry = await captured();
  await launch(entry);
  return entry;
}

const CANARY = 'canary-4f1d';
/** Credentials in every place of a Deployment where people put them. */
function withSecrets(): void {
  api.change(({ metadata, spec }) => {
    const container = {
      name: 'go-api',
      image: OLD,
      env: [
        { name: 'DATABASE_URL', value: `postgres://shop:${CANARY}-env@db/shop` },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 'shop', key: 'key' } } },
      ],
      args: ['--listen', `--token=${CANARY}-arg`],
      livenessProbe: { httpGet: { path: '/healthz', port: 8080, httpHeaders: [{ name: 'Authorization', value: `${CANARY}-header` }] } },
    };
    spec.template = { metadata: { labels: { app: 'go-api' } }, spec: { containers: [container] } };
    const applied = JSON.stringify({ spec: { template: spec.template } });
    metadata.annotations = { ...metadata.annotations, 'kubectl.kubernetes.io/last-applied-configuration': applied };
  });
}

/** Every file below a folder, as one text. */
async function textIn(place: string): Promise<string> {
  const files = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => []);
  return (await Promise.all(files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')))).join(
    '\n',
  );
}

describe('what readers may download of a Deployment', () => {
  it('has its shape, names and images, and no value; the whole one lies where no reader gets at it', async () => {
    withSecrets();
    const { before, evidence } = await acts.captureEffect(captureInput(countdown));
    const { whole = '' } = before as DeploymentBefore;
    expect(await textIn(join(folder, 'sha256'))).not.toContain('canary');
    expect((await textIn(join(folder, 'restricted'))).match(/canary-4f1d-(env|arg|header)/g)).toHaveLength(6);
    expect((await stat(join(folder, 'restricted'))).mode & 0o777).toBe(0o700);
    await createRestrictedStore(join(folder, 'other')).put({ kind: 'deployment-snapshot', mediaType: '', source: '' }, new Uint8Array());
    expect((await stat(join(folder, 'other'))).mode & 0o077).not.toBe(0);
    // What a reader verifies is stored under its own digest.
    expect(evidence).toMatchObject([{ kind: 'deployment-snapshot' }]);
    expect(JSON.parse(await textIn(join(folder, 'sha256')))).toEqual({
      redacted: expect.stringContaining('a rollback restores the whole document'),
      whole,
      target,
      uid: 'uid-1',
      resourceVersion: expect.any(String),
      generation: expect.any(Number),
      replicas: 3,
      annotations: expect.objectContaining({ 'kubectl.kubernetes.io/last-applied-configuration': '(redacted 1)' }),
      template: {
        metadata: { labels: { app: 'go-api' } },
        spec: {
          containers: [
            {
              name: 'go-api',
              image: OLD,
              env: [
                { name: 'DATABASE_URL', value: '(redacted 2)' },
                { name: 'KEY', valueFrom: { secretKeyRef: { name: 'shop', key: 'key' } } },
              ],
              args: ['(redacted 3)', '(redacted 4)'],
              livenessProbe: {
                httpGet: { path: '(redacted 5)', port: 8080, httpHeaders: [{ name: 'Authorization', value: '(redacted 6)' }] },
              },
            },
          ],
        },
      },
    });
    const evidenceStore = createFolderEvidenceStore(folder);
    expect(await evidenceStore.has(whole)).toBe(false);
    expect(await createRestrictedStore(folder).has(whole)).toBe(true);
  });

  it('gives nothing to guess at a short password by: the same Deployment has another digest each time', async () => {
    const [first, second] = [await acts.captureEffect(captureInput(countdown)), await acts.captureEffect(captureInput(countdown))];
    expect((first.before as DeploymentBefore).whole).not.toBe((second.before as DeploymentBefore).whole);
  });
});

describe('capture', () => {
  it('records image, template digest, uid and health settings, and changes nothing', async () => {
    const { before, goesBackTo } = await acts.captureEffect(captureInput(countdown));
    expect(goesBackTo).toBe(OLD);
    expect(before).toMatchObject({
      image: OLD,
      replicas: 3,
      templateHash: 'hash1',
      uid: 'uid-1',
      healthTarget: 'shop',
      templateDigest: expect.stringMatching(/^sha256:/),
    });
    expect(api.writes).toEqual([]);
  });

  it.each([
    ['is still rolling out', () => setStatus({ updatedReplicas: 2 }), '2 of 3 replicas are updated'],
    ['has a pod that is not ready', () => setStatus({ readyReplicas: 1 }), '1 of 3 replicas are ready'],
    ['has a pod that is not available', () => setStatus({ availableReplicas: 0 }), '0 of 3 replicas are available'],
    ['still has pods of another version', () => setStatus({ replicas: 4 }), '4 pods exist, 3 are wanted'],
    ['was changed a moment ago', () => setStatus({ observedGeneration: 0 }), 'the controller has observed generation 0 of 1'],
    ['is paused', () => void (api.deployment && (api.deployment.spec.paused = true)), 'it is paused'],
    ['has no replicas', () => void (api.deployment && (api.deployment.spec.replicas = 0)), 'it has 0 replicas'],
  ])('refuses a Deployment that %s', async (_, change, why) => {
    change();
    await expect(captured()).rejects.toMatchObject({ type: 'NotReady', nonRetryable: true, message: expect.stringContaining(why) });
  });

  it('refuses an operation of another countdown that is open, names it and the way out', async () => {
    await launched();
    await expect(captured(countdownOf('run-2'), 2)).rejects.toMatchObject({
      type: 'OperationOpen',
      nonRetryable: true,
      message: expect.stringMatching(/countdown\/go-api-1\.4\.0\/run-1.*tminus leftovers/),
    });
  });

  it('refuses a launch whose Lease was removed, for nothing records how it ended', async () => {
    await launched();
    api.lease = null;
    await expect(captured(countdownOf('run-2'), 2)).rejects.toMatchObject({
      type: 'OperationOpen',
      message: expect.stringContaining('kubectl -n shop annotate deployment go-api tminus.dev/operation-'),
    });
  });

  it.each(['restored', 'kept'] as const)('goes on where the operation before it was %s', async (outcome) => {
    const entry = await launched();
    if (outcome === 'restored') await acts.restoreEffect({ entry, countdown });
    await acts.settleUndo({ entry, outcome, countdown });
    await expect(captured(countdownOf('run-2'), 2)).resolves.toMatchObject({ kind: 'deployment-image' });
  });

  it('refuses a launch whose Lease has the same operation with another generation, because someone changed one of them', async () => {
    await acts.settleUndo({ entry: await launched(), outcome: 'kept', countdown });
    api.change(({ metadata }) => void (metadata.annotations = { ...metadata.annotations, [annotations.fencingGeneration]: '4' }));
    await expect(captured(countdownOf('run-2'), 5)).rejects.toMatchObject({ type: 'OperationOpen', nonRetryable: true });
  });

  it('refuses a candidate that was rolled back and that `rollout undo` brought back', async () => {
    const entry = await launched();
    await acts.restoreEffect({ entry, countdown });
    await acts.settleUndo({ entry, outcome: 'restored', countdown });
    api.rolloutUndo(NEW);
    await expect(captured(countdownOf('run-2'), 2)).rejects.toMatchObject({ type: 'OperationOpen', nonRetryable: true });
  });

  it('refuses the launch of the countdown itself, which is not a version to go back to', async () => {
    await launched();
    await expect(captured(countdown, 3)).rejects.toMatchObject({
      type: 'OperationOpen',
      message: expect.stringContaining('of this countdown'),
    });
  });

  it('refuses a fencing annotation that is not a number, which would become a generation of null', async () => {
    api.change(({ metadata }) => void (metadata.annotations = { ...metadata.annotations, [annotations.fencingGeneration]: 'many' }));
    const refusal = { type: 'PreconditionChanged', message: expect.stringContaining('"many", which is not a whole number') };
    await expect(captured()).rejects.toMatchObject(refusal);
    await expect(fencingGeneration(api.client, target)).rejects.toMatchObject(refusal);
  });

  it('refuses before anything is written when the right to read Leases is missing, and names verb and resource', async () => {
    api.before = (verb, resource) => {
      if (resource.resource === 'leases')
        throw new ApiFailure({ verb, resource, cluster: 'lab', status: 403, detail: 'User cannot get leases' });
    };
    await expect(captured()).rejects.toMatchObject({
      type: 'Forbidden',
      message: expect.stringMatching(/get leases\.coordination\.k8s\.io shop\/tminus-go-api.*verb "get"/),
    });
  });
});

describe('apply', () => {
  it('claims the Lease before it writes, and writes once when it is repeated', async () => {
    const entry = await captured();
    const first = await launch(entry);
    expect(await launch(entry)).toEqual({ ...first, wrote: false });
    expect(api.writes).toEqual(['CREATE leases', 'PATCH deployments']);
    expect(api.lease).toMatchObject({
      spec: { holderIdentity: 'countdown/go-api-1.4.0/run-1' },
      metadata: { annotations: { [annotations.operation]: entry.id, [annotations.fencingGeneration]: '1', [STATE]: 'open' } },
    });
  });

  it('the second engine does not take the first one’s launch for its own', async () => {
    const second = await captured(countdownOf('run-2'));
    await launched();
    await expect(launch(second, countdownOf('run-2'))).rejects.toMatchObject({ type: 'Fenced', nonRetryable: true });
    await expect(acts.restoreEffect({ entry: second, countdown: countdownOf('run-2') })).rejects.toMatchObject({ nonRetryable: true });
    expect(image()).toBe(NEW);
    expect(api.writes.filter((write) => write.endsWith('deployments'))).toHaveLength(1);
  });

  it('is refused by the Lease when another countdown has claimed it and not written yet', async () => {
    const entry = await captured();
    const later = await captured(countdownOf('run-2'), 2);
    api.before = (verb, { resource }) => {
      if (verb === 'patch' && resource === 'deployments')
        throw new ApiFailure({ verb, resource: { group: 'apps', version: 'v1', resource }, cluster: 'lab', status: 403, detail: 'no' });
    };
    await expect(launch(later, countdownOf('run-2'))).rejects.toMatchObject({ type: 'Forbidden' });
    api.before = () => undefined;
    await expect(launch(entry)).rejects.toMatchObject({ type: 'Fenced', message: expect.stringContaining('fencing generation 2') });
    expect(image()).toBe(OLD);
  });

  it('leaves nothing written when the right to write Leases is missing', async () => {
    const entry = await captured();
    api.before = (verb, resource) => {
      if (verb === 'create') throw new ApiFailure({ verb, resource, cluster: 'lab', status: 403, detail: 'User cannot create leases' });
    };
    await expect(launch(entry)).rejects.toMatchObject({
      type: 'Forbidden',
      message: expect.stringMatching(/create leases\.coordination\.k8s\.io.*verb "create"/),
    });
    expect(api.writes).toEqual([]);
  });

  it('that comes late, after its undo was settled, is refused', async () => {
    const entry = await captured();
    await acts.restoreEffect({ entry, countdown });
    await acts.settleUndo({ entry, outcome: 'restored', countdown });
    // Somebody rewinds the annotations, so that only the Lease remembers.
    api.change(({ metadata }) => void (metadata.annotations = {}));
    await expect(launch(entry)).rejects.toMatchObject({ type: 'Fenced', message: expect.stringContaining('is closed (restored)') });
    expect(image()).toBe(OLD);
  });

  it('reads back after a lost answer, and lands once', async () => {
    const entry = await captured();
    let lost = 0;
    api.after = (verb, resource) => {
      if (lost++ === 1) throw new ApiFailure({ verb, resource, cluster: 'lab', status: 0, detail: 'connection reset' });
    };
    expect(await launch(entry)).toMatchObject({ wrote: true });
    expect(api.writes).toEqual(['CREATE leases', 'PATCH deployments']);
  });

  it('counts on from the Lease when `rollout undo` has rewound the annotations', async () => {
    const entry = await captured(countdown, 5);
    await launch(entry);
    api.rolloutUndo(OLD);
    expect(api.deployment?.metadata.annotations?.[annotations.fencingGeneration]).toBeUndefined();
    expect(await fencingGeneration(api.client, target)).toBe(5);
  });
});

describe('restore', () => {
  it('puts the recorded template back, once, under an id of its own', async () => {
    const entry = await launched();
    const first = await acts.restoreEffect({ entry, countdown });
    expect(await acts.restoreEffect({ entry, countdown })).toEqual({ ...first, wrote: false });
    expect(image()).toBe(OLD);
    expect(api.deployment?.metadata.annotations?.[annotations.operation]).toBe(`${entry.id}#restore`);
  });

  it('rolls back from the old ReplicaSet when the snapshot is lost', async () => {
    const entry = await launched();
    await rm(folder, { recursive: true });
    expect(await acts.restoreEffect({ entry, countdown })).toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
    expect(api.deployment?.spec.template.metadata?.labels).toEqual({ app: 'go-api' });
  });

  it.each([
    [
      'was changed',
      () => void (api.replicaSets[0] && (api.replicaSets[0].spec.template.spec.containers = [{ name: 'go-api', image: 'other' }])),
    ],
    ['belongs to an earlier Deployment of the name', () => void (api.replicaSets[0] && (api.replicaSets[0].metadata.ownerReferences = []))],
    ['is gone too', () => void api.replicaSets.shift()],
  ])('ends with the image to deploy when the snapshot is lost and the ReplicaSet %s', async (_, spoil) => {
    const entry = await launched();
    await rm(folder, { recursive: true });
    spoil();
    await expect(acts.restoreEffect({ entry, countdown })).rejects.toMatchObject({
      type: 'EvidenceMissing',
      nonRetryable: true,
      message: expect.stringContaining(`deploy ${OLD} by hand`),
    });
    expect(image()).toBe(NEW);
  });

  it('may be tried on while the ReplicaSets cannot be listed', async () => {
    const entry = await launched();
    await rm(folder, { recursive: true });
    api.before = (verb, resource) => {
      if (verb === 'list') throw new ApiFailure({ verb, resource, cluster: 'lab', status: 503, detail: 'starting' });
    };
    await expect(acts.restoreEffect({ entry, countdown })).rejects.toMatchObject({ type: 'ApiServerFailing', nonRetryable: false });
  });

  it('leaves a later launch alone whose annotations `rollout undo` has rewound to those of this one', async () => {
    const entry = await launched();
    await acts.settleUndo({ entry, outcome: 'kept', countdown });
    const next = countdownOf('run-2');
    await launch(await captured(next, 2, 'registry.local/go-api:sha-3'), next, 'registry.local/go-api:sha-3');
    api.rolloutUndo(NEW);
    expect(api.deployment?.metadata.annotations?.[annotations.operation]).toBe(entry.id);
    await expect(acts.restoreEffect({ entry, countdown })).rejects.toMatchObject({ type: 'Fenced', nonRetryable: true });
    expect(image()).toBe(NEW);
  });

  it('of a second round is not stopped by the Lease of the first, whose end could not be recorded', async () => {
    const first = await captured();
    await acts.restoreEffect({ entry: first, countdown });
    const second = { ...(await captured()), id: first.id.replace('/launch/1/', '/launch/2/') };
    expect(await launch(second)).toMatchObject({ wrote: true });
    expect(await acts.restoreEffect({ entry: second, countdown })).toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
  });

  it('reports no missing claim where an earlier try of the same write had claimed the Lease', async () => {
    const entry = await launched();
    await acts.settleUndo({ entry, outcome: 'kept', countdown });
    let patches = 0;
    api.before = (verb, asked) => {
      if (verb === 'patch' && asked.resource === 'deployments' && patches++ === 0)
        throw new ApiFailure({ verb, resource: asked, cluster: 'lab', status: 409, detail: 'conflict' });
      if (asked.resource === 'leases' && patches > 0)
        throw new ApiFailure({ verb, resource: asked, cluster: 'lab', status: 403, detail: 'no' });
    };
    const write = await acts.restoreEffect({ entry, countdown });
    expect(noted(api.lease)[STATE]).toBe('open');
    expect(write).toMatchObject({ wrote: true });
    expect(write).not.toHaveProperty('withoutLease');
  });

  describe('of a launch that never landed, after a deployment by someone else', () => {
    const deployed = (other: string) =>
      api.change(
        ({ spec }) => void (spec.template.spec.containers = spec.template.spec.containers.map((each) => ({ ...each, image: other }))),
      );

    it('leaves their version alone, bars the launch from landing later, and is restored', async () => {
      const entry = await captured();
      deployed('registry.local/go-api:sha-theirs');
      const write = await acts.restoreEffect({ entry, countdown });
      expect(write).toMatchObject({ wrote: true, leftAlone: 'registry.local/go-api:sha-theirs' });
      expect(image()).toBe('registry.local/go-api:sha-theirs');
      await expect(launch(entry)).rejects.toMatchObject({ nonRetryable: true });
      expect(image()).toBe('registry.local/go-api:sha-theirs');
      expect(await acts.proveRestored({ entry, write, failedAt: null })).toMatchObject({
        restored: true,
        leftAlone: true,
        findings: [{ code: 'RollbackNotNeeded', outcome: 'inconclusive', message: expect.stringContaining('sha-theirs') }],
      });
    });

    it('does not claim that it never landed, for `rollout undo` may have rewound the annotations', async () => {
      deployed('registry.local/go-api:sha-older');
      deployed(OLD);
      const entry = await launched();
      api.rolloutUndo('registry.local/go-api:sha-older');
      const write = await acts.restoreEffect({ entry, countdown });
      const { findings } = await acts.proveRestored({ entry, write, failedAt: null });
      expect(findings.map(({ message }) => message)).toEqual([
        expect.stringMatching(/sha-older runs there, which somebody else deployed$/u),
      ]);
    });

    it('refuses where what they deployed is the candidate, for then it may be ours', async () => {
      const entry = await captured();
      deployed(NEW);
      await expect(acts.restoreEffect({ entry, countdown })).rejects.toMatchObject({ type: 'PreconditionChanged', nonRetryable: true });
      expect(image()).toBe(NEW);
    });
  });

  it('restores the whole template, with the values that readers may not see', async () => {
    withSecrets();
    const before = structuredClone(api.deployment?.spec.template);
    const entry = await launched();
    await acts.restoreEffect({ entry, countdown });
    expect(api.deployment?.spec.template).toEqual(before);
  });

  it('restores what a worker of a later version captured, with fields that this one does not read', async () => {
    const entry = await captured();
    const later = { ...entry, before: { ...(entry.before as DeploymentBefore), aFieldOfTomorrow: 1 } };
    const sealed = { ...later, seal: world.key.seal(capturedStatement(later, countdown)) };
    await launch(sealed);
    await acts.restoreEffect({ entry: sealed, countdown });
    expect(image()).toBe(OLD);
  });

  it('redacts values of the Deployment in the message of a refused write', async () => {
    withSecrets();
    const entry = await captured();
    api.before = (verb, resource) => {
      if (verb === 'patch' && resource.resource === 'deployments')
        throw new ApiFailure({
          verb,
          resource,
          cluster: 'lab',
          status: 422,
          detail: `env[0].value: Invalid value: "postgres://shop:${CANARY}-env@db/shop": not allowed`,
        });
    };
    const refusal = await launch(entry).catch((error: Error) => error.message);
    expect(refusal).toMatch(/Invalid value: "\(redacted \d+\)": not allowed/);
  });

  it('restores from the evidence of a version that stored the Deployment whole', async () => {
    withSecrets();
    const { metadata, spec } = structuredClone(api.deployment) as NonNullable<FakeClusterApi['deployment']>;
    const entry = await launched();
    await rm(folder, { recursive: true });
    const old = {
      target,
      uid: 'uid-1',
      resourceVersion: '1',
      generation: 1,
      annotations: metadata.annotations,
      replicas: 3,
      template: spec.template,
    };
    const evidence = await createFolderEvidenceStore(folder).put(
      { kind: 'deployment-snapshot', mediaType: 'application/json', source: 'test' },
      Buffer.from(JSON.stringify(old)),
    );
    api.replicaSets = [];
    const { whole: _, ...rest } = entry.before as DeploymentBefore;
    const recorded = { ...entry, before: { ...rest, evidence } };
    // That version recorded no state in the Lease.
    delete noted(api.lease)['tminus.dev/before'];
    await acts.restoreEffect({
      entry: { ...recorded, seal: world.trust.key.seal(capturedStatement(recorded, countdown)) },
      countdown,
    });
    expect(api.deployment?.spec.template).toEqual(spec.template);
  });

  it('treats an operation with another generation as a change by someone else', async () => {
    const entry = await captured(countdown, 3);
    await launch(entry);
    api.change(({ metadata }) => void (metadata.annotations = { ...metadata.annotations, [annotations.fencingGeneration]: '2' }));
    await expect(acts.restoreEffect({ entry, countdown })).rejects.toMatchObject({
      type: 'PreconditionChanged',
      message: expect.stringContaining('fencing generation 2'),
    });
    expect(image()).toBe(NEW);
  });

  it.each<[string, () => void]>([
    ['the right to read Leases is gone', () => failing('leases', 403)],
    ['Leases are not answered', () => failing('leases', 0)],
    ['the right to write Leases is gone and the Lease was deleted', () => ((api.lease = null), failing('leases', 403, 'create'))],
    ['somebody spoilt the generation in the Lease', () => void (noted(api.lease)[annotations.fencingGeneration] = 'many')],
  ])('does not wait for the Lease when %s', async (_, spoil) => {
    const entry = await launched();
    spoil();
    const write = await acts.restoreEffect({ entry, countdown });
    expect(write).toMatchObject({ wrote: true, withoutLease: expect.stringContaining('lease') });
    expect(image()).toBe(OLD);
  });

  it('rolls back from the old ReplicaSet when the evidence store does not answer', async () => {
    const entry = await launched();
    const hangs = { ...createFolderEvidenceStore(folder), get: () => neverAnswers() };
    const written = fakeEffects(api, folder, { store: hangs, restricted: hangs })['deployment-image'].restore(
      operationOf(entry, countdown),
      entry.before,
      lastWriteAtMs(),
    );
    expect(await Promise.race([written, new Promise((late) => setTimeout(late, 4_000, 'late').unref())])).toMatchObject({ wrote: true });
    expect(image()).toBe(OLD);
  });

  it('opens a kept operation again, so that the next countdown waits for it', async () => {
    const entry = await launched();
    await acts.settleUndo({ entry, outcome: 'kept', countdown });
    await acts.restoreEffect({ entry, countdown });
    expect(api.lease?.metadata.annotations?.[STATE]).toBe('open');
    expect(image()).toBe(OLD);
  });

  it('ends at once where the Deployment is gone', async () => {
    const entry = await launched();
    api.deployment = null;
    await expect(acts.restoreEffect({ entry, countdown })).rejects.toMatchObject({
      type: 'NotFound',
      nonRetryable: true,
      message: expect.stringContaining(`deploy it with ${OLD}`),
    });
  });

  it('refuses an invalid record with one message', async () => {
    const entry = await captured();
    const other = { ...entry, before: { ...(entry.before as object), uid: 7 } };
    // As a worker of another version captured it.
    const spoilt = { ...other, seal: world.key.seal(capturedStatement(other, countdown)) };
    await expect(acts.restoreEffect({ entry: spoilt, countdown })).rejects.toMatchObject({
      type: 'Refused',
      nonRetryable: true,
      message: expect.stringMatching(/^before\.uid is invalid in this version/),
    });
    await expect(acts.applyEffect({ entry, wanted: {}, countdown, authority: world.authority(countdown) })).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringMatching(/^wanted\.image/),
    });
  });
});

it('gives a restore an id that no effect has, whatever the release and the step are called', () => {
  const of = (workflowId: string) =>
    operationOf({ ...entryOf({}, { ...countdown, workflowId }), generation: 1 }, { ...countdown, workflowId });
  const restores = ['countdown/launch', 'countdown/rollback', 'countdown/restore'].map((id) => restoreOf(of(id)).id);
  const effects = ['countdown/launch', 'countdown/rollback', 'countdown/restore'].map((id) => of(id).id);
  expect(new Set([...restores, ...effects]).size).toBe(6);
});

describe('settle', () => {
  it('closes the Lease once, and leaves one alone that a later countdown has taken', async () => {
    const entry = await launched();
    await acts.settleUndo({ entry, outcome: 'kept', countdown });
    await acts.settleUndo({ entry, outcome: 'kept', countdown });
    expect(api.writes).toEqual(['CREATE leases', 'PATCH deployments', 'PATCH leases']);
    const next = countdownOf('run-2');
    await launch(await captured(next, 2), next).catch(() => undefined);
    const taken = structuredClone(api.lease);
    await acts.settleUndo({ entry, outcome: 'restored', countdown });
    expect(api.lease).toEqual(taken);
    expect(taken?.spec?.holderIdentity).toBe('countdown/go-api-1.4.0/run-2');
  });
});

function setStatus(status: NonNullable<NonNullable<FakeClusterApi['deployment']>['status']>): void {
  if (api.deployment) api.deployment.status = { ...api.deployment.status, ...status };
}

function failing(resource: string, status: number, only?: Verb): void {
  api.before = (verb, asked) => {
    if (asked.resource === resource && (only === undefined || verb === only))
      throw new ApiFailure({ verb, resource: asked, cluster: 'lab', status, detail: 'refused' });
  };
}

const noted = (lease: FakeClusterApi['lease']): Record<string, string> => lease?.metadata.annotations ?? {};

const neverAnswers = (): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
});
