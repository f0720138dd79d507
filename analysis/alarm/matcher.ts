// Label matchers as Alertmanager reads and applies them, on labels of which some may be unknown.

export type Operator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  label: string;
  operator: Operator;
  value: string;
}

/** Labels of an alert. `null` is a value that only the running system has. */
export interface AlertLabels {
  known: Readonly<Record<string, string | null>>;
  /** Whether every other label is absent; otherwise the series may carry any. */
  closed: boolean;
}

const MATCHER = /^\s*("(?:[^"\\]|\\.)*"|[^\s=!~",{}]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^",]*?)\s*$/s;

/** Matchers of one text: `severity="critical"`, `severity=critical`, `{team="a",env!="dev"}`. Null where the syntax is wrong. */
export function parseMatchers(text: string): Matcher[] | null {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1] ?? text;
  const pieces = splitOutsideQuotes(inner);
  if (pieces.at(-1)?.trim() === '' && pieces.length > 1) pieces.pop();
  const matchers = pieces.map((piece): Matcher | null => {
    const [, label, operator, value] = MATCHER.exec(piece) ?? [];
    if (label === undefined || operator === undefined || value === undefined) return null;
    return { label: unquoted(label), operator: operator as Operator, value: unquoted(value) };
  });
  return matchers.every((matcher) => matcher !== null) ? matchers : null;
}

function splitOutsideQuotes(text: string): string[] {
  const pieces = [''];
  let inQuotes = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    const taken = inQuotes && sign === '\\' ? sign + (text[++at] ?? '') : sign;
    if (sign === '"') inQuotes = !inQuotes;
    if (sign === ',' && !inQuotes) pieces.push('');
    else pieces[pieces.length - 1] += taken;
  }
  return pieces;
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/gs, (_, sign: string) => (sign === 'n' ? '\n' : sign));
}

/** The value of a label, the empty text where it is missing, or null where only the running system has it. */
export const valueOf = (label: string, { known, closed }: AlertLabels): string | null =>
  Object.hasOwn(known, label) ? (known[label] ?? null) : closed ? '' : null;

/** True, false, or null where the label or the pattern cannot be evaluated here. A missing label counts as the empty text. */
export function matches({ label, operator, value }: Matcher, labels: AlertLabels): boolean | null {
  const actual = valueOf(label, labels);
  if (actual === null) return null;
  if (operator === '=') return actual === value;
  if (operator === '!=') return actual !== value;
  const pattern = anchored(value);
  if (pattern === null) return null;
  return pattern.test(actual) === (operator === '=~');
}

/** RE2 as a JavaScript pattern; null where the two differ (flags inside, \z, possessive classes), so that nothing is guessed. */
function anchored(source: string): RegExp | null {
  const flagged = /^\(\?i\)(.*)$/s.exec(source);
  const body = flagged?.[1] ?? source;
  if (/\(\?(?!:)|\\[zAQECpPx]|\[\[:/.test(body)) return null;
  try {
    return new RegExp(`^(?:${body})$`, flagged ? 'i' : '');
  } catch (error) {
    // A pattern that JavaScript refuses may be right for RE2: unknown, and the caller says so.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export const matcherText = ({ label, operator, value }: Matcher): string => `${label}${operator}"${value}"`;
