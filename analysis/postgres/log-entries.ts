// The entries of a PostgreSQL server log, from text that arrives in chunks: one JSON document a line, CSV, or text after a prefix.
// Truncated or damaged text affects only the entry it belongs to.
import { prefixPattern } from './log-line-prefix.ts';

export type LogFormat = 'jsonlog' | 'csvlog' | 'stderr';

export interface LogEntry {
  /** Null where the log does not contain it. */
  database: string | null;
  application: string | null;
  message: string;
}

export interface LogReader {
  /** Returns the entries that are complete. */
  push(text: string): LogEntry[];
  /** Returns the rest, after the last chunk. */
  end(): LogEntry[];
  /** Number of entries with a duration that cannot be read. */
  damaged(): number;
}

/** Only entries with this text are parsed; others (connections, checkpoints) cost nothing. */
const DURATION_MARK = 'duration: ';

/** A format: `line` and `rest` return the entries that they complete; null stands for a damaged one. */
interface Assembler {
  line(line: string): (LogEntry | null)[];
  rest(): (LogEntry | null)[];
}

/** @param linePrefix the server's `log_line_prefix`, which only the format `stderr` needs. */
export function createLogReader(format: LogFormat, linePrefix = ''): LogReader {
  const assembler = { jsonlog: jsonLines, csvlog: csvRecords, stderr: () => prefixedText(linePrefix) }[format]();
  let carry = '';
  let damaged = 0;
  const whole = (found: (LogEntry | null)[]): LogEntry[] => {
    damaged += found.filter((entry) => entry === null).length;
    return found.filter((entry) => entry !== null);
  };
  return {
    push(text) {
      const lines = (carry + text).split('\n');
      carry = lines.pop() ?? '';
      return whole(lines.flatMap((line) => assembler.line(line)));
    },
    end() {
      const last = carry === '' ? [] : assembler.line(carry);
      carry = '';
      return whole([...last, ...assembler.rest()]);
    },
    damaged: () => damaged,
  };
}

function jsonLines(): Assembler {
  return {
    line(line) {
      if (!line.includes(DURATION_MARK)) return [];
      try {
        const { message, dbname, application_name: application } = JSON.parse(line) as Record<string, unknown>;
        if (typeof message !== 'string') return [];
        return [{ message, database: textOf(dbname), application: textOf(application) }];
      } catch {
        return [null];
      }
    },
    rest: () => [],
  };
}

/** Columns of the CSV log since PostgreSQL 9.0, which added application_name; newer versions append more. */
const CSV = { database: 2, message: 13, application: 22 } as const;
/** Start of every record: `2026-11-25 21:40:00.123 UTC,`. */
const CSV_BEGINS = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [^,"]+,/u;

function csvRecords(): Assembler {
  let open = '';
  /** An odd number of quotes leaves a field open, and with it the record. */
  let odd = false;
  const finish = (): (LogEntry | null)[] => {
    const record = open;
    const cut = odd || !CSV_BEGINS.test(record);
    [open, odd] = ['', false];
    if (!record.includes(DURATION_MARK)) return [];
    const fields = cut ? [] : csvFields(record);
    const message = fields[CSV.message];
    return [
      message === undefined ? null : { message, database: fields[CSV.database] || null, application: fields[CSV.application] || null },
    ];
  };
  return {
    line(line) {
      // The rest of a record that is read from its middle would swallow the next one.
      const lost = odd && !CSV_BEGINS.test(open) && CSV_BEGINS.test(line) ? finish() : [];
      open = open === '' ? line : `${open}\n${line}`;
      odd = odd !== (line.split('"').length % 2 === 0);
      return odd ? lost : [...lost, ...finish()];
    },
    rest: () => (open === '' ? [] : finish()),
  };
}

const csvFields = (record: string): string[] =>
  [...record.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/gu)].map(
    ([, quoted, unquoted = '']) => quoted?.replaceAll('""', '"') ?? unquoted,
  );

/** An entry starts with prefix and severity; its further lines start with a tab. DETAIL and STATEMENT are separate entries. */
function prefixedText(linePrefix: string): Assembler {
  const pattern = prefixPattern(linePrefix);
  let open: LogEntry | null = null;
  const finish = (): LogEntry[] => {
    const done = open !== null && open.message.startsWith(DURATION_MARK) ? [open] : [];
    open = null;
    return done;
  };
  return {
    line(line) {
      if (line.startsWith('\t')) {
        if (open !== null) open.message += `\n${line.slice(1)}`;
        return [];
      }
      const done = finish();
      const begun = pattern.exec(line)?.groups;
      if (begun?.['severity'] === 'LOG')
        open = { database: textOf(begun['database']), application: textOf(begun['application']), message: begun['message'] ?? '' };
      return done;
    },
    rest: finish,
  };
}

/** The server writes `[unknown]` before the session's values are set. */
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' && value !== '[unknown]' ? value : null);
