// When an alert fires, by Prometheus' own engine: promtool evaluates rules on virtual time, second by second.
import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { firingMs } from '../../analysis/alarm/percentiles.ts';

interface Case {
  windowS: number;
  threshold: number;
  perSecond: number;
  scrapeS: number;
  evaluationS: number;
  forS: number;
}

const article: Case = { windowS: 300, threshold: 10, perSecond: 50, scrapeS: 15, evaluationS: 15, forS: 120 };
const cases: Case[] = [
  article,
  { ...article, evaluationS: 60 },
  { ...article, perSecond: 1_000 },
  { ...article, perSecond: 11 },
  { ...article, forS: 100 },
  { ...article, windowS: 100, evaluationS: 20, forS: 0 },
  { ...article, windowS: 47, perSecond: 15, forS: 30 },
  { windowS: 60, threshold: 10, perSecond: 50, scrapeS: 5, evaluationS: 5, forS: 0 },
  { windowS: 30, threshold: 1, perSecond: 3, scrapeS: 15, evaluationS: 7, forS: 20 },
];
/** Seconds from the fault to the first scrape and to the first evaluation; the last two at the same second. */
const phases: readonly (readonly [scrape: number, evaluation: number])[] = [
  [0.1, 0.9],
  [0.7, 0.2],
  [0.5, 0.6],
  [0.99, 0.01],
  [0, 0],
];

const phased = cases.flatMap((each) =>
  phases.map(([scrape, evaluation]) => ({
    ...each,
    scrapePhaseS: Math.floor(scrape * each.scrapeS),
    evaluationPhaseS: Math.floor(evaluation * each.evaluationS),
  })),
);

function promtool(argv: readonly string[]): { status: number | null; output: string } {
  const program = process.env['TMINUS_TOOL_PROMTOOL'];
  if (!program) throw new Error('TMINUS_TOOL_PROMTOOL names no promtool: `./scripts/lab tool promtool` builds one');
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

/** Tests of promtool: each alert fires at the computed evaluation, moved by `laterBy` evaluations, and not at the one before. */
function promtoolTests(laterBy: number): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-firing-'));
  const files = phased.map((each, index) => {
    const { windowS, threshold, perSecond, scrapeS, evaluationS, forS, scrapePhaseS, evaluationPhaseS } = each;
    const timing = {
      windowMs: windowS * 1_000,
      scrapeMs: scrapeS * 1_000,
      evaluationMs: evaluationS * 1_000,
      forMs: forS * 1_000,
      queryOffsetMs: 0,
      share: threshold / perSecond,
      orEqual: false,
    };
    // promtool evaluates at multiples of its interval, so the fault begins that long before one.
    const faultS = Math.ceil((windowS + scrapeS) / evaluationS + 1) * evaluationS - evaluationPhaseS;
    const firesS = faultS + firingMs(timing, scrapePhaseS * 1_000, evaluationPhaseS * 1_000) / 1_000 + laterBy * evaluationS;
    const isScraped = (second: number): boolean => (second - faultS - scrapePhaseS) % scrapeS === 0;
    const values = Array.from({ length: firesS + 1 }, (_, second) =>
      isScraped(second) ? String(perSecond * Math.max(0, second - faultS)) : '_',
    );
    const rule = { alert: 'A', expr: `rate(errors_total[${windowS}s]) > ${threshold}`, for: `${forS}s` };
    writeFileSync(join(folder, `rules-${index}.yaml`), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }));
    const file = join(folder, `test-${index}.yaml`);
    const test = {
      name: JSON.stringify(each),
      interval: '1s',
      input_series: [{ series: 'errors_total', values: values.join(' ') }],
      alert_rule_test: [
        { eval_time: `${firesS - evaluationS}s`, alertname: 'A' },
        { eval_time: `${firesS}s`, alertname: 'A', exp_alerts: [{ exp_labels: {} }] },
      ],
    };
    writeFileSync(file, JSON.stringify({ rule_files: [`rules-${index}.yaml`], evaluation_interval: `${evaluationS}s`, tests: [test] }));
    return file;
  });
  const ran = promtool(['test', 'rules', ...files]);
  rmSync(folder, { recursive: true });
  return ran;
}

it('is computed to the evaluation, whatever window, intervals and phases', () => {
  const { status, output } = promtoolTests(0);
  expect(output.match(/FAILED[\s\S]*/)?.[0] ?? '').toBe('');
  expect(output.match(/SUCCESS/g)).toHaveLength(phased.length);
  expect(status).toBe(0);
});

it.each([-1, 1])('is refused by promtool at the evaluation %d from it', (laterBy) => {
  const { output } = promtoolTests(laterBy);
  expect(output).not.toContain('SUCCESS');
});

it('concerns rule files that promtool accepts', () => {
  const { status, output } = promtool(['check', 'rules', resolve(import.meta.dirname, '../../lab/example/alerts.yaml')]);
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('2 rules found') });
});
