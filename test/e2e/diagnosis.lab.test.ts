// One load test of a candidate with a missing index, on the lab, and all that is made of it: the cause, the proof on a copy, the profiles
// against Go's own tool, and the findings again from stored evidence.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Ajv } from 'ajv';
import { explainApart } from '../../activities/diagnosis/explain-apart.ts';
import { recordOf } from '../../activities/diagnosis/record-of.ts';
import { bytesOf } from '../../activities/evidence/bytes-of.ts';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import { createClusterClients, listPods, readPodLog } from '../../activities/kubernetes/client.ts';
import { explain } from '../../activities/postgres/explain.ts';
import { recomputes } from '../../cli/verify/recompute.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { readProfile } from '../../analysis/profile/read.ts';
import { byCum, top, type TopRow } from '../../analysis/profile/top.ts';
import type { Environment } from '../../release/environment.ts';
import type { EvidenceKind, EvidenceRef } from '../../verdict/finding.ts';
import type { AnalysisDocument } from '../../cli/analyze/document.ts';
import { deployShop, kubectl, paths, resetShop, stagingDatabaseUrl } from '../../lab/index.ts';
import { captureRun, type CapturedRun } from '../diagnosis/runs.ts';

jest.setTimeout(180_000);

const folder = mkdtempSync(join(tmpdir(), 'tminus-diagnosis-'));
const store = createFolderEvidenceStore(join(folder, 'evidence'));
let run: CapturedRun;
let evidence: EvidenceRef[];

beforeAll(async () => {
  await deployShop();
  await resetShop();
  run = await captureRun('missing-index', 'missing-index', folder, () => undefined);
  evidence = [...run.report.evidence, ...run.gathered.evidence];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('names the missing index as the cause, with the proof on a copy, and again byte for byte', async () => {
  expect(run.gathered.missing).toEqual([]);
  // What was not had of a pod is told with its reason.
  expect(run.report.facts.map(({ text }) => text).filter((text) => text.startsWith('no '))).toEqual([]);
  const record = recordOf(run.input, run.gathered);
  const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
  const kept = await store.put({ kind: 'diagnosis', mediaType: 'application/json', source: 'go-api' }, bytes);
  const { findings } = await explainApart(
    { record, recordDigest: kept.digest, evidenceFolder: join(folder, 'evidence') },
    new AbortController().signal,
  );
  expect(findings[0]).toMatchObject({ code: 'CauseMissingIndex', outcome: 'fail' });
  expect(findings[0]?.message).toMatch(
    /on a copy of the table "CREATE INDEX CONCURRENTLY ON order_archive \(customer\)" reduces it from [\d.]+ ms to [\d.]+ ms/,
  );
  const again = await recomputes['diagnosis']?.({ refs: [kept, ...evidence], read: (digest) => store.get(digest) });
  expect(JSON.stringify(again)).toBe(JSON.stringify(findings));
});

it('tells no literal of a statement, and saw who waited', async () => {
  const all = async (kind: EvidenceKind) =>
    new TextDecoder().decode(await bytesOf(store, (evidence.find((ref) => ref.kind === kind) as EvidenceRef).digest));
  expect(await all('slow-statements')).toContain('WHERE customer = $1');
  // Our own looks are left out; where they looked is not.
  expect(JSON.stringify((JSON.parse(await all('slow-statements')) as { statements: unknown[] }).statements)).not.toMatch(/pg_stat_/);
  expect(await all('lock-waits')).not.toMatch(/customer-\d/);
});

it('reads with the rights of the worker what pods of candidate and production have written, and nothing elsewhere', async () => {
  const spec = { clusters: { lab: { kubeconfig: paths().tminusKubeconfig } } };
  const client = createClusterClients({ spec } as unknown as Environment)('lab');
  const [pod] = await listPods(client, 'shop-staging', 'app=go-api');
  const range = { container: 'go-api', since: new Date(Date.now() - 3_600_000), limitBytes: 4_096 };
  const log = await readPodLog(client, 'shop-staging', pod?.metadata.name ?? '', range);
  expect(log.length).toBeLessThanOrEqual(4_096);
  expect(JSON.parse(log.slice(0, log.indexOf('\n')))).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
  // The logs of a launch that failed are read beside its rollback.
  const [live] = await listPods(client, 'shop', 'app=go-api');
  expect(await readPodLog(client, 'shop', live?.metadata.name ?? '', range)).toContain('"msg"');
  await expect(readPodLog(client, 'kube-system', 'any', range)).rejects.toThrow(/pods\/log kube-system\/any.*forbidden \(403\)/);
});

it('plans what would change data, and does not execute it', async () => {
  const { executionMs, root } = readPlan(
    new TextEncoder().encode(JSON.stringify(await explain(stagingDatabaseUrl, 'DELETE FROM payments WHERE id = $1'))),
  );
  expect(root.type).toBe('ModifyTable');
  expect(executionMs).toBeNull();
  await expect(explain(stagingDatabaseUrl, 'SELECT * FROM nowhere')).rejects.toThrow('relation "nowhere" does not exist');
});

it('says on the command line what each piece of evidence means, and an execution trace of a pod, within the published schema', async () => {
  const files = new Map<string, string>();
  for (const { kind, digest } of evidence) {
    if (kind === 'k6-script' || kind === 'index-proof' || [...files.values()].includes(kind)) continue;
    const file = join(folder, `file-${files.size}`);
    writeFileSync(file, await bytesOf(store, digest));
    files.set(file, kind);
  }
  const running = ['-n', 'shop-staging', 'get', 'pods', '-l', 'app=go-api', '--field-selector=status.phase=Running'];
  const pods = await kubectl(paths(), [...running, '-o=jsonpath={.items[0].status.podIP}']);
  const recorded = await fetch(`http://${pods.trim()}:6060/debug/pprof/trace?seconds=1`);
  writeFileSync(join(folder, 'trace.out'), new Uint8Array(await recorded.arrayBuffer()));
  files.set(join(folder, 'trace.out'), 'execution-trace');
  const bin = resolve(import.meta.dirname, '../../cli/bin.ts');
  // Exit 1: among them are findings that fail.
  const { stdout } = spawnSync(process.execPath, [bin, 'analyze', '-o', 'json', ...files.keys()], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const document = JSON.parse(stdout) as AnalysisDocument;
  const schema = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../cli/analyze/analysis.v1alpha1.json'), 'utf8')) as object;
  const valid = new Ajv({ strict: false }).compile(schema);
  expect([valid(document), valid.errors]).toEqual([true, null]);
  expect(document.items.map(({ file, kind, problem }) => [file, kind, problem])).toEqual(
    [...files].map(([file, kind]) => [file, kind, null]),
  );
  expect([...files.values()].sort()).toEqual([
    'block-profile',
    'cpu-profile',
    'execution-trace',
    'goroutine-leak-profile',
    'goroutine-profile',
    'heap-profile',
    'k6-points',
    'lock-waits',
    'mutex-profile',
    'query-plan',
    'runtime-samples',
    'slow-statements',
    'traces',
  ]);
  expect(document.items.flatMap(({ facts }) => facts).length).toBeGreaterThan(files.size / 2);
});

describe('fresh profiles, against go tool pprof', () => {
  const kinds = [
    ['cpu-profile', 'cpu', 'ns'],
    ['heap-profile', 'inuse_space', 'B'],
    ['mutex-profile', 'delay', 'ns'],
    ['block-profile', 'delay', 'ns'],
    ['goroutine-profile', 'goroutine', 'count'],
  ] as const;

  it.each(kinds)('the top of the %s is the same digit for digit', async (kind, sampleType, unit) => {
    const bytes = await bytesOf(store, (evidence.find((ref) => ref.kind === kind) as EvidenceRef).digest);
    const file = join(folder, kind);
    writeFileSync(file, bytes);
    const profile = readProfile(bytes);
    const rows = top(
      profile,
      profile.sampleTypes.findIndex(({ type }) => type === sampleType),
    );
    expect(rows.length).toBeGreaterThan(20);
    for (const sort of ['flat', 'cum'] as const) {
      const theirs = goTop(file, sampleType, unit, sort);
      const ours = (sort === 'flat' ? rows : byCum(rows)).slice(0, 20);
      expect(theirs).toHaveLength(20);
      // Equal figures stand in any order, so the figures in order are compared, and each of their rows by its name.
      expect(ours.map((row) => row[sort])).toEqual(theirs.map((row) => row[sort]));
      const byName = new Map(rows.map((row) => [row.name, row]));
      for (const row of theirs) expect(byName.get(row.name)).toEqual(row);
    }
  });
});

/** What Go's tool prints: flat, flat%, sum%, cum, cum%, name. */
function goTop(file: string, sampleType: string, unit: string, sort: 'flat' | 'cum'): TopRow[] {
  const argv = [
    'tool',
    'pprof',
    '-symbolize=none',
    '-top',
    '-nodecount=20',
    '-nodefraction=0',
    '-edgefraction=0',
    `-sample_index=${sampleType}`,
    `-unit=${unit}`,
    `-${sort}`,
    file,
  ];
  const printed = execFileSync('go', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const amount = (text: string): number => Number(text.replace(/[a-zA-Z]+$/u, ''));
  return [...printed.matchAll(/^ *(\d\S*) +\S+% +\S+% +(\d\S*) +\S+% +(.+?)(?: \((?:partial-)?inline\))?$/gmu)].map(
    ([, flat = '', cum = '', name = '']) => ({
      name,
      flat: amount(flat),
      cum: amount(cum),
    }),
  );
}
