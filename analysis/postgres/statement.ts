// Statements by shape: literals replaced by parameters, so that equal statements are counted together and no customer data is shown.
import { loadModule, normalizeSync, parseSync, SqlError } from 'libpg-query';

/** PostgreSQL's own parser, loaded once. Callers await it first; before, every function here throws. */
export const parserReady: Promise<void> = loadModule();

const SHOWN_CHARACTERS = 2_000;

/** Statements whose literals the parser replaces completely; of others (EXECUTE, PREPARE, CREATE TABLE, COPY) it keeps some. */
const WHOLLY_REPLACED = /^\s*(?:with|select|insert|update|delete|merge|values)\b/iu;

/**
 * A statement with its literals as $1, $2 ... and without comments, which often name the caller. In text that the parser refuses
 * (truncated, a dialect) and in other statements, quoted text and numbers become `?`.
 */
export function normalised(sql: string): string {
  if (sql.trim() === '') return '';
  const [parameterized, isRefused] = replaced(sql);
  const plain = withoutComments(parameterized);
  return oneLine(isRefused || !WHOLLY_REPLACED.test(plain) ? withoutLiterals(plain) : plain);
}

function replaced(sql: string): [string, boolean] {
  // Parsed first: for text that ends within a literal, normalizeSync returns an error message with that literal.
  if (parseTree(sql) !== null) return [normalizeSync(sql), false];
  // Literals first: a quoted `--` is not a comment.
  return [withoutLiterals(sql), true];
}

const withoutComments = (sql: string): string => sql.replaceAll(/\/\*[\s\S]*?(?:\*\/|$)|--[^\n]*/gu, ' ');

const withoutLiterals = (sql: string): string =>
  sql
    .replaceAll(/\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|e'(?:[^'\\]|\\[\s\S]|'')*'?|'(?:[^']|'')*'?/giu, '?')
    .replaceAll(/(?<![$\w])\d+(?:\.\d+)?\b/gu, '?');

const oneLine = (sql: string): string => sql.replaceAll(/\s+/gu, ' ').trim().slice(0, SHOWN_CHARACTERS);

/** Number of parameters ($1 ...) of a statement. */
export const parametersOf = (sql: string): number => Math.max(0, ...[...sql.matchAll(/\$(\d+)/gu)].map(([, number]) => Number(number)));

/**
 * True for a single statement that only reads: a SELECT without row locks, INTO or a part that writes. Functions may still write, so it is
 * executed in a read-only transaction.
 */
export function onlyReads(sql: string): boolean {
  const statements = parseTree(sql);
  if (statements?.length !== 1) return false;
  const { stmt } = statements[0] as { stmt?: object };
  return stmt !== undefined && 'SelectStmt' in stmt && !anywhere(stmt, WRITING);
}

/** Parts of a parse tree that lock or write. */
const WRITING: ReadonlySet<string> = new Set(['lockingClause', 'intoClause', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

function anywhere(node: unknown, names: ReadonlySet<string>): boolean {
  if (typeof node !== 'object' || node === null) return false;
  return Object.entries(node).some(([name, part]) => names.has(name) || anywhere(part, names));
}

/**
 * Nesting of a parse tree, about four levels per pair of parentheses: no person writes more, and three times as many exhaust the stack.
 */
const MAX_DEPTH = 1_000;

/**
 * Statements as PostgreSQL's parser reads them; null for text it refuses, or with too deep nesting. Throws where the parser is not loaded,
 * or fails itself.
 */
export function parseTree(sql: string): unknown[] | null {
  try {
    // The parser refuses empty text as a wrong call, but accepts a blank.
    const { stmts } = parseSync(sql === '' ? ' ' : sql);
    return isDeep(stmts) ? null : (stmts ?? []);
  } catch (error) {
    // RangeError: parsing exhausted the stack.
    if (error instanceof SqlError || error instanceof RangeError) return null;
    throw error;
  }
}

function isDeep(tree: unknown): boolean {
  let level = [tree];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((part) => (typeof part === 'object' && part !== null ? (Object.values(part) as unknown[]) : []));
  }
  return false;
}

/** One comparison of a condition as PostgreSQL prints it: `(customer = $1)`. */
export interface Comparison {
  column: string;
  /** An index may have any number of `equality` columns first, then one `range`. */
  kind: 'equality' | 'range';
  /** Number of the parameter it is compared with; null for a constant. */
  parameter: number | null;
}

/**
 * The comparisons that must all hold for a row and that an index could serve. Null otherwise: for an OR, a function or cast of a column, a
 * comparison of two columns, or no comparison.
 */
export function comparisonsOf(condition: string): Comparison[] | null {
  const select = parseTree(`SELECT 1 WHERE ${condition}`)?.[0] as { stmt?: { SelectStmt?: { whereClause?: Node } } } | undefined;
  const where = select?.stmt?.SelectStmt?.whereClause;
  if (where === undefined) return null;
  const terms = where['BoolExpr'] === undefined ? [where] : where['BoolExpr'].boolop === 'AND_EXPR' ? (where['BoolExpr'].args ?? []) : null;
  if (terms === null) return null;
  const found = terms.flatMap((term): Comparison[] => {
    const expression = term['A_Expr'];
    const operator = expression?.name?.[0]?.String?.sval;
    const column = columnOf(expression?.lexpr);
    const value = expression?.rexpr;
    if (operator === undefined || column === null || value === undefined || anywhere(value, COLUMNS)) return [];
    const many = expression?.kind === 'AEXPR_OP_ANY' || expression?.kind === 'AEXPR_IN';
    if (!many && expression?.kind !== 'AEXPR_OP') return [];
    const kind = operator === '=' ? 'equality' : !many && ['<', '<=', '>', '>='].includes(operator) ? 'range' : null;
    return kind === null ? [] : [{ column, kind, parameter: parameterOf(value) }];
  });
  return found.length === 0 ? null : found;
}

interface Node {
  BoolExpr?: { boolop: string; args?: Node[] };
  A_Expr?: { kind?: string; name?: { String?: { sval?: string } }[]; lexpr?: Node; rexpr?: Node };
  TypeCast?: { arg?: Node; typeName?: { names?: { String?: { sval?: string } }[]; typmods?: unknown[]; arrayBounds?: unknown[] } };
  ColumnRef?: { fields?: { String?: { sval?: string } }[] };
  ParamRef?: { number?: number };
}

const COLUMNS: ReadonlySet<string> = new Set(['ColumnRef']);

/**
 * The column of a node. PostgreSQL prints `(status)::text` for a varchar, which an index on the column serves; `(created_at)::date` is
 * computed and needs its own index.
 */
function columnOf(node: Node | undefined): string | null {
  if (node?.TypeCast !== undefined) return isText(node.TypeCast) ? columnOf(node.TypeCast.arg) : null;
  return node?.ColumnRef?.fields?.at(-1)?.String?.sval ?? null;
}

const isText = ({ typeName }: NonNullable<Node['TypeCast']>): boolean =>
  typeName?.names?.at(-1)?.String?.sval === 'text' && !typeName.typmods && !typeName.arrayBounds;

function parameterOf(node: Node): number | null {
  if (node.TypeCast?.arg !== undefined) return parameterOf(node.TypeCast.arg);
  return node.ParamRef?.number ?? null;
}
