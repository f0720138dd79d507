// One entry of the server's log that tells how long a statement took: log_min_duration_statement and its kin, or auto_explain with a plan.

export interface LoggedDuration {
  durationMs: number;
  /** Who wrote it: the server itself, or auto_explain. Where both are on, both write of the same execution. */
  by: 'server' | 'auto_explain';
  statement: string;
  /** auto_explain's plan as it came, where it is JSON. */
  plan: string | null;
}

const DURATION =
  /^duration: (?<ms>\d+(?:\.\d+)?) ms(?:  (?<what>plan|statement|(?:execute|parse|bind) [^:]*|fastpath function call):\s?(?<text>[\s\S]*))?$/u;
/** A plan as text: the statement, then what was asked of it, then the node at the top. */
const TEXT_PLAN = /^Query Text: (?<statement>[\s\S]*?)\n(?:Query Parameters: .*\n|Query Identifier: .*\n)*[^\n]*\(cost=/u;

/**
 * What an entry says of an execution. Null where it speaks of none (a parse, a bind, anything else). `bare` where it has a duration and no
 * statement, `unread` where its plan is of a form that is not read (XML, YAML) or cut off.
 */
export function readLoggedDuration(message: string): LoggedDuration | 'bare' | 'unread' | null {
  const { ms, what, text = '' } = DURATION.exec(message)?.groups ?? {};
  if (ms === undefined) return null;
  const durationMs = Number(ms);
  if (what === undefined) return 'bare';
  if (what === 'plan') return planned(durationMs, text.trimStart());
  if (what !== 'statement' && !what.startsWith('execute')) return null;
  return { durationMs, by: 'server', statement: text, plan: null };
}

function planned(durationMs: number, text: string): LoggedDuration | 'unread' {
  if (!text.startsWith('{')) {
    const statement = TEXT_PLAN.exec(text)?.groups?.['statement'];
    return statement === undefined ? 'unread' : { durationMs, by: 'auto_explain', statement, plan: null };
  }
  try {
    const { 'Query Text': statement, Plan: root } = JSON.parse(text) as Record<string, unknown>;
    if (typeof statement !== 'string' || typeof root !== 'object' || root === null) return 'unread';
    return { durationMs, by: 'auto_explain', statement, plan: text };
  } catch {
    return 'unread';
  }
}
