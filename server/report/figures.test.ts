// Which evidence the report draws: of the load test that is explained, and of its traffic alone.
import { describe, expect, it } from '@jest/globals';
import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import type { DiagnosisRecord } from '../../analysis/diagnosis/record.ts';
import { profileBytes } from '../../analysis/testing/profile.ts';
import { jaegerAnswer } from '../../analysis/testing/traces.ts';
import type { EvidenceKind, EvidenceRef, Finding } from '../../verdict/finding.ts';
import type { CheckpointStatus, StepStatus } from '../../verdict/countdown-status.ts';
import { figuresApart } from '../evidence/figures-apart.ts';
import { stopped } from '../../workflows/testing/example-status.ts';
import { exampleEvidenceFolder } from '../testing/example-evidence-folder.ts';
import { testApp } from '../testing/test-app.ts';
import { readStepFigures } from './figures.ts';

const cpuOf = (name: string) =>
  profileBytes(['samples/count', 'cpu/nanoseconds'], [{ stack: [`shop.example/api/shop.${name}`], values: [100, 1e9] }]);
const step = (name: string, type: string, refs: EvidenceRef[], findings: Finding[] = []): StepStatus => ({
  name,
  type,
  round: 1,
  state: 'done',
  findings,
  facts: [],
  evidence: refs,
});

/** Two load tests, of which the second is explained; production serves beside it, five times as slowly. */
async function explained(evidence: EvidenceStore): Promise<{ checkpoint: CheckpointStatus; traces: EvidenceRef }> {
  const put = (kind: EvidenceKind, source: string, bytes: Uint8Array | string): Promise<EvidenceRef> =>
    evidence.put({ kind, source, mediaType: 'x' }, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
  const traces = await put(
    'traces',
    'api in lab',
    jaegerAnswer(
      Array.from({ length: 40 }, (_, i) => ({
        id: i + 1,
        spans: [
          {
            id: 1,
            name: i < 30 ? 'GET /staging' : 'GET /production',
            fromMs: 0,
            toMs: i < 30 ? 100 : 500,
            namespace: i < 30 ? 'staging' : 'shop',
            deployment: 'api',
          },
        ],
      })),
    ),
  );
  const record: DiagnosisRecord = {
    service: 'api',
    loadTests: [],
    underLoad: { namespace: 'staging', deployment: 'api' },
    inputs: [{ digest: traces.digest, kind: 'traces', source: traces.source }],
    missing: [],
    lastGood: null,
  };
  const written = await put('diagnosis', 'api', JSON.stringify(record));
  const [calm, peak] = [await put('cpu-profile', 'calm pod', cpuOf('rest')), await put('cpu-profile', 'peak pod', cpuOf('toil'))];
  const cause: Finding = {
    code: 'CauseCpuBound',
    subject: 'x',
    outcome: 'fail',
    measured: 90,
    limit: null,
    unit: '%',
    message: 'x',
    evidence: [written.digest, peak.digest],
  };
  const [like] = stopped.checkpoints as [CheckpointStatus];
  const steps = [
    step('calm', 'loadTest', [calm]),
    step('peak', 'loadTest', [peak]),
    step('diagnosis', 'diagnosis', [written, traces], [cause]),
  ];
  return { checkpoint: { ...like, steps }, traces };
}

describe('figures of a diagnosis', () => {
  it('are drawn of the load test that is explained, and of traces that entered at the Deployment under load', async () => {
    const { folder, evidence } = exampleEvidenceFolder();
    const { checkpoint } = await explained(evidence);
    const [drawn] = await readStepFigures({ checkpoints: [checkpoint] }, figuresApart(folder).figures);
    const text = String(drawn?.content);
    expect(text).toContain('peak pod');
    expect(text).toContain('shop.toil');
    expect(text).not.toContain('shop.rest');
    expect(text).toContain('GET /staging');
    expect(text).not.toContain('GET /production');
  });

  it('are the same on the page of the traces, which says what it leaves out', async () => {
    const { signIn, countdowns, evidence } = testApp();
    const { checkpoint, traces } = await explained(evidence);
    countdowns.statuses.set(stopped.release, { ...stopped, checkpoints: [checkpoint] });
    const browser = await signIn();
    const answer = await browser.get(`/r/${stopped.release}/evidence/${traces.digest}`);
    const text = await answer.text();
    expect(text).toContain('GET /staging');
    expect(text).not.toContain('GET /production');
    expect(text).toContain('10 traces left out: their requests did not enter at the Deployment under load');
  });
});
