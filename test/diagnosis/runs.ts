// The runs of the confusion table: the candidate in staging under load with one fault, or none, and what the load test and the questions
// after it left as evidence. Asking what they mean is another matter (confusion.ts), so that it can be asked again.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gather, type GatherDependencies } from '../../activities/diagnosis/gather.ts';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import { createClusterClients } from '../../activities/kubernetes/client.ts';
import { readDeploymentPods } from '../../activities/kubernetes/pods.ts';
import { localK6 } from '../../activities/load-test/local-k6.ts';
import { runLoad } from '../../activities/load-test/run-load.ts';
import { readSecret } from '../../activities/secret.ts';
import type { TraceStore } from '../../activities/traces/ask-traces.ts';
import type { DiagnosisStepInput, StepReport } from '../../activities/steps-contract.ts';
import { kubectl } from '../../lab/cluster.ts';
import { paths } from '../../lab/paths.ts';
import { loadEnvironment } from '../../release/load.ts';
import { expandLoadTest, loadTestSchema } from '../../release/steps/load-test.ts';

/** Faults of the target whose cause the verdict has to name, and the code it must name it by. */
export const seeded = {
  'slow-order': 'CauseRedisWait',
  'missing-index': 'CauseMissingIndex',
  'pool-exhaustion': 'CausePoolExhausted',
  'leak-channel': 'CauseLeakChannel',
  'leak-context': 'CauseLeakContext',
  'leak-waitgroup': 'CauseLeakWaitGroup',
  'lock-contention': 'CauseLockContention',
  'gc-pressure': 'CauseGarbageCollection',
  'slow-pricing': 'CauseSlowDependency',
  'dial-timeout': 'CauseDialTimeout',
  'row-lock': 'CauseRowLock',
  'cpu-json': 'CauseCpuBound',
} as const;

export interface CapturedRun {
  /** Name of the fault, or `none`. */
  fault: string;
  report: StepReport;
  input: DiagnosisStepInput;
  gathered: Awaited<ReturnType<typeof gather>>;
}

const STAGING = { cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' };
/** As the demo loads it; long enough for profiles of 10 s that begin at a third. */
export const STAGES = [
  { duration: '3s', rate: 300 },
  { duration: '27s', rate: 300 },
];
const ADMIN_PORT = 6060;
/** Tables of a fault are made in two seconds. */
const ARMED_FOR_MS = 4_000;

/** Runs one load test with a fault armed in every pod of staging, on fresh pods, and keeps what it left below `folder`. */
export async function captureRun(fault: string, name: string, folder: string, tell: (line: string) => void): Promise<CapturedRun> {
  const lab = paths();
  const loaded = loadEnvironment(await readFile(lab.environment, 'utf8'), lab.environment);
  if (!loaded.ok) throw new Error('the environment file of the lab cannot be read');
  const { environment } = loaded;
  const clients = createClusterClients(environment, lab.state);
  const store = createFolderEvidenceStore(join(folder, 'evidence'));
  const listPods = async () =>
    (await readDeploymentPods(clients('lab'), STAGING)).pods.filter(({ ip, terminating }) => ip !== '' && !terminating);
  await kubectl(lab, ['-n', STAGING.namespace, 'rollout', 'restart', 'deployment/go-api']);
  await kubectl(lab, ['-n', STAGING.namespace, 'rollout', 'status', 'deployment/go-api', '--timeout=60s']);
  // The old pods drain for two seconds; kube-proxy follows.
  await pause(ARMED_FOR_MS);
  for (const { ip } of await listPods()) await arm(ip, fault);
  await pause(ARMED_FOR_MS);

  const step = expandLoadTest(
    loadTestSchema.parse({
      type: 'loadTest',
      name,
      script: 'shop.js',
      target: 'shop-staging',
      stages: STAGES,
      sampleEvery: '1s',
      limits: { errorRate: '1%' },
    }),
    { script: 'shop.js', target: 'shop-staging', postgres: 'shop-staging' },
  );
  const script = await store.put(
    { kind: 'k6-script', mediaType: 'text/javascript', source: 'shop.js' },
    await readFile('lab/example/k6/shop.js'),
  );
  const databaseUrl = (database: string) => readSecret((environment.spec.postgres[database] as { url: { value: string } }).url, lab.state);
  const world: GatherDependencies = {
    store,
    databaseUrl,
    traceStore: (traces) => environment.spec.traces[traces] as TraceStore,
    // Each run is judged by itself.
    lastGood: async () => null,
  };
  const report = await runLoad(
    {
      step,
      staging: STAGING,
      image: (await listPods())[0]?.image ?? '',
      scriptDigest: script.digest,
      runId: name,
    },
    {
      store,
      startK6: localK6({ k6Path: environment.spec.load.k6, workFolder: join(folder, 'work'), user: null, hosts: [] }),
      resolveTarget: (target) => (environment.spec.targets[target] as { url: string }).url,
      listPods,
      pprofPort: 6060,
      metricsPort: 8080,
      databaseUrl,
    },
    { signal: new AbortController().signal, heartbeat: () => undefined, attempt: 1 },
  );
  const input: DiagnosisStepInput = {
    step: { type: 'diagnosis', name: 'diagnosis', postgres: 'shop-staging', traces: 'lab' },
    service: 'go-api',
    production: STAGING,
    loadTests: [{ step, findings: report.findings, evidence: report.evidence }],
  };
  // The last batch of spans is on its way for up to five seconds.
  await pause(ARMED_FOR_MS);
  const gathered = await gather(input, world);
  for (const { ip } of await listPods()) await arm(ip, 'none');
  const run: CapturedRun = { fault, report, input, gathered };
  await mkdir(join(folder, 'runs'), { recursive: true });
  await writeFile(join(folder, 'runs', `${name}.json`), JSON.stringify(run, null, 1));
  const wrong = report.findings.filter(({ outcome }) => outcome !== 'pass').map(({ message }) => message);
  tell(
    `${name}: ${wrong.length === 0 ? 'every limit kept' : wrong.join('; ')}${gathered.missing.length > 0 ? ` (missing: ${gathered.missing.join('; ')})` : ''}`,
  );
  return run;
}

async function arm(ip: string, fault: string): Promise<void> {
  const response = await fetch(`http://${ip}:${ADMIN_PORT}/admin/faults`, {
    method: 'PUT',
    body: JSON.stringify(fault === 'none' ? {} : { [fault]: '' }),
  });
  if (!response.ok) throw new Error(`the pod at ${ip} does not arm ${fault}: ${await response.text()}`);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
