// The parameters of a statement: columns that show their possible values, and parameters that affect which rows are read without one.
import { parseTree } from './statement.ts';

/** `one of`: the parameter is an array of values. `from` and `to`: a lower or upper bound. */
export type Comparing = 'equal' | 'one of' | 'from' | 'to';

export interface ComparedParameter {
  parameter: number;
  comparing: Comparing;
  column: string;
  /** Tables the column may belong to, as the statement names them: one where it is qualified, else all that are read. */
  tables: string[];
}

export interface StatementParameters {
  compared: ComparedParameter[];
  /** Parameters of LIMIT and OFFSET: without a value all rows are taken. */
  limits: number[];
  /** Parameters that affect which rows are read, without a column that shows their values; not those that are only returned or summed. */
  unknown: number[];
}

/** Null for text that PostgreSQL's parser refuses. */
export function parametersOfStatement(sql: string): StatementParameters | null {
  const tree = parseTree(sql);
  if (tree === null) return null;
  const tables = tablesOf(tree);
  const compared: ComparedParameter[] = [];
  const limits = new Set<number>();
  const deciding = new Set<number>();
  visit(tree, true);
  const known = new Set([...compared.map(({ parameter }) => parameter), ...limits]);
  return { compared, limits: [...limits], unknown: [...deciding].filter((each) => !known.has(each)) };

  function visit(part: unknown, decides: boolean): void {
    if (Array.isArray(part)) return part.forEach((each) => visit(each, decides));
    if (!isTree(part)) return;
    const parameter = numberOf(part);
    if (parameter !== null && decides) deciding.add(parameter);
    for (const [name, value] of Object.entries(part)) {
      if (name === 'A_Expr' && isTree(value)) compared.push(...comparedIn(value, tables));
      const limit = name === 'limitCount' || name === 'limitOffset' ? numberOf(value) : null;
      if (limit !== null) limits.add(limit);
      // A subquery inside a result list reads its own rows.
      else visit(value, name === 'SelectStmt' || (decides && !ANSWERING.has(name)));
    }
  }
}

type Tree = Record<string, unknown>;
const isTree = (part: unknown): part is Tree => typeof part === 'object' && part !== null && !Array.isArray(part);
const partOf = (part: unknown, name: string): unknown => (isTree(part) ? part[name] : undefined);
const textOf = (part: unknown, name: string): string | null => {
  const value = partOf(part, name);
  return typeof value === 'string' ? value : null;
};

/** Results and their order: neither affects which rows are read. */
const ANSWERING: ReadonlySet<string> = new Set(['targetList', 'sortClause', 'groupClause']);

/** Number of the parameter in a part, with or without a cast. */
function numberOf(part: unknown): number | null {
  const cast = partOf(part, 'TypeCast');
  if (cast !== undefined) return numberOf(partOf(cast, 'arg'));
  const number = partOf(partOf(part, 'ParamRef'), 'number');
  return typeof number === 'number' && number > 0 ? number : null;
}

function comparedIn(expression: Tree, tables: ReadonlyMap<string, string | null>): ComparedParameter[] {
  const [left, right] = [expression['lexpr'], expression['rexpr']];
  const column = columnIn(left, tables);
  const kind = textOf(expression, 'kind');
  const operator = textOf(partOf((expression['name'] as unknown[] | undefined)?.[0], 'String'), 'sval') ?? '';
  const pairs: [parameter: unknown, comparing: Comparing | undefined][] = [];
  if (column === null) {
    const swapped = columnIn(right, tables);
    const comparing = kind === 'AEXPR_OP' ? COMPARING[SWAPPED[operator] ?? operator] : undefined;
    return swapped === null ? [] : comparedWith(swapped, [[left, comparing]]);
  }
  const items = (partOf(partOf(right, 'List'), 'items') ?? []) as unknown[];
  if (kind === 'AEXPR_OP') pairs.push([right, COMPARING[operator]]);
  else if (kind === 'AEXPR_IN' && operator === '=') pairs.push(...items.map((item): [unknown, Comparing] => [item, 'equal']));
  else if (kind === 'AEXPR_OP_ANY' && operator === '=') pairs.push([right, 'one of']);
  else if (kind === 'AEXPR_BETWEEN') pairs.push([items[0], 'from'], [items[1], 'to']);
  return comparedWith(column, pairs);
}

const COMPARING: Readonly<Record<string, Comparing>> = { '=': 'equal', '>': 'from', '>=': 'from', '<': 'to', '<=': 'to' };
const SWAPPED: Readonly<Record<string, string>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };

const comparedWith = (
  column: Pick<ComparedParameter, 'column' | 'tables'>,
  pairs: [unknown, Comparing | undefined][],
): ComparedParameter[] =>
  pairs.flatMap(([part, comparing]) => {
    const parameter = numberOf(part);
    return parameter === null || comparing === undefined ? [] : [{ parameter, comparing, ...column }];
  });

/** A plain column, also with a cast to text, because values are given as text. */
function columnIn(part: unknown, tables: ReadonlyMap<string, string | null>): Pick<ComparedParameter, 'column' | 'tables'> | null {
  const cast = partOf(part, 'TypeCast');
  if (cast !== undefined) {
    const names = partOf(partOf(cast, 'typeName'), 'names') as unknown[] | undefined;
    return textOf(partOf(names?.at(-1), 'String'), 'sval') === 'text' ? columnIn(partOf(cast, 'arg'), tables) : null;
  }
  const fields = (partOf(partOf(part, 'ColumnRef'), 'fields') ?? []) as unknown[];
  const names = fields.map((field) => textOf(partOf(field, 'String'), 'sval'));
  const column = names.at(-1);
  if (column === null || column === undefined) return null;
  const qualifier = names.at(-2);
  const all = [...tables.values()].filter((table) => table !== null);
  if (typeof qualifier !== 'string') return { column, tables: [...new Set(all)] };
  const table = tables.get(qualifier);
  return table === null || table === undefined ? null : { column, tables: [table] };
}

/** Tables by their alias in the statement; null where two tables share one. */
function tablesOf(tree: unknown): Map<string, string | null> {
  const tables = new Map<string, string | null>();
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) return part.forEach(visit);
    if (!isTree(part)) return;
    const range = part['RangeVar'];
    const name = textOf(range, 'relname');
    if (name !== null) {
      const schema = textOf(range, 'schemaname');
      const table = [...(schema === null ? [] : [schema]), name].map(identifier).join('.');
      const alias = textOf(partOf(range, 'alias'), 'aliasname') ?? name;
      tables.set(alias, (tables.get(alias) ?? table) === table && tables.get(alias) !== null ? table : null);
    }
    Object.values(part).forEach(visit);
  };
  visit(tree);
  return tables;
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
