// The page: what the rule promises, its tables, and where counts cannot keep it.
import type { AlarmRow, DetectionRow, Endings, LoadRow } from './measure.ts';
import { LIMIT, quantile } from './measure.ts';
import { LATE_S, MIN_BURSTS, type Measured } from './promises.ts';
import { nameOf } from './series.ts';

const share = (value: number): string => (100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0);
const endings = ({ passed, undecided, rolledBack }: Endings): string => `${share(passed)} / ${share(undecided)} / ${share(rolledBack)}`;
const secondsOf = (value: number): string => (value === Infinity ? 'not' : String(value));
const p50p95 = (values: readonly number[]): string => `${secondsOf(quantile(values, 0.5))} / ${secondsOf(quantile(values, 0.95))}`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');

const alarmRow = ({ version, level, ...rules }: AlarmRow) => [
  version.requestsPerSecond,
  `${level} x`,
  nameOf(version.pattern),
  endings(rules.guard),
  endings(rules.totalsOnly),
  share(rules.kayenta),
  share(rules.pipecd),
];
const ALARM_HEAD = ['requests/s', 'of the limit', 'bad', 'guard', 'totals only', 'Kayenta', 'PipeCD'];

const detectionRow = ({ version: { requestsPerSecond, onset }, ...rules }: DetectionRow) => [
  requestsPerSecond,
  `${Number((100 * (onset?.share ?? 0)).toPrecision(2))} %`,
  `${onset?.atS ?? 0} s`,
  ...[rules.guard, rules.totalsOnly, rules.kayenta, rules.pipecd].map(p50p95),
  `${share(rules.passed)} / ${share(rules.passedTotalsOnly)}`,
];
const DETECTION_HEAD = ['requests/s', 'bad', 'from', 'guard', 'totals only', 'Kayenta', 'PipeCD', 'passed: guard / totals only'];

const loadRow = ({ load: { kind, share: of, burst, seconds }, bursts, passes, passedBefore }: LoadRow) => [
  kind === 'errors' ? 'error rate' : 'p99',
  `${Number((of / LIMIT[kind]).toPrecision(2))} x`,
  burst,
  `${seconds} s`,
  bursts.toFixed(1),
  share(passes),
  share(passedBefore),
];

export function markdown(measured: Measured, runs: number): string {
  return `<!-- Written by npm run guard-rates; do not edit. -->

# How often the guard is wrong

How often the [guard](verdict.md#the-numbers) rolls back a version that keeps its limits, how soon it finds one that does not, and how often a load test
passes a service that breaks its limits. Simulated with seeded series and the functions that run live and in \`tminus verify\`: the guard with its defaults (samples
of 3 pods each 5 s, bake 600 s, longest watch 1,800 s, error limit 0.1 %, p99 limit 300 ms, \`falseAlarm\` 1 %), ${runs} runs per row, so that a share of 1 % is known to
${(100 * 1.96 * Math.sqrt(0.0099 / runs)).toFixed(1)} %. A burst of n is n requests in a row that all fail, on any pod.

    npm run guard-rates

## The rule

Requests fail in bursts, so that windows are judged, not requests. A window is the time between two samples (longer where pods are scraped less often).

* **Size of a burst.** How unequal windows are says how many errors count as one: the spread of their counts around the limit, over that of independent
  errors. Twenty errors in one window and none in the others are one burst of twenty; one error in each of twenty windows are twenty bursts.
* **Breach.** After each window above the limit it is asked how likely so many bursts are anywhere in the watch: in three windows in a row (60 % of the
  chance that \`falseAlarm\` gives), in six in a row (6 %), in the last 9 (24 %), in the last 24 (5 %) and in all (5 %). Three quarters of the chance belong to the bake, the rest to its
  extension; errors and slow requests have half each. At least three windows have to be above the limit. Two are enough where most requests of both fail.
* **Pass.** At the end of the bake the upper 95 % bounds of error rate and slow requests keep the limits, with as many effective requests as there are
  bursts, and the last 9 windows keep them as they were measured. A watch that is neither is undecided: its bake is extended, then people are asked.
  Blind is a third answer, and none of these.
* **Latency** is the same: at most 1 % of requests may be slower than the p99 limit.

A load test takes the size of bursts from the seconds of the run. Its bounds of p99 and error rate are those of the effective requests, which its sentences
report. k6 does not know which pod answered, so that seconds are all there is.

## Versions that keep their limit

Percent of runs: passed / undecided / rolled back. *Totals only* is the guard as it was before it judged windows. Kayenta (one judgement after 30
minutes) and PipeCD (\`30m / 5m\`) compare with an old version alike; given is the share of runs they flag.

${table(ALARM_HEAD, measured.alarms.map(alarmRow))}

The scrapes of pods spread over the 5 s between two samples, so that a burst lies in two windows:

${table(ALARM_HEAD, measured.spread.map(alarmRow))}

Slow requests in bursts, at half the limit (0.5 % slower than it):

${table(ALARM_HEAD, measured.slow.map(alarmRow))}

## Versions that break it

A version with errors at 0.1 of the limit, one by one, of which from some second on more fail. Seconds from then to the rollback, median / 95th percentile;
*not*: not within the watch. From ${LATE_S} s on, a minute of the bake is left.

${table(DETECTION_HEAD, measured.detections.map(detectionRow))}

With scrapes spread over the 5 s:

${table(DETECTION_HEAD, measured.spreadDetections.map(detectionRow))}

The p99 of a lognormal latency (sigma 0.7) moves to 1.25, 1.5 and 2 times the limit, so that 2.2, 4 and 9.1 % of requests are slower:

${table(DETECTION_HEAD, measured.slowDetections.map(detectionRow))}

## Load tests

300 requests/s. Percent of runs that pass; *before* took every request for independent. Above 1 x of the limit none should.

${table(['judged', 'of the limit', 'bursts of', 'run', 'bursts expected', 'passes', 'before'], measured.loads.map(loadRow))}

## Where counts cannot keep it

* **One burst is not told from the first windows of a version that fails.** Nothing is rolled back on one, however large, nor on two windows unless most of
  their requests fail. The price is the third window: a version that fails 5 % of its requests is found 10 s later than by its totals.
* **Bursts that last longer than a window** (100 in a row at 20 requests/s are 5 s without one answer) are three windows when scrapes are spread, and may be rolled
  back. So may a version at its limit whose bursts are as large as a window. Three in three windows in a row are then as likely as a failing version.
* **A version with rare large bursts is often undecided.** One burst of 20 in 12,000 requests bounds the rate of bursts no better than one error bounds that of
  errors. People decide then; a longer bake or a higher limit decides it for them.
* **Rare bursts that did not come in the watch are not seen.** A version at its limit with bursts of 100 at 20 requests/s has none in most bakes, and passes.
* **A load test whose run should hold fewer than ${MIN_BURSTS} bursts** holds none in more than 5 % of runs (e^-3), and then nothing is left to judge: make it longer.
* **A gap is one window.** Errors of a time in which nobody looked count as one burst: they keep a version from passing, and roll back with what follows them.
* **Scrapes that are further apart than samples** make the windows longer, and detection with them: three windows are 45 s at one scrape each 15 s.
* **A version exactly at its limit keeps it**, and passes in about one of six watches, for an undecided bake is asked again at each sample.
`;
}
