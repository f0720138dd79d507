// Production and staging under one service name: whose traces a diagnosis reads, and that its record says it for good.
import { describe, expect, it } from '@jest/globals';
import { recomputes } from '../../cli/verify/recompute.ts';
import type { Finding } from '../../verdict/finding.ts';
import { jaegerAnswer, tempoTrace, type FixtureTrace } from '../testing/traces.ts';
import { diagnose } from './diagnose.ts';
import { readDiagnosisRecord, type DiagnosisRecord } from './record.ts';

const underLoad = { namespace: 'shop-staging', deployment: 'api' };
const slow: Finding = {
  code: 'LatencyAboveLimit',
  subject: 'GET /',
  outcome: 'fail',
  measured: 420,
  limit: 300,
  unit: 'ms',
  message: 'p99 of GET / is 420 ms, limit 300 ms',
  evidence: [],
};

/** Staging waits for another service. Production, ten times as busy and slower, waits for Redis. */
function traces({ marked = true } = {}): FixtureTrace[] {
  const of = (namespace: string) => (marked ? { namespace, deployment: 'api' } : {});
  const load = Array.from({ length: 40 }, (_, i): FixtureTrace => {
    const own = { id: 1, name: 'GET /', fromMs: 0, toMs: 400, ...of('shop-staging') };
    return { id: i + 1, spans: [own, { ...own, id: 2, parent: 1, name: 'Quote', service: 'pricing', fromMs: 5, toMs: 395 }] };
  });
  const production = Array.from({ length: 400 }, (_, i): FixtureTrace => {
    const own = { id: 1, name: 'GET /', fromMs: 0, toMs: 900, ...of('shop') };
    return { id: i + 1_000, spans: [own, { ...own, id: 2, parent: 1, name: 'pipeline', system: 'redis', fromMs: 5, toMs: 895 }] };
  });
  return [...production, ...load];
}

const record = (more: Partial<DiagnosisRecord> = {}): DiagnosisRecord => ({
  service: 'api',
  underLoad,
  loadTests: [{ name: 'load-test', findings: [slow], inputs: [] }],
  inputs: [{ digest: 'sha256:traces', kind: 'traces', source: 'api in lab' }],
  missing: [],
  lastGood: null,
  ...more,
});
const stored = (text: string) =>
  async function* (digest: string) {
    yield new TextEncoder().encode(digest === 'sha256:traces' ? text : `${JSON.stringify(record())}\n`);
  };
const told = async (text: string, of = record()) => {
  const { findings, facts } = await diagnose(of, stored(text), 'sha256:record');
  return { causes: findings.map(({ code }) => code), said: facts.map(({ text: sentence }) => sentence).join('\n') };
};
const leftOut = '400 traces left out: their requests did not enter at the Deployment under load';
const notKnown = 'whether all traces are of the load test';

describe.each([
  ['Jaeger', jaegerAnswer(traces())],
  ['Tempo', traces().map(tempoTrace).join('\n')],
])('traces of production in the answer of %s', (_, answer) => {
  it('are left out and counted, however slow they are', async () => {
    const { causes, said } = await told(answer);
    expect(causes).toEqual(['CauseSlowDependency']);
    expect(said).toContain(leftOut);
    expect(said).not.toContain(notKnown);
  });

  it('are left out again by whoever verifies the record from the stored bytes', async () => {
    const refs = [{ digest: 'sha256:record', kind: 'diagnosis', source: '', sizeBytes: 0, mediaType: '', capturedAt: '' } as const];
    const again = await recomputes['diagnosis']?.({ refs, read: stored(answer) });
    const { findings } = await diagnose(record(), stored(answer), 'sha256:record');
    expect(findings).toMatchObject([{ code: 'CauseSlowDependency' }]);
    expect(JSON.stringify(again)).toBe(JSON.stringify(findings));
  });
});

it('says that production may be among traces that do not say where they entered, and reads them', async () => {
  const { causes, said } = await told(jaegerAnswer(traces({ marked: false })));
  expect(causes).toEqual(['CauseRedisWait']);
  expect(said).toContain(`${notKnown}: 440 of 440 have no resource attribute k8s.namespace.name`);
  expect(said).not.toContain('left out');
});

it('reads an older record, which does not name the Deployment under load, as it was read then', async () => {
  const { underLoad: _, ...older } = record();
  const read = readDiagnosisRecord(JSON.stringify(older));
  expect(read).toEqual(older);
  const { causes, said } = await told(jaegerAnswer(traces()), read);
  expect(causes).toEqual(['CauseRedisWait']);
  expect(said).toContain(`${notKnown}: the record does not contain the Deployment under load`);
});

describe('time outside the service', () => {
  const through = (service: string): FixtureTrace[] =>
    Array.from({ length: 40 }, (_, i) => ({
      id: i + 1,
      spans: [
        { id: 1, name: 'proxy', service, fromMs: 0, toMs: 400 },
        { id: 2, parent: 1, name: 'GET /', fromMs: 300, toMs: 390, namespace: 'shop-staging', deployment: 'api' },
      ],
    }));

  it('is a fact, and not a slow dependency', async () => {
    const { causes, said } = await told(jaegerAnswer(through('ingress')));
    expect(causes).toEqual(['CauseUnknown']);
    expect(said).toContain('77.5 % of the slow band is outside of the service, most in [ingress] proxy');
  });

  it('is all there is where no span is of the service, and that is said', async () => {
    const { causes, said } = await told(jaegerAnswer(through('ingress')), record({ service: 'orders' }));
    expect(causes).toEqual(['CauseUnknown']);
    expect(said).toContain('what the service waits for by its traces: they have no span of service orders');
    expect(said).not.toContain('is outside of the service');
  });
});
