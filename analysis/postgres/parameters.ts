// Where the parameters of a statement stand: which columns tell what they may be, and which decide what is read without saying so.
import { parseTree } from './statement.ts';

/** `one of`: the parameter is an array of such values. `from` and `to`: a bound, below which or above which no row is kept. */
export type Comparing = 'equal' | 'one of' | 'from' | 'to';

export interface ComparedParameter {
  parameter: number;
  comparing: Comparing;
  column: string;
  /** Tables the column may be of, as the statement names them: one where it says so, else all it reads. */
  tables: string[];
}

export interface StatementParameters {
  compared: ComparedParameter[];
  /** Of LIMIT and OFFSET: without a value all rows are taken. */
  limits: number[];
  /** They decide which rows are read, and no column says what they may be. Those that are only answered or summed are not among them. */
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
      // A statement inside a list of answers reads rows of its own.
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

/** What a statement answers, and in which order: neither changes which rows it reads. */
const ANSWERING: ReadonlySet<string> = new Set(['targetList', 'sortClause', 'groupClause']);

/** Number of the parameter a part is, with or without a cast. */
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
    return swapped === null ? [] : told(swapped, [[left, comparing]]);
  }
  const items = (partOf(partOf(right, 'List'), 'items') ?? []) as unknown[];
  if (kind === 'AEXPR_OP') pairs.push([right, COMPARING[operator]]);
  else if (kind === 'AEXPR_IN' && operator === '=') pairs.push(...items.map((item): [unknown, Comparing] => [item, 'equal']));
  else if (kind === 'AEXPR_OP_ANY' && operator === '=') pairs.push([right, 'one of']);
  else if (kind === 'AEXPR_BETWEEN') pairs.push([items[0], 'from'], [items[1], 'to']);
  return told(column, pairs);
}

const COMPARING: Readonly<Record<string, Comparing>> = { '=': 'equal', '>': 'from', '>=': 'from', '<': 'to', '<=': 'to' };
const SWAPPED: Readonly<Record<string, string>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };

const told = (column: Pick<ComparedParameter, 'column' | 'tables'>, pairs: [unknown, Comparing | undefined][]): ComparedParameter[] =>
  pairs.flatMap(([part, comparing]) => {
    const parameter = numberOf(part);
    return parameter === null || comparing === undefined ? [] : [{ parameter, comparing, ...column }];
  });

/** A plain column; also as text, for its values are given as text. */
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

/** Tables by the name they go by in the statement; null where two tables go by one. */
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
