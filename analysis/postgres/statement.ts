// Statements by their shape: literals replaced by parameters, so that equal ones are one and no customer's data is told.
import { loadModule, normalizeSync, parseSync, SqlError } from 'libpg-query';

/** PostgreSQL's own parser, loaded once. Whoever calls what is here waits for it first: before, everything here throws. */
export const parserReady: Promise<void> = loadModule();

const SHOWN_CHARACTERS = 2_000;

/** Kinds whose literals the parser replaces all of; of others (EXECUTE, PREPARE, CREATE TABLE, COPY) it leaves some. */
const WHOLLY_REPLACED = /^\s*(?:with|select|insert|update|delete|merge|values)\b/iu;

/**
 * A statement with its literals as $1, $2 ... and without its comments, which often name who asks. Of text the parser refuses (cut off, a
 * dialect) and of other kinds of statement, quoted text and numbers are replaced by `?`.
 */
export function normalised(sql: string): string {
  if (sql.trim() === '') return '';
  const [told, refused] = replaced(sql);
  const bare = withoutComments(told);
  return oneLine(refused || !WHOLLY_REPLACED.test(bare) ? withoutLiterals(bare) : bare);
}

function replaced(sql: string): [string, boolean] {
  // Asked first: of text that ends within a literal, normalizeSync answers an error's message with that literal as if it were the statement.
  if (parseTree(sql) !== null) return [normalizeSync(sql), false];
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
  const statements = parseTree(sql);
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

/**
 * Parts in parts of a statement's tree, about four to a pair of parentheses: no person writes so many, and from three times as many on walking
 * the tree (and normalising its text) exhausts the stack.
 */
const DEEPEST = 1_000;

/**
 * Statements as PostgreSQL's parser reads them; null for text it refuses, or that is nested too deep. Throws where the parser is not there
 * yet, or fails by itself.
 */
export function parseTree(sql: string): unknown[] | null {
  try {
    // Of no text at all the parser says that it is a wrong call, and of a blank one that it has no statement.
    const { stmts } = parseSync(sql === '' ? ' ' : sql);
    return isDeep(stmts) ? null : (stmts ?? []);
  } catch (error) {
    // RangeError: the stack is exhausted already while parsing.
    if (error instanceof SqlError || error instanceof RangeError) return null;
    throw error;
  }
}

function isDeep(tree: unknown): boolean {
  let level = [tree];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((part) => (typeof part === 'object' && part !== null ? (Object.values(part) as unknown[]) : []));
  }
  return false;
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
 * function or a cast of a column, a comparison of two columns, or nothing to compare.
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
 * The column a node names. PostgreSQL prints `(status)::text` of a varchar, whose bytes are those of a text, and an index on the column
 * serves it; `(created_at)::date` is computed, and needs an index of its own.
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
