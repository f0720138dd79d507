// The schemas by which a statement names a table, and the statement that reads a temporary table instead: a temporary table hides one of
// the same name, except where the statement names a schema.
import { parseTree } from './statement.ts';

/** The schemas that the statement names a table with, each once; null without a schema. Empty where only a view names it. */
export function schemasOf(statement: string, relation: string): (string | null)[] {
  return [...new Set(tablesNamed(parseTree(statement), relation).map(({ schemaname }) => schemaname ?? null))];
}

/** The statement with `pg_temp` for each schema of the table, in its columns too. A table named with a database is unchanged. */
export function ontoCopy(statement: string, relation: string): string {
  const tree = parseTree(statement);
  const tables = tablesNamed(tree, relation).filter(({ schemaname, catalogname }) => schemaname !== undefined && catalogname === undefined);
  const schemas = new Set(tables.map(({ schemaname }) => schemaname));
  const columns = parts<ColumnRef>(tree, 'ColumnRef').filter(({ fields = [] }) => {
    const [schema, table] = fields.map((field) => field.String?.sval);
    return fields.length > 2 && table === relation && schemas.has(schema);
  });
  const offsets = [...tables, ...columns].flatMap(({ location }) => location ?? []).sort((a, b) => b - a);
  // The parser counts offsets in bytes.
  let bytes = Buffer.from(statement);
  for (const offset of offsets) {
    const after = bytes.subarray(offset).toString();
    bytes = Buffer.concat([bytes.subarray(0, offset), Buffer.from(after.replace(SCHEMA, 'pg_temp'))]);
  }
  return bytes.toString();
}

const SCHEMA = /^(?:"(?:[^"]|"")*"|[^\s."]+)(?=\s*\.)/u;

interface RangeVar {
  catalogname?: string;
  schemaname?: string;
  relname?: string;
  location?: number;
}

interface ColumnRef {
  fields?: { String?: { sval?: string } }[];
  location?: number;
}

const tablesNamed = (tree: unknown, relation: string): RangeVar[] =>
  parts<RangeVar>(tree, 'RangeVar').filter(({ relname }) => relname === relation);

/** All parts of a parse tree with this name, in order. */
function parts<T>(tree: unknown, name: string): T[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, part]) => [...(key === name ? [part as T] : []), ...parts<T>(part, name)]);
}
