// Values for the parameters of a statement that is kept without its values: those that its columns most often hold, by the server's own
// statistics. With NULL a comparison keeps no row, and what is executed then is another statement.
import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import type { ParametersTold } from '../../analysis/postgres/plan.ts';
import { parametersOfStatement, type ComparedParameter, type Comparing } from '../../analysis/postgres/parameters.ts';
import { parametersOf } from '../../analysis/postgres/statement.ts';

export interface SampledParameters {
  /** As SQL, by parameter. */
  values: string[];
  told: ParametersTold;
}

/** Each asks the server twice; a statement of more is made by a program, and the rest of its parameters stay unknown. */
const SAMPLED_LIMIT = 32;
/** Statistics are read in milliseconds; a view without them may take seconds, and what is not read by then stays unknown. */
const SAMPLE_WITHIN_MS = 3_000;
/** A range of a tenth of the rows: where an index on it would just help. */
const RANGE = 0.1;
/** Rows of a table without statistics that are looked at for one that has a value. */
const ROWS_LOOKED_AT = 100;

/**
 * Of a column compared for equality the most common value: if an index helps with that one, it helps with the others. Bounds of ranges are
 * guessed, LIMIT and OFFSET left away. What no column tells stays NULL, and is told. Reads only. Throws the server's error.
 */
export async function sampleValues(client: Client, statement: string): Promise<SampledParameters> {
  const values = Array.from({ length: parametersOf(statement) }, () => 'NULL');
  const found = parametersOfStatement(statement);
  if (found === null) return { values, told: { sampled: [], guessed: [], unknown: values.map((_, i) => i + 1) } };
  const told: ParametersTold = { sampled: [], guessed: [...found.limits], unknown: [...found.unknown] };
  const byParameter = new Map(found.compared.map((each) => [each.parameter, each]));
  const endsAtMs = performance.now() + SAMPLE_WITHIN_MS;
  const takenOf = new Map<string, number>();
  for (const each of [...byParameter.values()].slice(0, SAMPLED_LIMIT)) {
    if (performance.now() > endsAtMs) break;
    const held = await heldBy(client, each);
    const isClosed = found.compared.some(({ column, comparing }) => column === each.column && comparing === 'from');
    const value = held === null ? null : valueOf(each.comparing, held, takenOf.get(each.column) ?? 0, isClosed);
    if (value === null) continue;
    takenOf.set(each.column, (takenOf.get(each.column) ?? 0) + 1);
    values[each.parameter - 1] = escapeLiteral(value);
    (each.comparing === 'equal' || each.comparing === 'one of' ? told.sampled : told.guessed).push(each.parameter);
  }
  const known = new Set([...told.sampled, ...told.guessed]);
  told.unknown.push(...[...byParameter.keys()].filter((parameter) => !known.has(parameter)));
  for (const list of Object.values(told) as number[][]) list.sort((a, b) => a - b);
  return { values, told };
}

/** What a column holds, as text. */
interface Held {
  /** The most common first. */
  common: string[];
  /** Values that part the others into equally many each, ascending. */
  bounds: string[];
}

async function heldBy(client: Client, { column, tables }: ComparedParameter): Promise<Held | null> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE a.attrelid IN (SELECT to_regclass(each) FROM unnest($1::text[]) AS each) AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    [tables, column],
  );
  const [table] = rows;
  // Of two tables that have it, the statement would have to say which.
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
    `SELECT value::text FROM (SELECT ${escapeIdentifier(column)} AS value FROM ${from} LIMIT ${ROWS_LOOKED_AT}) AS looked_at
      WHERE value IS NOT NULL LIMIT 1`,
  );
  return some[0] === undefined ? null : { common: [some[0].value], bounds: [] };
}

/**
 * @param taken values of this column that are in use already
 * @param isClosed a range that also has a lower bound
 */
function valueOf(comparing: Comparing, { common, bounds }: Held, taken: number, isClosed: boolean): string | null {
  const at = (share: number): string | null => bounds[Math.round(share * (bounds.length - 1))] ?? common[0] ?? null;
  if (comparing === 'from') return at(1 - RANGE);
  if (comparing === 'to') return at(isClosed ? 1 : RANGE);
  // Those of one list (`IN ($1, $2)`) are different ones, as far as the column has them.
  const middle = Math.round(0.5 * (bounds.length - 1));
  const held = [...common, ...bounds.slice(middle), ...bounds.slice(0, middle)];
  const value = held[taken % Math.max(1, held.length)] ?? null;
  return value === null || comparing === 'equal' ? value : `{"${value.replaceAll(/["\\]/gu, String.raw`\$&`)}"}`;
}
