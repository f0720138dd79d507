import { startPolicyOf } from './start-policy.ts';
import { loadEnvironment, loadRelease } from './load.ts';
import { objectionsToStart, type Start } from './startable.ts';

const frame = `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: go-api-1.4.0 }
spec:
  service: { name: go-api, namespace: shop, image: "registry.local/go-api:sha-91d03ce" }
  cluster: lab
  load: { script: k6/shop.js, target: shop }
  approvers: { groups: [release-managers] }
`;
const environment = loadEnvironment(
  `apiVersion: tminus.dev/v1alpha1
kind: Environment
spec:
  clusters: { lab: { kubeconfig: kubeconfig, prometheus: lab } }
  prometheus: { lab: { url: "http://127.0.0.1:9090" } }
  targets: { shop: { url: "http://127.0.0.1:30080" } }
`,
  'e.yaml',
);
if (!environment.ok) throw new Error('the environment of this test is not valid');
const now: Start = {
  startPolicy: startPolicyOf(environment.environment),
  explainScript: () => null,
  nowMs: Date.parse('2026-11-21T09:00:00Z'),
};

/** The first line of each objection. */
function objections(text: string, start: Partial<Start> = {}): string[] {
  const loaded = loadRelease(text, 'r.yaml');
  if (!loaded.ok) return loaded.problems.map(({ text }) => text);
  const problems = loaded.problemsOf(objectionsToStart(loaded.release, { ...now, ...start }));
  return problems.map(({ text }) => text.split('\n')[0] ?? '');
}

const measuring = (step: string): string => `${frame}  countdown: 72h\n  checkpoints: [{ name: load, at: T-1h, steps: [${step}] }]\n`;

test('has nothing against a release whose names are all there', () => {
  expect(objections(`${frame}  countdown: 72h\n`)).toEqual([]);
});

test('points to the step where it writes a name itself, and to the common place once where several steps take it from there', () => {
  expect(objections(measuring('{ type: loadTest, target: shpo }'))).toEqual([
    'r.yaml:10:75 spec.checkpoints[0].steps[0].target: the environment file has no target "shpo"; did you mean "shop"?',
  ]);
  const shared = measuring('{ type: loadTest }, { type: loadTest, name: again }').replace('target: shop }', 'target: shpo }');
  expect(objections(shared)).toEqual(['r.yaml:7:39 spec.load.target: the environment file has no target "shpo"; did you mean "shop"?']);
});

test('asks for the health address only where a step reads it', () => {
  const elsewhere = (text: string): string => text.replace('namespace: shop', 'namespace: orders');
  expect(objections(elsewhere(measuring('{ type: loadTest }')))).toEqual([]);
  expect(objections(elsewhere(measuring('{ type: preflight }')))).toEqual([
    'r.yaml:5:39 spec.service.namespace: the environment file has no target "orders"; it has shop; add it to spec.targets there',
  ]);
});

test('finds the cluster of staging, too', () => {
  expect(objections(`${frame}  countdown: 72h\n  staging: { cluster: lba }\n`)).toEqual([
    'r.yaml:10:23 spec.staging.cluster: the environment file has no cluster "lba"; did you mean "lab"?',
  ]);
});

test('checks scripts and times also where no environment file is known', () => {
  const missing = { startPolicy: null, explainScript: () => ({ message: 'it is not there', hint: '' }) };
  expect(objections(`${frame}  launchAt: 2026-11-23T09:00:00Z\n`, missing)).toEqual([
    'r.yaml:7:19 spec.load.script: it is not there',
    'r.yaml:9:13 spec.launchAt: checkpoint T-72h load-and-diagnosis would have been due at 2026-11-20 09:00 UTC, which is in the past; choose a later launch time or remove the checkpoint',
  ]);
});
