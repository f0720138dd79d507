// The page: what the rule promises, its tables, and where counts cannot keep it.
import type { AlarmRow, DetectionRow, Endings, LoadRow } from './measure.ts';
import { LIMIT, quantile } from './measure.ts';
import {
  DETECTED_IN_S,
  DETECTED_SPREAD_IN_S,
  LATE_S,
  LATE_SHARE,
  MAX_LATE_PASSED,
  MAX_LOAD_PASSED,
  MAX_ROLLED_BACK,
  MIN_BURSTS,
  MIN_PASSED,
  PROMISED_PER_SECOND,
  type Measured,
} from './promises.ts';
import { nameOf } from './series.ts';

/** Percent. What is not all, or not none, never reads as 100 or 0. */
function share(value: number): string {
  const percent = 100 * value;
  return percent === 0 || percent === 100 ? String(percent) : percent < 10 || percent > 90 ? percent.toFixed(1) : percent.toFixed(0);
}
const endings = ({ passed, undecided, rolledBack }: Endings): string => `${share(passed)} / ${share(undecided)} / ${share(rolledBack)}`;
const secondsOf = (value: number): string => (value === Infinity ? 'not' : String(value));
const p50p95 = (values: readonly number[]): string => `${secondsOf(quantile(values, 0.5))} / ${secondsOf(quantile(values, 0.95))}`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');
/** A share that was chosen, not measured: `0.5 %`. */
const chosen = (value: number): string => `${Number((100 * value).toPrecision(2))} %`;
/** `12 to 45 %`. */
function range(values: readonly number[]): string {
  const [low, high] = [share(Math.min(...values)), share(Math.max(...values))];
  return low === high ? `${low} %` : `${low} to ${high} %`;
}

const alarmRow = ({ version, level, ...rules }: AlarmRow) => [
  version.requestsPerSecond,
  `${level} x`,
  nameOf(version.pattern),
  endings(rules.guard),
  endings(rules.totalsOnly),
  share(rules.kayenta),
  share(rules.pipecd),
];
const ALARM_HEAD = ['requests/s', 'of the limit', 'pattern', 'guard', 'totals only', 'Kayenta', 'PipeCD'];

const detectionRow = ({ version: { requestsPerSecond, onset }, ...rules }: DetectionRow) => [
  requestsPerSecond,
  chosen(onset?.share ?? 0),
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

export function markdown(measured: Measured): string {
  return [intro(measured), rule(), promises(), healthy(measured), failing(measured), loads(measured), costs(measured)].join('\n');
}

function intro({ alarms, detections }: Measured): string {
  const [runs, fewer] = [alarms[0]?.runs ?? 0, detections[0]?.guard.length ?? 0];
  return `<!-- Written by npm run guard-rates; do not edit. -->

# How often the guard is wrong

How often the [guard](verdict.md#the-numbers) rolls back a version that keeps its limits, how soon it finds one that does not, and how often a load test
passes a service that breaks its limits. Simulated with seeded series and the functions that run live and in \`tminus verify\`: the guard with its defaults (samples
of 3 pods each 5 s, bake 600 s, longest watch 1,800 s, error limit 0.1 %, p99 limit 300 ms, \`falseAlarm\` 1 %). A row of a version that keeps its limits is
${runs} runs, so the 95 % interval of a share of 1 % is ± ${(100 * 1.96 * Math.sqrt(0.0099 / runs)).toFixed(1)} %; a row of seconds, or of load tests, is ${fewer} runs.

    npm run guard-rates -- --runs ${runs}

* *one by one*: each request fails, or is slow, by itself. *Bursts of n*: n requests in a row that are all bad, on any pod. *Bad pod*: one by one, and all of
  them on one of the three pods.
* *0.5 x of the limit*: the true share of bad requests is half of what the limit allows, over a long time.
`;
}

const rule = (): string => `## The rule

Requests fail in bursts, so counts per window are judged, not single requests. A window is the time between two samples (longer where pods are scraped less
often). The minute or two that decide hold few windows; the rule defines how many of them are enough.

* **Size of a burst.** The spread of the windows' counts around the limit, divided by the spread of independent errors, is the number of errors that count as
  one. Twenty errors in one window and none in the others are one burst of twenty; one error in each of twenty windows are twenty bursts. A burst lasts at
  most about 2 s, and is never taken for larger than the requests of that time.
* **Breach.** After each window above the limit Tminus computes the probability that so many bursts are anywhere in the watch: in three windows in a row (58 %
  of the chance that \`falseAlarm\` gives), in six in a row (6 %), in the last 9 (24 %), in the last 24 (5 %), in all (5 %), and an outage in one window or two
  (2 %): requests that fail for more than 5 s in all. Three quarters of the chance belong to the bake, the rest to its extension; errors and slow requests get
  half each. The tested windows hold at least 30 requests. With an error limit of 0 the first error is a breach, once 30 requests were seen.
* **Pass.** At the end of the bake the upper 95 % bounds of error rate and slow requests keep the limits, with as many effective requests as there are
  bursts, and so do the last window, the last 3 and the last 9, as they were measured. A watch that does neither is undecided: it passes as soon as it does,
  and people are asked at \`maxBake\`. A watch without data is blind: it neither passes nor is undecided.
* **Latency** is the same: at most 1 % of requests may be slower than the p99 limit.

A load test takes the size of bursts from the seconds of the run (from steps of 2 s once it lasts longer than 1,200 s, and so on). Its bounds of p99
and error rate are those of the effective requests, which its sentences report. k6 does not report which pod answered, so only seconds are available. A
report of another load tool has no counts per second: there every request counts as independent.
`;

const seconds = (rows: typeof DETECTED_IN_S): string => rows.map(([of, within]) => `${chosen(of)} within ${within} s`).join(', ');
const promises = (): string => `## What is promised

* A version at 0.1 x of the limit with errors one by one, at 20 requests/s and more, passes in at least ${chosen(MIN_PASSED)} of watches.
* At most ${chosen(MAX_ROLLED_BACK)} of watches roll back a version at 0.1 x or 0.5 x with errors one by one or in bursts of 5 or 20, or one at 1 x with errors one by one or in
  bursts of 5; the same where scrapes are spread, and for slow requests at 0.5 x in bursts of 5 and 20.
* At ${PROMISED_PER_SECOND} requests/s, 95 % of versions whose errors begin at the start or at 300 s are rolled back:
  ${seconds(DETECTED_IN_S)}, where all pods are scraped at once.
  ${seconds(DETECTED_SPREAD_IN_S)}, where scrapes are spread over the 5 s: the onset falls inside a window then, of which
  some pods show nothing yet.
* A version that fails ${chosen(LATE_SHARE)} from ${LATE_S} s on passes in at most ${chosen(MAX_LATE_PASSED)} of watches.
* A load test of a service at 1.5 x of its limits that should hold at least ${MIN_BURSTS} bursts passes in at most ${chosen(MAX_LOAD_PASSED)} of runs.

The command fails where a row does not keep one of them.
`;

const healthy = (measured: Measured): string => `## Versions that keep their limit

Percent of runs: passed / undecided / rolled back. *Totals only* is the guard as it was before it judged windows. Kayenta (one judgement after 30
minutes) and PipeCD (\`30m / 5m\`) compare with an old version that is alike; given is the share of runs they flag.

${table(ALARM_HEAD, measured.alarms.map(alarmRow))}

The scrapes of pods spread over the 5 s between two samples, so that a burst lies in two windows:

${table(ALARM_HEAD, measured.spread.map(alarmRow))}

Slow requests in bursts, at half the limit (0.5 % slower than it):

${table(ALARM_HEAD, measured.slow.map(alarmRow))}
`;

const failing = (measured: Measured): string => `## Versions that break it

A version with errors at 0.1 x of the limit, one by one, of which from some second on more fail. Seconds from then to the rollback, median / 95th percentile;
*not*: not within the watch. From ${LATE_S} s on, a minute of the bake is left.

${table(DETECTION_HEAD, measured.detections.map(detectionRow))}

With scrapes spread over the 5 s:

${table(DETECTION_HEAD, measured.spreadDetections.map(detectionRow))}

The p99 of a lognormal latency (sigma 0.7) moves to 1.25, 1.5 and 2 times the limit, so that 2.2, 4 and 9.1 % of requests are slower:

${table(DETECTION_HEAD, measured.slowDetections.map(detectionRow))}
`;

const loads = (measured: Measured): string => `## Load tests

300 requests/s. Percent of runs that pass; *before* took every request for independent. Above 1 x of the limit none should.

${table(['judged', 'of the limit', 'bursts of', 'run', 'bursts expected', 'passes', 'before'], measured.loads.map(loadRow))}
`;

const promisedFromStart = ({ version: { onset, requestsPerSecond } }: DetectionRow): boolean =>
  onset?.atS === 0 && requestsPerSecond === PROMISED_PER_SECOND;
const isOfBurst =
  (level: number, burst: number) =>
  ({ level: of, version: { pattern } }: AlarmRow): boolean =>
    of === level && typeof pattern !== 'string' && pattern.burst === burst;

/** Bursts of 5 s. */
const isLongBurst = ({ version: { pattern, requestsPerSecond } }: AlarmRow): boolean =>
  requestsPerSecond === 20 && typeof pattern !== 'string' && pattern.burst === 100;

/** What the rule costs, as it was measured, and what no rule on counts can do. */
function costs({ alarms, slow, detections, loads: tests }: Measured): string {
  const later = detections
    .filter(promisedFromStart)
    .map(({ version, guard, totalsOnly }) => `| ${chosen(version.onset?.share ?? 0)} | ${p50p95(guard)} | ${p50p95(totalsOnly)} |`)
    .join('\n');
  const undecided = (level: number, burst: number) => range(alarms.filter(isOfBurst(level, burst)).map(({ guard }) => guard.undecided));
  const passes = (ofS: number, of: 'passes' | 'passedBefore') =>
    range(
      tests
        .filter(({ load: { share: bad, kind, seconds: s, burst } }) => bad < LIMIT[kind] && burst > 1 && s === ofS)
        .map((row) => row[of]),
    );
  const outages = range([...alarms, ...slow].filter(isLongBurst).map(({ guard }) => guard.rolledBack));
  return `## What it costs, and where counts cannot keep it

Versions that fail from the first request are found later than by totals, as one burst cannot be distinguished from their first windows, and nothing is rolled
back on it, however large. At ${PROMISED_PER_SECOND} requests/s, seconds, median / 95th percentile:

| bad from 0 s | guard | totals only |
|---|---|---|
${later}

* **The nearer to the limit, the more windows.** Of bursts of any size, n windows in a row are all above k times the limit with a probability of k^-n, and a bake
  has 120 windows: three in a row (15 s) are enough from 38 times the limit on, six (30 s) from 9 times. So with larger limits: 10 % errors at 100 requests/s are
  found in 15 s where the limit is 0.1 %, in 25 s at 0.5 %, in 30 s at 1 % and in 75 s at 5 %; 45 % at 5 % in 30 s. Where all requests fail, two windows are
  enough up to 1 % and three at 5 %; at 0.1 %, one is where it is 10 s and longer.
* **Scrapes that are further apart than samples** make the windows longer, and detection with them: 10 % errors are found in 30 s at one scrape each 10 s and in
  45 s at one each 15 s; where half of the requests fail, in 20 s and 15 s.
* **People decide on healthy versions with bursts.** At 0.5 x of the limit ${undecided(0.5, 5)} of watches end undecided with bursts of 5, ${undecided(0.5, 20)} with
  bursts of 20 and ${undecided(0.5, 100)} with bursts of 100; at 0.1 x, ${undecided(0.1, 20)} with bursts of 20. One burst of 20 in 12,000 requests bounds the rate of
  bursts no better than one error bounds that of errors. A longer bake or a higher limit decides it for them.
* **Load tests with bursts have to run longer.** Services at 0.1 x of their limits whose bad requests come in bursts pass in ${passes(30, 'passes')} of runs of 30 s, in
  ${passes(65, 'passes')} of 65 s and in ${passes(180, 'passes')} of 180 s (before: in ${passes(30, 'passedBefore')} of 30 s).
* **A load test whose run should hold fewer than ${MIN_BURSTS} bursts** holds none in more than 5 % of runs (e^-3), and then nothing is left to judge: make it longer.
* **Outages of more than 5 s cannot be distinguished from a failing version**, and may be rolled back: bursts of 100 at 20 requests/s are 5 s without one good
  answer, and where two of them meet that is an outage (${outages} of the watches above). So may a version at its limit whose bursts are as large as a window.
* **With little traffic** two minutes of windows hold fewer than 30 requests, and only the whole watch can roll back: at one request each 5 s after 150 s.
* **Rare bursts that do not occur during the watch are not detected.** A version at its limit with bursts of 100 at 20 requests/s has none in most bakes, and passes.
* **A stray error in the last windows delays the pass**, by one window, three or nine: a bake of 600 s with 20 requests/s ends up to 45 s later.
* **A gap is one window.** Errors between two samples that are far apart count as one burst: they keep a version from passing, and roll back with what follows them.
* **A version exactly at its limit keeps it**, and passes in some watches, for an undecided bake is asked again at each sample.
`;
}
