// Reads what the API server returns for `GET pods/NAME/log?timestamps=true`: each line begins with its RFC 3339 time. `sinceTime` reaches
// the kubelet in whole seconds, so lines before the last read one come again. They are skipped by position, not by time: stdout and stderr
// are written by two writers, whose lines may be out of order by microseconds.

export interface LogCursor {
  /** Time of the last read line: seconds since 1970, and its nanoseconds. */
  second: number;
  nanos: number;
  /** How many lines with exactly this time were read. */
  same: number;
}

interface LogQuestion {
  /** End of what was read before; null: nothing. */
  cursor: LogCursor | null;
  /** Without a cursor, only lines after it count, ms since 1970. */
  fromMs: number;
  /** The text is cut off at its size limit. */
  cut: boolean;
  /** Part of a line; `*` stands for any characters. */
  text: string;
}

export interface LogReading {
  lines: number;
  matches: [second: number, lines: number][];
  cursor: LogCursor | null;
  /** The last read line is not there any more: the log was rotated or belongs to a new container, and lines between may be lost. */
  gap: boolean;
  /** First line that is not of this format, which the kubelet writes where it cannot read the log; null without one. */
  foreign: string | null;
}

interface Line {
  second: number;
  nanos: number;
  text: string;
}

const LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)(?: (.*))?$/su;
/** Of a foreign line, for a message. */
const QUOTED_CHARACTERS = 120;

/** Counts the new lines, and those that match. */
export function readLogText(log: string, { cursor, fromMs, cut, text }: LogQuestion): LogReading {
  const whole = log.split('\n');
  // A whole log ends with a line break; a line that is still being written comes again.
  whole.pop();
  const lines: Line[] = [];
  for (const each of whole) {
    const line = readLine(each);
    if (line === null) return { lines: 0, matches: [], cursor, gap: false, foreign: each.slice(0, QUOTED_CHARACTERS) };
    lines.push(line);
  }
  const from = cursor === null ? 0 : positionAfter(lines, cursor);
  const gap = from === null && !cut;
  // Cut off before the last read line: more than the limit within one second.
  if (from === null && cut) return { lines: 0, matches: [], cursor, gap, foreign: null };
  const isNew = cursor === null ? isAfter(fromMs) : gap ? isLater(cursor) : () => true;
  const fresh = lines.slice(from ?? 0).filter(isNew);
  return { lines: fresh.length, matches: matchesIn(fresh, text), cursor: cursorAt(lines) ?? cursor, gap, foreign: null };
}

/** True if the parts of `pattern` between its `*` are in `line`, in this order. */
export function matches(line: string, pattern: string): boolean {
  let at = 0;
  for (const part of pattern.split('*')) {
    const found = line.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

function readLine(line: string): Line | null {
  const [, time = '', fraction = '', zone = '', text = ''] = LINE.exec(line) ?? [];
  const second = Date.parse(`${time}${zone}`) / 1_000;
  return Number.isFinite(second) ? { second, nanos: Number(fraction.padEnd(9, '0')), text } : null;
}

/** Index of the first line after the cursor; null when its line is missing. */
function positionAfter(lines: readonly Line[], { second, nanos, same }: LogCursor): number | null {
  let left = same;
  for (const [index, line] of lines.entries()) {
    if (line.second === second && line.nanos === nanos) left -= 1;
    if (left === 0) return index + 1;
  }
  return null;
}

function cursorAt(lines: readonly Line[]): LogCursor | null {
  const last = lines.at(-1);
  if (last === undefined) return null;
  const { second, nanos } = last;
  return { second, nanos, same: lines.filter((line) => line.second === second && line.nanos === nanos).length };
}

const isAfter =
  (fromMs: number) =>
  ({ second, nanos }: Line): boolean =>
    second * 1_000 + nanos / 1e6 > fromMs;

const isLater =
  (cursor: LogCursor) =>
  ({ second, nanos }: Line): boolean =>
    second > cursor.second || (second === cursor.second && nanos > cursor.nanos);

function matchesIn(lines: readonly Line[], text: string): [number, number][] {
  const bySecond = new Map<number, number>();
  for (const { second, text: line } of lines) if (matches(line, text)) bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
  return [...bySecond].sort(([one], [other]) => one - other);
}
