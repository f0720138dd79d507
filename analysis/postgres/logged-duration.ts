// A server log entry with the duration of a statement: by log_min_duration_statement and its variants, or by auto_explain with a plan.

export interface LoggedDuration {
  durationMs: number;
  /** The writer. Where both are enabled, both log the same execution. */
  by: 'server' | 'auto_explain';
  statement: string;
  /** auto_explain's plan as logged, where it is JSON. */
  plan: string | null;
}

const DURATION =
  /^duration: (?<ms>\d+(?:\.\d+)?) ms(?:  (?<what>plan|statement|(?:execute|parse|bind) [^:]*|fastpath function call):\s?(?<text>[\s\S]*))?$/u;
/** A plan as text: statement, options, then the top node. */
const TEXT_PLAN = /^Query Text: (?<statement>[\s\S]*?)\n(?:Query Parameters: .*\n|Query Identifier: .*\n)*[^\n]*\(cost=/u;

/**
 * Reads an execution from a message. Null for others (parse, bind). `unnamed`: a duration without a statement. `unread`: a plan that is
 * XML, YAML or truncated.
 */
export function readLoggedDuration(message: string): LoggedDuration | 'unnamed' | 'unread' | null {
  const { ms, what, text = '' } = DURATION.exec(message)?.groups ?? {};
  if (ms === undefined) return null;
  const durationMs = Number(ms);
  if (what === undefined) return 'unnamed';
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
