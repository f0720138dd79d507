import { describe, expect, it } from '@jest/globals';
import { bakedMs } from './bake-time.ts';
import type { Finding } from './finding.ts';

const finding = (code: string, outcome: Finding['outcome']): Finding => ({
  code,
  subject: 'deployment shop/go-api',
  outcome,
  measured: null,
  limit: null,
  unit: '',
  message: code,
  evidence: [],
});
const noData = finding('GuardNoData', 'inconclusive');
const restarted = finding('PodsRestarted', 'inconclusive');
const after = (watchedMs: number, ...findings: Finding[]) => bakedMs(240_000, { watchedMs, findings });

describe('bake time that is done', () => {
  it('counts what was watched when only data were missing, so that a resume goes on with the rest', () => {
    expect(after(60_000, noData)).toBe(300_000);
  });

  it('begins again after a whole watch that could not decide', () => {
    expect(after(360_000, finding('GuardUndecided', 'inconclusive'))).toBe(0);
  });

  it('begins again after a restart, though all else passed or data were missing as well', () => {
    expect(after(360_000, restarted, finding('GuardPassed', 'pass'))).toBe(0);
    expect(after(60_000, restarted, noData)).toBe(0);
  });

  it('begins again when the step runs once more after it passed', () => {
    expect(after(360_000, finding('GuardPassed', 'pass'))).toBe(0);
    expect(after(360_000)).toBe(0);
  });
});
