// The entries of a PostgreSQL server's log, from text that comes in pieces: one JSON document a line, CSV, or text behind a prefix. What the
// log lost (a beginning, an end, a damaged line) costs the entry it belongs to and no other.
import { prefixPattern } from './log-line-prefix.ts';

export type LogFormat = 'jsonlog' | 'csvlog' | 'stderr';

export interface LogEntry {
  /** Null where the log does not say. */
  database: string | null;
  application: string | null;
  message: string;
}

export interface LogReader {
  /** Entries that are whole by now. */
  push(text: string): LogEntry[];
  /** What is left when no more comes. */
  end(): LogEntry[];
  /** Entries that speak of a duration and cannot be read. */
  damaged(): number;
}

/** Only these are read: all others (connections, checkpoints) cost no parsing. */
const SPEAKS_OF_DURATION = 'duration: ';

/** What a format does with lines: `line` and `rest` answer the entries that they complete; null stands for a damaged one. */
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
      if (!line.includes(SPEAKS_OF_DURATION)) return [];
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

/** Columns of the CSV log, the same since PostgreSQL 9.0 (application_name came then); newer versions add more behind them. */
const CSV = { database: 2, message: 13, application: 22 } as const;
/** How every record begins: `2026-11-25 21:40:00.123 UTC,`. */
const CSV_BEGINS = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [^,"]+,/u;

function csvRecords(): Assembler {
  let open = '';
  /** Quotes come in pairs; an odd one leaves a field open, and with it the record. */
  let odd = false;
  const finish = (): (LogEntry | null)[] => {
    const record = open;
    const cut = odd || !CSV_BEGINS.test(record);
    [open, odd] = ['', false];
    if (!record.includes(SPEAKS_OF_DURATION)) return [];
    const fields = cut ? [] : csvFields(record);
    const message = fields[CSV.message];
    return [
      message === undefined ? null : { message, database: fields[CSV.database] || null, application: fields[CSV.application] || null },
    ];
  };
  return {
    line(line) {
      // Read from the middle of a record, its rest would swallow the next one.
      const lost = odd && !CSV_BEGINS.test(open) && CSV_BEGINS.test(line) ? finish() : [];
      open = open === '' ? line : `${open}\n${line}`;
      odd = odd !== (line.split('"').length % 2 === 0);
      return odd ? lost : [...lost, ...finish()];
    },
    rest: () => (open === '' ? [] : finish()),
  };
}

const csvFields = (record: string): string[] =>
  [...record.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/gu)].map(([, quoted, bare = '']) => quoted?.replaceAll('""', '"') ?? bare);

/** Text: an entry begins with the prefix and its severity; what follows on its lines begins with a tab. DETAIL and STATEMENT are entries of their own. */
function prefixedText(linePrefix: string): Assembler {
  const pattern = prefixPattern(linePrefix);
  let open: LogEntry | null = null;
  const finish = (): LogEntry[] => {
    const done = open !== null && open.message.startsWith(SPEAKS_OF_DURATION) ? [open] : [];
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

/** `[unknown]` is what the server writes before it knows. */
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' && value !== '[unknown]' ? value : null);
