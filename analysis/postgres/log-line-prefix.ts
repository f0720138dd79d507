// PostgreSQL's log_line_prefix as a pattern: which of its escapes name the database and the application.

/** What an escape stands for. All others are text that says nothing here. https://www.postgresql.org/docs/current/runtime-config-logging.html */
const ESCAPES: Readonly<Record<string, string>> = { d: '(?<database>.*?)', a: '(?<application>.*?)', p: String.raw`\d+`, '%': '%' };
const SEVERITY = '(?<severity>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT)';

/** The beginning of an entry: its groups are `severity`, `message`, and where the prefix has them `database` and `application`. */
export function prefixPattern(linePrefix: string): RegExp {
  let pattern = '';
  let optional = 0;
  const named = new Set<string>();
  for (const [, escape, text = ''] of linePrefix.matchAll(/%-?\d*([a-zA-Z%])|([^%]+|%)/gu)) {
    if (escape === undefined) pattern += text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
    else if (escape === 'q') {
      // From here on only sessions write it; what runs beside them stops.
      pattern += '(?:';
      optional += 1;
    } else {
      // A name of a group stands once; an escape that is given twice says the same again.
      pattern += named.has(escape) ? '.*?' : (ESCAPES[escape] ?? '.*?');
      named.add(escape);
      // Escapes may be padded: `%-10d`.
      pattern += ' *';
    }
  }
  return new RegExp(`^${pattern}${')?'.repeat(optional)}${SEVERITY}:  (?<message>.*)$`, 'u');
}
