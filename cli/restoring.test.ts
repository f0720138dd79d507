import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countdownOf, captureInput, entryOf, fakeEffects } from '../activities/testing/one-effect.ts';
import { operationOf } from '../activities/effects/effect.ts';
import { openUndoJournal } from '../activities/evidence/undo-journal.ts';
import { lastWriteAtMs } from '../activities/kubernetes/converge-write.ts';
import { serveFakeApi, type FakeApiServer } from '../activities/testing/fake-api-server.ts';
import { NEW, OLD, FakeClusterApi } from '../activities/testing/fake-cluster-api.ts';
import { tminus } from './testing/tminus-process.ts';

const countdown = countdownOf('run-1');
let folder: string;
let evidence: string;
let api: FakeClusterApi;
let server: FakeApiServer;

/** A live candidate without a countdown. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tminus-restore-'));
  evidence = join(folder, 'evidence');
  api = new FakeClusterApi();
  server = await serveFakeApi(api);
  writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig);
  writeFileSync(join(folder, 'environment.yaml'), environmentOf(server.url));
  const effect = fakeEffects(api, evidence)['deployment-image'];
  const { before } = await effect.capture(captureInput(countdown));
  const entry = entryOf(before, countdown);
  await openUndoJournal(evidence).register(entry, countdown);
  await effect.apply(operationOf(entry, countdown), before, { image: NEW }, lastWriteAtMs());
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const image = (): string | undefined => api.deployment?.spec.template.spec.containers[0]?.image;
const restore = (...more: string[]) => tminus(['restore', '--from', evidence, ...more], { cwd: folder });

it('prints open undos, the running version and the requests that would restore it, and changes nothing', async () => {
  const { code, stdout, stderr } = await restore('--kubeconfig', 'kubeconfig');
  expect({ code, stderr }).toEqual({ code: 5, stderr: '' });
  expect(stdout).toMatch(/^shop\/go-api back to sha-old0001 {3}cluster lab, countdown go-api-1\.4\.0, registered .* UTC, live\n/);
  expect(stdout).toContain(`runs now      ${NEW}`);
  expect(stdout).toContain(`goes back to  ${OLD} (from the snapshot)`);
  const [, file = ''] = /kubectl -n shop patch deployment go-api --type=json --patch-file (\S+)/.exec(stdout) ?? [];
  expect(stdout).toContain(`PATCH /apis/apps/v1/namespaces/shop/deployments/go-api (application/json-patch+json), body ${file}`);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toContainEqual({
    op: 'replace',
    path: '/spec/template',
    value: expect.objectContaining({ spec: { containers: [{ name: 'go-api', image: OLD }] } }),
  });
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(server.requests).toEqual([]);
  expect(image()).toBe(NEW);
});

it('reports a restore without a proof as written, not as failed', async () => {
  writeFileSync(join(folder, 'other.yaml'), environmentOf(server.url).replace('shop:', 'shopx:'));
  const { code, stdout } = await restore('--environment', 'other.yaml', '--yes');
  expect(stdout).toMatch(/written {7}.*: written at .*, not proven: the environment file has no target shop/u);
  expect([code, image()]).toEqual([5, OLD]);
});

it('restores, proves and records with --yes, without a Tminus server', async () => {
  const { code, stdout } = await restore('--environment', 'environment.yaml', '--yes');
  expect(stdout).toContain('restored      shop/go-api back to sha-old0001: restored and proven\n');
  expect(code).toBe(0);
  expect(image()).toBe(OLD);
  expect(api.lease?.metadata.annotations?.['tminus.dev/operation-state']).toBe('restored');
  expect(await restore('--environment', 'environment.yaml')).toMatchObject({
    code: 0,
    stdout: `no open undos in ${evidence}\n`,
  });
});

it('does not report an unproven restore as restored', async () => {
  const { code, stdout } = await restore('--kubeconfig', 'kubeconfig', '--yes', '-o', 'json');
  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'RestoreList',
    items: [{ outcome: 'written', message: expect.stringContaining('not proven') }],
  });
  expect(image()).toBe(OLD);
});

it('restores from the old ReplicaSet if the snapshots are lost', async () => {
  for (const place of ['sha256', 'restricted']) rmSync(join(evidence, place), { recursive: true });
  const { code, stdout } = await restore('--environment', 'environment.yaml', '--yes');
  expect(stdout).toContain('(from ReplicaSet shop/go-api-hash1)');
  expect({ code, image: image() }).toEqual({ code: 0, image: OLD });
});

it('keeps a later change of somebody else, and exits with 3', async () => {
  api.change(({ spec }) => void (spec.template.spec.containers = [{ name: 'go-api', image: 'registry.local/go-api:hotfix' }]));
  const { code, stdout } = await restore('--environment', 'environment.yaml', '--yes');
  expect(code).toBe(3);
  expect(stdout).toContain('decide by hand');
  expect(image()).toBe('registry.local/go-api:hotfix');
});

it('reports a damaged record of the journal, restores the others, and exits with 3', async () => {
  writeFileSync(join(evidence, 'undo', 'broken.json'), '{"entry"');
  const { code, stdout } = await restore('--environment', 'environment.yaml', '--yes');
  expect(code).toBe(3);
  expect(stdout).toContain(`${join(evidence, 'undo', 'broken.json')} is not a record of an undo`);
  expect(image()).toBe(OLD);
});

it('refuses a folder without a journal', async () => {
  const { code, stderr } = await tminus(['restore', '--from', folder], { cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toContain(`no undo journal in ${folder}`);
});

const environmentOf = (url: string): string => `apiVersion: tminus.dev/v1alpha1
kind: Environment
spec:
  clusters:
    lab: { kubeconfig: kubeconfig, prometheus: main }
  prometheus:
    main: { url: ${url} }
  targets:
    shop: { url: ${url} }
`;
