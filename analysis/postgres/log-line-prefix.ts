// PostgreSQL's log_line_prefix as a pattern, with the escapes for database and application.

/** Escapes that are used; others are skipped. https://www.postgresql.org/docs/current/runtime-config-logging.html */
const ESCAPES: Readonly<Record<string, string>> = { d: '(?<database>.*?)', a: '(?<application>.*?)', p: String.raw`\d+`, '%': '%' };
const SEVERITY = '(?<severity>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT)';

/** Pattern of the start of an entry, with the groups `severity`, `message`, and where the prefix has them `database` and `application`. */
export function prefixPattern(linePrefix: string): RegExp {
  let pattern = '';
  let optional = 0;
  const named = new Set<string>();
  for (const [, escape, text = ''] of linePrefix.matchAll(/%-?\d*([a-zA-Z%])|([^%]+|%)/gu)) {
    if (escape === undefined) pattern += text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
    else if (escape === 'q') {
      // From here on only session processes write the prefix; background processes stop.
      pattern += '(?:';
      optional += 1;
    } else {
      // A group name may occur once; a repeated escape is skipped.
      pattern += named.has(escape) ? '.*?' : (ESCAPES[escape] ?? '.*?');
      named.add(escape);
      // Escapes may be padded: `%-10d`.
      pattern += ' *';
    }
  }
  return new RegExp(`^${pattern}${')?'.repeat(optional)}${SEVERITY}:  (?<message>.*)$`, 'u');
}
