// Statements by their shape: literals replaced by parameters, so that equal ones are one and no customer's data is told.
import { loadModule, normalizeSync, parseSync } from 'libpg-query';

/** PostgreSQL's own parser, loaded once; nothing here can be called before it is there. */
export const parserReady: Promise<void> = loadModule();

const SHOWN_CHARACTERS = 2_000;

/** Kinds whose literals the parser replaces all of; of others (EXECUTE, PREPARE, CREATE TABLE, COPY) it leaves some. */
const WHOLLY_REPLACED = /^\s*(?:with|select|insert|update|delete|merge|values)\b/iu;

/**
 * A statement with its literals as $1, $2 ... and without its comments, which often name who asks. Of text the parser refuses (cut off, a
 * dialect) and of other kinds of statement, quoted text and numbers are replaced by `?`.
 */
export function normalised(sql: string): string {
  const [told, refused] = replaced(sql);
  const bare = withoutComments(told);
  return oneLine(refused || !WHOLLY_REPLACED.test(bare) ? withoutLiterals(bare) : bare);
}

function replaced(sql: string): [string, boolean] {
  // Asked first: of text that ends within a literal, normalizeSync answers an error's message with that literal as if it were the statement.
  if (parsed(sql) !== null) return [normalizeSync(sql), false];
  // Literals first: a quoted `--` is no comment.
  return [withoutLiterals(sql), true];
}

const withoutComments = (sql: string): string => sql.replaceAll(/\/\*[\s\S]*?(?:\*\/|$)|--[^\n]*/gu, ' ');

const withoutLiterals = (sql: string): string =>
  sql
    .replaceAll(/\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|e'(?:[^'\\]|\\[\s\S]|'')*'?|'(?:[^']|'')*'?/giu, '?')
    .replaceAll(/(?<![$\w])\d+(?:\.\d+)?\b/gu, '?');

const oneLine = (sql: string): string => sql.replaceAll(/\s+/gu, ' ').trim().slice(0, SHOWN_CHARACTERS);

/** How many parameters ($1 ...) a statement has. */
export const parametersOf = (sql: string): number => Math.max(0, ...[...sql.matchAll(/\$(\d+)/gu)].map(([, number]) => Number(number)));

/**
 * True for a single statement that only reads: a SELECT that locks no rows, makes no table and has no part that writes. Functions it calls
 * may still write: whoever executes it does so in a read-only transaction.
 */
export function onlyReads(sql: string): boolean {
  const statements = parsed(sql);
  if (statements?.length !== 1) return false;
  const { stmt } = statements[0] as { stmt?: object };
  return stmt !== undefined && 'SelectStmt' in stmt && !anywhere(stmt, WRITING);
}

/** Parts of a parse tree that lock or change something, wherever they stand. */
const WRITING: ReadonlySet<string> = new Set(['lockingClause', 'intoClause', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

function anywhere(node: unknown, names: ReadonlySet<string>): boolean {
  if (typeof node !== 'object' || node === null) return false;
  return Object.entries(node).some(([name, part]) => names.has(name) || anywhere(part, names));
}

function parsed(sql: string): unknown[] | null {
  try {
    return parseSync(sql).stmts ?? [];
  } catch {
    return null;
  }
}

/** One comparison of a condition as PostgreSQL prints it: `(customer = $1)`. */
export interface Comparison {
  column: string;
  /** `equality` may stand first in an index, `range` once behind those. */
  kind: 'equality' | 'range';
  /** Number of the parameter it is compared with; null for a constant. */
  parameter: number | null;
}

/**
 * The comparisons that must all hold for a row, as an index could serve them. Null where the condition cannot be served by one: an OR, a
 * function of a column, a comparison of two columns, or nothing to compare.
 */
export function comparisonsOf(condition: string): Comparison[] | null {
  const select = parsed(`SELECT 1 WHERE ${condition}`)?.[0] as { stmt?: { SelectStmt?: { whereClause?: Node } } } | undefined;
  const where = select?.stmt?.SelectStmt?.whereClause;
  if (where === undefined) return null;
  const terms = where['BoolExpr'] === undefined ? [where] : where['BoolExpr'].boolop === 'AND_EXPR' ? (where['BoolExpr'].args ?? []) : null;
  if (terms === null) return null;
  const found = terms.flatMap((term): Comparison[] => {
    const expression = term['A_Expr'];
    const operator = expression?.name?.[0]?.String?.sval;
    const column = columnOf(expression?.lexpr);
    const value = expression?.rexpr;
    if (operator === undefined || column === null || value === undefined || columnOf(value) !== null) return [];
    const kind = operator === '=' ? 'equality' : ['<', '<=', '>', '>='].includes(operator) ? 'range' : null;
    return kind === null ? [] : [{ column, kind, parameter: parameterOf(value) }];
  });
  return found.length === 0 ? null : found;
}

interface Node {
  BoolExpr?: { boolop: string; args?: Node[] };
  A_Expr?: { name?: { String?: { sval?: string } }[]; lexpr?: Node; rexpr?: Node };
  TypeCast?: { arg?: Node };
  ColumnRef?: { fields?: { String?: { sval?: string } }[] };
  ParamRef?: { number?: number };
}

function columnOf(node: Node | undefined): string | null {
  if (node?.TypeCast !== undefined) return columnOf(node.TypeCast.arg);
  return node?.ColumnRef?.fields?.at(-1)?.String?.sval ?? null;
}

function parameterOf(node: Node): number | null {
  if (node.TypeCast?.arg !== undefined) return parameterOf(node.TypeCast.arg);
  return node.ParamRef?.number ?? null;
}

/**
 * The comparisons with the parameters that stand for their values in the statement: a plan of one execution names the values it was run
 * with, and a statement as it is kept names parameters only.
 */
export function withParameters(comparisons: readonly Comparison[], statement: string): Comparison[] {
  const byColumn = new Map<string, number>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { lexpr, rexpr } = (node as Node)['A_Expr'] ?? {};
    const column = columnOf(lexpr);
    const parameter = rexpr === undefined ? null : parameterOf(rexpr);
    if (column !== null && parameter !== null) byColumn.set(column, parameter);
    Object.values(node).forEach(visit);
  };
  parsed(statement)?.forEach(visit);
  return comparisons.map((each) => ({ ...each, parameter: each.parameter ?? byColumn.get(each.column) ?? null }));
}
