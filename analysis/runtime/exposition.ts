// Prometheus' text format, as far as single values of one process are read from it.

export interface Series {
  name: string;
  /** As written, braces and all; empty without labels. */
  labels: string;
  /** NaN where the line has no number. */
  value: number;
}

/** Labels may hold any character between quotes, braces too. */
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s*(\S*)/u;

/** The series whose name is wanted, in the order of the page. */
export function seriesOf(text: string, isWanted: (name: string) => boolean): Series[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? [];
    return name === undefined || !isWanted(name) ? [] : [{ name, labels, value: value === '' ? Number.NaN : Number(value) }];
  });
}

/**
 * The value under one of these names, whatever labels it has. Null where it is absent, duplicate, negative or not finite: unknown, never 0.
 */
export function figureOf(series: readonly Series[], isNamed: (name: string) => boolean): number | null {
  const found = series.filter(({ name }) => isNamed(name));
  const [only] = found;
  return found.length === 1 && only !== undefined && Number.isFinite(only.value) && only.value >= 0 ? only.value : null;
}
