// A line of the service's own log with the duration of a statement, as pgx's tracelog with zap writes it:
// {"level":"info","msg":"Query","sql":"SELECT ... WHERE id = $1","duration":0.152}

export interface ServiceStatement {
  statement: string;
  durationMs: number;
}

/** Parts of a Go duration as `String()` prints it, in ms. The micro sign has two code points. */
const UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const GO_DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/u;

/**
 * The statement and its duration. Null for any other line. `unread` where a line has a statement but no plausible duration.
 * @param maxMs the duration of the load: a larger number is not in seconds (slog logs nanoseconds).
 */
export function readServiceLine(line: string, maxMs: number): ServiceStatement | 'unread' | null {
  if (!line.includes('"sql"')) return null;
  let record: Record<string, unknown> | null;
  try {
    record = JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return 'unread';
  }
  const statement = record?.['sql'];
  // Preparing a statement does not execute it.
  if (typeof statement !== 'string' || statement.trim() === '' || record?.['msg'] === 'Prepare') return null;
  // `time` is often the timestamp of the line; then it is not a duration, and the other field has it.
  const durationMs = durationOf(record?.['duration']) ?? durationOf(record?.['time']);
  return durationMs === null || durationMs > maxMs ? 'unread' : { statement, durationMs };
}

/** Numbers are seconds, as zap's SecondsDurationEncoder writes them; text is Go's. */
function durationOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value * 1_000 : null;
  if (typeof value !== 'string' || !GO_DURATION.test(value)) return null;
  return [...value.matchAll(/(\d+(?:\.\d+)?)([a-zµμ]+)/gu)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNITS_MS[unit] ?? 0),
    0,
  );
}
