// Text reports: hey's CSV, percentile tables of wrk2 and HdrHistogram, HdrHistogram logs, vegeta's results (vegeta-results.ts).
import { build, type Histogram } from 'hdr-histogram-js';
import { UnreadableEvidence } from '../analysis.ts';
import { MAX_ENDPOINTS, OTHER_ENDPOINTS } from '../load-test/summary.ts';
import { readHdrLog } from './hdr-log.ts';
import { decidingQuantiles } from './judge.ts';
import { ALL_REQUESTS, consistent, type LoadReport, type Quantile } from './report.ts';
import { vegetaResults } from './vegeta-results.ts';

const HEY_HEADER = 'response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset';

/** The report in a text, or null for an unknown tool. Throws UnreadableEvidence with the damaged line. */
export function readTextReport(text: string): LoadReport | null {
  const report = reportIn(text);
  return report && consistent(report);
}

function reportIn(text: string): LoadReport | null {
  if (text.startsWith(HEY_HEADER)) return hey(text);
  if (text.includes('Detailed Percentile spectrum') || TABLE_HEAD.test(text.slice(0, 2_000))) return percentiles(text);
  if (text.startsWith('#[Histogram log format') || /^(?:Tag=[^,]+,)?[\d.]+,[\d.]+,[\d.]+,HISTF/mu.test(text.slice(0, 100_000)))
    return hdrLog(text);
  if (text.startsWith('{"attack":')) return vegetaResults(text);
  return null;
}

function hey(text: string): LoadReport {
  const values: number[] = [];
  let failed = 0;
  const lines = text.split('\n');
  lines.forEach((line, i) => {
    if (i === 0 || line.trim() === '') return;
    const cells = line.split(',');
    const [seconds, status] = [Number(cells[0]), Number(cells[6])];
    if (cells.length !== 8 || cells[0] === '' || !(seconds >= 0) || !Number.isFinite(seconds) || !Number.isInteger(status))
      throw new UnreadableEvidence('not a row of hey', `line ${i + 1}`, 'run hey with -o csv again');
    values.push(seconds * 1_000);
    if (status >= 400) failed += 1;
  });
  return {
    tool: 'hey',
    model: 'closed',
    endpoints: [
      {
        endpoint: ALL_REQUESTS,
        requests: values.length,
        failed,
        failedAtLeast: true,
        quantiles: decidingQuantiles(Float64Array.from(values)),
      },
    ],
    dropped: null,
    notes: ['times are exact to 0.1 ms', 'requests without a response are not in the file: the error rate is a lower bound'],
  };
}

/**
 * The percentile table of an HdrHistogram. wrk2 prints it between its own lines; a bare table may be from any tool, with unknown failures
 * and an unknown load model.
 */
function percentiles(text: string): LoadReport {
  const place = `line ${lineOf(text, text.search(TABLE_HEAD))}`;
  const requests = Number(/Total count\s*=\s*(\d+)/u.exec(text)?.[1] ?? NaN);
  const table = firstTable(text);
  if (table.length === 0 || !Number.isSafeInteger(requests))
    throw new UnreadableEvidence('percentiles or total count are missing', place, 'run wrk2 with --latency again');
  const wrong = table.find((quantile) => quantile.share > 1);
  if (wrong) throw new UnreadableEvidence(`${wrong.share} is not a percentile between 0 and 1`, place, 'run wrk2 with --latency again');
  return (
    wrk2(text, requests, table) ?? {
      tool: 'HdrHistogram percentiles',
      model: 'unknown',
      endpoints: [{ endpoint: ALL_REQUESTS, requests, failed: null, quantiles: table }],
      dropped: null,
      notes: ['values are read as milliseconds', 'a histogram contains no errors'],
    }
  );
}

const TABLE_HEAD = /^\s*Value\s+Percentile\s+TotalCount/mu;

/** With --u_latency wrk2 prints a second table, with times since sending; only the first one has times since the scheduled send time. */
function firstTable(text: string): Quantile[] {
  const from = Math.max(0, text.search(TABLE_HEAD));
  const end = text.indexOf('#[', from);
  const quantiles: Quantile[] = [];
  for (const [, value, share] of text
    .slice(from, end === -1 ? text.length : end)
    .matchAll(/^\s*([\d.]+)\s+([\d.]+)\s+\d+\s+(?:[\d.]+|inf)\s*$/gmu))
    quantiles.push({ share: Number(share), ms: Number(value) });
  return quantiles;
}

/** wrk2's last lines: `60018 requests in 30.00s, 19.81MB read`, errors if any, and the rate. Null without them. */
function wrk2(text: string, timed: number, quantiles: Quantile[]): LoadReport | null {
  const complete = /^\s*(\d+) requests in \S+, \S+ read\s*$/mu.exec(text)?.[1];
  if (complete === undefined || !/^Requests\/sec:\s*[\d.]+/mu.test(text)) return null;
  // A line exists only with such an error; one that cannot be read must not count as none.
  const socket = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)\s*$/mu.exec(text)?.slice(1);
  const refused = /^\s*Non-2xx or 3xx responses:\s*(\d+)\s*$/mu.exec(text)?.[1];
  if ((text.includes('Socket errors') && !socket) || (text.includes('Non-2xx') && !refused)) return null;
  const unanswered = (socket ?? []).reduce((sum, count) => sum + Number(count), 0);
  return {
    tool: 'wrk2',
    model: 'open',
    endpoints: [
      {
        endpoint: ALL_REQUESTS,
        requests: Number(complete) + unanswered,
        failed: Number(refused ?? 0) + unanswered,
        timed,
        unanswered,
        quantiles: withP99(quantiles, text.slice(0, text.search(TABLE_HEAD))),
      },
    ],
    dropped: null,
    notes: ['times are measured from the scheduled send time', 'the first seconds, used for calibration, are not in the percentiles'],
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * The table halves the rest in five rows and so has no p99; wrk2 prints the p99 above it, rounded to two decimals of its unit. It is
 * clamped between its neighbours in the table, which are exact and decide.
 */
function withP99(table: Quantile[], above: string): Quantile[] {
  const [, value, unit = ''] = /^\s*99\.000%\s+(\d+(?:\.\d+)?)(us|ms|s|m|h)\s*$/mu.exec(above) ?? [];
  const from = table.findLastIndex(({ share }) => share < 0.99);
  const [before, after] = [table[from], table[from + 1]];
  if (value === undefined || !before || !after || after.share === 0.99) return table;
  const ms = Math.min(after.ms, Math.max(before.ms, Number(value) * (UNITS_MS[unit] ?? NaN)));
  return table.toSpliced(from + 1, 0, { share: 0.99, ms });
}

const lineOf = (text: string, at: number): number => text.slice(0, Math.max(0, at)).split('\n').length;

function hdrLog(text: string): LoadReport {
  const byTag = new Map<string, Histogram>();
  readHdrLog(text, ({ tag, histogram }) => {
    const name = tag ?? ALL_REQUESTS;
    const key = byTag.has(name) || byTag.size < MAX_ENDPOINTS ? name : OTHER_ENDPOINTS;
    const whole = byTag.get(key) ?? build();
    // Percentiles are never averaged; histograms are added.
    whole.add(histogram);
    byTag.set(key, whole);
  });
  const shares = [0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1];
  return {
    tool: 'HdrHistogram log',
    model: 'unknown',
    endpoints: [...byTag].map(([endpoint, whole]) => ({
      endpoint,
      requests: whole.totalCount,
      failed: null,
      // Logs usually count nanoseconds.
      quantiles: shares.map((share) => ({ share, ms: whole.getValueAtPercentile(share * 100) / 1e6 })),
    })),
    dropped: null,
    notes: ['values are read as nanoseconds', 'a histogram contains no errors'],
  };
}
