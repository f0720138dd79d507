// What an evidence page says of its bytes: the stored findings that name them, and nothing judged anew.
import { describe, expect, it } from '@jest/globals';
import { judgeRuntime } from '../../analysis/runtime/judge.ts';
import type { RuntimeSample } from '../../analysis/runtime/sample.ts';
import type { EvidenceRef, Finding } from '../../verdict/finding.ts';
import type { StepStatus } from '../../verdict/countdown-status.ts';
import { stopped } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { testApp } from '../testing/test-app.ts';

const STARTED = Date.UTC(2026, 10, 21, 9);

/** Half of the acquires waited 40 ms each: too long for a p99 limit of 300 ms, and not for one of 2 s. */
const samples = Array.from({ length: 13 }, (_, i): RuntimeSample => ({
  at: new Date(STARTED + 5_000 * i).toISOString(),
  pod: 'go-api-1',
  unread: null,
  goroutines: 61,
  heapBytes: 4_000_000,
  gcCpuSeconds: 0.1 * i,
  totalCpuSeconds: 10 * i,
  pauses: null,
  pool: { acquired: 2, most: 10, acquires: 1_000 * i, emptyAcquires: 500 * i, emptyWaitSeconds: 20 * i, cancelled: 0 },
}));
const bytes = new TextEncoder().encode(samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
const poolOf = (p99LimitMs: number, evidence: string[] = []): Finding[] =>
  judgeRuntime(samples, { p99LimitMs, evidence }).filter(({ subject }) => subject === 'connection pool');

/** The page of the samples in a countdown that stored these findings of them. */
async function pageWith(findingsOf: (ref: EvidenceRef) => Finding[]): Promise<string> {
  const countdowns = fakeCountdowns([]);
  const { signIn, evidence } = testApp({ countdowns });
  const ref = await evidence.put(
    { kind: 'runtime-samples', mediaType: 'application/x-ndjson', source: 'pods of shop-staging/go-api' },
    bytes,
  );
  const step: StepStatus = {
    name: 'load-test',
    type: 'loadTest',
    round: 1,
    state: 'done',
    facts: [],
    findings: findingsOf(ref),
    evidence: [ref],
  };
  const [like] = stopped.checkpoints;
  if (like === undefined) throw new Error('the example has no checkpoint');
  countdowns.statuses.set(stopped.release, { ...stopped, checkpoints: [{ ...like, steps: [step] }] });
  const browser = await signIn();
  return (await browser.get(`/r/${stopped.release}/evidence/${ref.digest}`)).text();
}

describe('the page of a piece of evidence', () => {
  it('shows the findings that the countdown stored, by the limits that it had', async () => {
    expect([poolOf(2_000), poolOf(300)].map(([finding]) => finding?.code)).toEqual(['PoolWithinLimit', 'PoolSaturated']);
    const text = await pageWith(({ digest }) => poolOf(2_000, [digest]));
    expect(text).toContain('PoolWithinLimit');
    expect(text).not.toContain('PoolSaturated');
    expect(text).not.toContain('too small for this load');
  });

  it('says in one line that no finding names the evidence, and still shows what was measured', async () => {
    const text = await pageWith(() => poolOf(2_000, [`sha256:${'0'.repeat(64)}`]));
    expect(text).toContain('No finding of this countdown names this evidence.');
    expect(text).not.toMatch(/Pool(?:WithinLimit|Saturated)/);
    expect(text).toContain('goroutines 61 → 61');
  });
});
