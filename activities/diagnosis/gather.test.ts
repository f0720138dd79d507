// From a load test's own record to the record of a diagnosis: whose traces are asked for, and which are read.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import { endLine, header, startLine } from '../../analysis/testing/points.ts';
import type { FixtureTrace } from '../../analysis/testing/traces.ts';
import { expandLoadTest, loadTestSchema } from '../../release/steps/load-test.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { playTempo, type FakeTempo } from '../testing/fake-tempo.ts';
import { gather } from './gather.ts';
import { recordOf } from './record-of.ts';

let folder: string;
let store: EvidenceStore;
let tempo: FakeTempo;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gather-'));
  store = createFolderEvidenceStore(folder);
});
afterEach(async () => {
  await tempo.close();
  await rm(folder, { recursive: true, force: true });
});

const underLoad = { namespace: 'shop-staging', deployment: 'api' };
/** So many traces of each namespace; '' is one that spans do not tell. */
const traces = (counts: Record<string, number>): FixtureTrace[] =>
  Object.entries(counts).flatMap(([namespace, count], part) =>
    Array.from({ length: count }, (_, i) => ({
      id: part * 1_000 + i + 1,
      spans: [{ id: 1, name: 'GET /', fromMs: 0, toMs: 10, ...(namespace === '' ? {} : { namespace }) }],
    })),
  );

/** Gathers for one load test, whose run says which Deployment was under load, or does not. */
async function gathered(counts: Record<string, number>, run: object) {
  tempo = await playTempo(traces(counts));
  const start = JSON.parse(startLine) as { data: object };
  const points = [JSON.stringify({ ...start, data: { ...start.data, ...run } }), header, endLine(), ''].join('\n');
  const ref = await store.put({ kind: 'k6-points', mediaType: 'application/x-ndjson', source: 'k6' }, new TextEncoder().encode(points));
  const production = { cluster: 'lab', namespace: 'shop', deployment: 'api', container: 'api' };
  const step = expandLoadTest(
    loadTestSchema.parse({
      type: 'loadTest',
      script: 'shop.js',
      target: 'shop-staging',
      stages: [{ duration: '10s', rate: 1 }],
    }),
    { script: 'shop.js', target: 'shop-staging' },
  );
  const input = {
    step: { type: 'diagnosis' as const, name: 'diagnosis', traces: 'lab' },
    service: 'api',
    production,
    loadTests: [{ step, findings: [], evidence: [ref] }],
  };
  const found = await gather(input, {
    store,
    lastGood: async () => null,
    databaseUrl: async () => '',
    traceStore: () => ({ type: 'tempo', url: tempo.url }),
  });
  const record = recordOf(input, found);
  const { facts } = await diagnose(record, (digest) => store.get(digest), 'sha256:record');
  return { found, record, said: facts.map(({ text }) => text).join('\n') };
}

test('asks for the traces of the namespace under load, and keeps in the record which Deployment that was', async () => {
  const { found, record, said } = await gathered({ 'shop-staging': 30, shop: 300 }, { underLoad });
  expect(record.underLoad).toEqual(underLoad);
  expect(found.evidence).toMatchObject([{ kind: 'traces', mediaType: 'application/x-ndjson', source: 'api in lab' }]);
  expect(found.missing).toEqual([]);
  expect(said).toContain('30 traces; of the slow band');
  expect(said).not.toContain('whether all traces are of the load test');
});

test('excludes production also when all of the service was queried, and reports spans without a namespace', async () => {
  const { said } = await gathered({ '': 30, shop: 20 }, { underLoad });
  expect(said).toContain('20 traces left out');
  expect(said).toContain('whether all traces are of the load test: 30 of 30 have no resource attribute k8s.namespace.name');
});

test('lists what the trace store did not return, with its name', async () => {
  const { record, said } = await gathered({}, { underLoad });
  expect(record.missing).toEqual([expect.stringMatching(/^traces of lab: no trace of api between 2026-11-23T12:00:00.000Z and/u)]);
  expect(said).toContain('traces of lab: no trace of api');
});

test('queries all of the service for an older run that did not record its Deployment', async () => {
  const { record, said } = await gathered({ 'shop-staging': 30, shop: 30 }, {});
  expect(record).not.toHaveProperty('underLoad');
  expect(said).toContain('60 traces; of the slow band');
  expect(said).toContain('the record does not contain the Deployment under load');
});
