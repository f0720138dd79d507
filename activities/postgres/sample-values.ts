// Values for the parameters of a statement stored without values: the most common ones of its columns, from the server's statistics. NULL would
// match no row, and the plan would differ.
import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import type { ParameterSources } from '../../analysis/postgres/plan.ts';
import { parametersOfStatement, type ComparedParameter, type Comparing } from '../../analysis/postgres/parameters.ts';
import { parametersOf } from '../../analysis/postgres/statement.ts';

export interface SampledParameters {
  /** As SQL, by parameter. */
  values: string[];
  /** How each value was chosen. */
  sources: ParameterSources;
}

/** Each takes two queries. Statements with more parameters are generated; the rest stays unknown. */
const MAX_SAMPLED = 32;
/** Statistics are read in milliseconds; a view without statistics may take seconds, and its parameters stay unknown. */
const SAMPLE_TIMEOUT_MS = 3_000;
/** A range of a tenth of the rows: about where an index starts to help. */
const RANGE = 0.1;
/** Rows read of a table without statistics to find one with a value. */
const MAX_ROWS_READ = 100;

/**
 * Chooses the most common value of a column compared for equality: an index that helps there helps for rarer values too. Bounds of ranges are
 * guessed, LIMIT and OFFSET omitted; an unknown parameter stays NULL and is listed as such. Reads only. Throws the server's error.
 */
export async function sampleValues(client: Client, statement: string): Promise<SampledParameters> {
  const values = Array.from({ length: parametersOf(statement) }, () => 'NULL');
  const found = parametersOfStatement(statement);
  if (found === null) return { values, sources: { sampled: [], guessed: [], unknown: values.map((_, i) => i + 1) } };
  const sources: ParameterSources = { sampled: [], guessed: [...found.limits], unknown: [...found.unknown] };
  const byParameter = new Map(found.compared.map((each) => [each.parameter, each]));
  const endsAtMs = performance.now() + SAMPLE_TIMEOUT_MS;
  const takenOf = new Map<string, number>();
  for (const each of [...byParameter.values()].slice(0, MAX_SAMPLED)) {
    if (performance.now() > endsAtMs) break;
    const held = await heldBy(client, each);
    const isClosed = found.compared.some(({ column, comparing }) => column === each.column && comparing === 'from');
    const value = held === null ? null : valueOf(each.comparing, held, takenOf.get(each.column) ?? 0, isClosed);
    if (value === null) continue;
    takenOf.set(each.column, (takenOf.get(each.column) ?? 0) + 1);
    values[each.parameter - 1] = escapeLiteral(value);
    (each.comparing === 'equal' || each.comparing === 'one of' ? sources.sampled : sources.guessed).push(each.parameter);
  }
  const known = new Set([...sources.sampled, ...sources.guessed]);
  sources.unknown.push(...[...byParameter.keys()].filter((parameter) => !known.has(parameter)));
  for (const list of Object.values(sources) as number[][]) list.sort((a, b) => a - b);
  return { values, sources };
}

/** Values of a column, as text. */
interface Held {
  /** The most common first. */
  common: string[];
  /** Histogram bounds of the others, ascending. */
  bounds: string[];
}

async function heldBy(client: Client, { column, tables }: ComparedParameter): Promise<Held | null> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE a.attrelid IN (SELECT to_regclass(each) FROM unnest($1::text[]) AS each) AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    [tables, column],
  );
  const [table] = rows;
  // Ambiguous: two tables of the statement have this column.
  if (table === undefined || rows.length > 1) return null;
  const { rows: statistics } = await client.query<{ common: string[] | null; bounds: string[] | null }>(
    `SELECT most_common_vals::text::text[] AS common, histogram_bounds::text::text[] AS bounds FROM pg_stats
      WHERE schemaname = $1 AND tablename = $2 AND attname = $3 ORDER BY inherited DESC LIMIT 1`,
    [table.schema, table.name, column],
  );
  const held = { common: statistics[0]?.common ?? [], bounds: statistics[0]?.bounds ?? [] };
  if (held.common.length + held.bounds.length > 0) return held;
  const from = `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
  const { rows: some } = await client.query<{ value: string }>(
    `SELECT value::text FROM (SELECT ${escapeIdentifier(column)} AS value FROM ${from} LIMIT ${MAX_ROWS_READ}) AS sampled
      WHERE value IS NOT NULL LIMIT 1`,
  );
  return some[0] === undefined ? null : { common: [some[0].value], bounds: [] };
}

/**
 * @param taken number of values of this column already used
 * @param isClosed the range also has a lower bound
 */
function valueOf(comparing: Comparing, { common, bounds }: Held, taken: number, isClosed: boolean): string | null {
  const at = (share: number): string | null => bounds[Math.round(share * (bounds.length - 1))] ?? common[0] ?? null;
  if (comparing === 'from') return at(1 - RANGE);
  if (comparing === 'to') return at(isClosed ? 1 : RANGE);
  // Parameters of one list (`IN ($1, $2)`) get different values, as far as the column has them.
  const middle = Math.round(0.5 * (bounds.length - 1));
  const held = [...common, ...bounds.slice(middle), ...bounds.slice(0, middle)];
  const value = held[taken % Math.max(1, held.length)] ?? null;
  return value === null || comparing === 'equal' ? value : `{"${value.replaceAll(/["\\]/gu, String.raw`\$&`)}"}`;
}
