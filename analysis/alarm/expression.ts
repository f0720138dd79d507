// Reads the condition of an alerting rule with the PromQL grammar of Prometheus. Understood is one comparison with a constant of
// rate() or increase() of one counter, or of the ratio of two of them over one window; everything else is refused with its reason.
import { parser } from '@prometheus-io/lezer-promql';
import { prometheusDurationMs } from './duration.ts';
import type { AlertLabels } from './matcher.ts';

type Node = ReturnType<typeof parser.parse>['topNode'];

export interface Condition {
  /** The counter whose surge makes the alert fire; its metric name, or null where the selector has none. */
  metric: string | null;
  windowMs: number;
  /** Whether it compares a share of two rates (0-1) instead of a rate (per second). */
  ofRatio: boolean;
  threshold: number;
  /** `>=`, and not `>`. */
  orEqual: boolean;
  /** Whether the series of the counter are summed up, so that a surge is that of all of them. */
  summed: boolean;
  labels: AlertLabels;
}

export type ConditionReading = { ok: true; condition: Condition } | { ok: false; reason: string };

/** A refusal on the way down the tree; caught by `readCondition` alone. */
class NotUnderstood extends Error {}

/** A rate, or a ratio of two, times a factor. */
interface Term {
  factor: number;
  rate: Rate;
  divisor: Rate | null;
}
interface Rate {
  metric: string | null;
  windowMs: number;
  summed: boolean;
  labels: AlertLabels;
}

/** What the expression compares, or why that cannot be computed. Never throws for what the text holds. */
export function readCondition(expression: string): ConditionReading {
  try {
    return { ok: true, condition: new ExpressionReader(expression).condition() };
  } catch (error) {
    if (error instanceof NotUnderstood) return { ok: false, reason: error.message };
    throw error;
  }
}

const swapped: Readonly<Record<string, string>> = { Gtr: 'Lss', Gte: 'Lte', Lss: 'Gtr', Lte: 'Gte' };

class ExpressionReader {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  condition(): Condition {
    const tree = parser.parse(this.#text);
    const wrong = firstError(tree.topNode);
    if (wrong !== null) throw new NotUnderstood(`the expression is not valid PromQL at character ${wrong + 1}`);
    const comparison = unwrapped(tree.topNode.firstChild ?? tree.topNode);
    const [left, operator, right] = comparison.name === 'BinaryExpr' ? operandsOf(comparison) : [];
    if (!left || !right || operator === undefined || !(operator in swapped))
      throw new NotUnderstood(`${this.#named(comparison)} is not a comparison of a rate with a constant`);
    if (comparison.getChild('BoolModifier'))
      throw new NotUnderstood('a comparison with bool always returns a value, so the alert always fires');
    const onRight = this.#constant(right);
    const onLeft = onRight === null ? this.#constant(left) : null;
    const constant = onRight ?? onLeft;
    if (constant === null) throw new NotUnderstood('it compares two series, not a rate with a constant');
    const direction = onRight === null ? swapped[operator] : operator;
    return this.#compared(this.#term(onRight === null ? right : left), constant, direction ?? '');
  }

  #compared({ factor, rate, divisor }: Term, constant: number, direction: string): Condition {
    const rises = factor > 0 ? direction : (swapped[direction] ?? '');
    if (factor === 0 || (rises !== 'Gtr' && rises !== 'Gte'))
      throw new NotUnderstood('it fires when the rate falls below a constant, and a surge raises the rate');
    const threshold = constant / factor;
    const { metric, windowMs, summed, labels } = rate;
    return { metric, windowMs, summed, labels, threshold, orEqual: rises === 'Gte', ofRatio: divisor !== null };
  }

  /** The value of an expression of numbers alone; null for any other. */
  #constant(node: Node): number | null {
    const inner = unwrapped(node);
    if (inner.name === 'NumberDurationLiteral') return numberOf(this.#of(inner));
    if (inner.name === 'UnaryExpr') {
      const value = this.#constant(inner.lastChild ?? inner);
      return value === null ? null : this.#of(inner).startsWith('-') ? -value : value;
    }
    if (inner.name !== 'BinaryExpr') return null;
    const [left, operator, right] = operandsOf(inner);
    const [a, b] = left && right ? [this.#constant(left), this.#constant(right)] : [null, null];
    if (a === null || b === null) return null;
    if (operator === 'Mul') return a * b;
    if (operator === 'Div') return a / b;
    if (operator === 'Add') return a + b;
    return operator === 'Sub' ? a - b : null;
  }

  #term(node: Node): Term {
    const inner = unwrapped(node);
    if (inner.name === 'FunctionCall') return this.#call(inner);
    if (inner.name === 'AggregateExpr') return this.#aggregate(inner);
    const [left, operator, right] = inner.name === 'BinaryExpr' ? operandsOf(inner) : [];
    if (!left || !right || (operator !== 'Mul' && operator !== 'Div'))
      throw new NotUnderstood(`${this.#named(inner)} is not rate(), increase() or a ratio of them`);
    const [a, b] = [this.#constant(left), this.#constant(right)];
    if (b !== null) return scaled(this.#term(left), operator === 'Mul' ? b : 1 / b);
    if (a !== null && operator === 'Mul') return scaled(this.#term(right), a);
    if (a !== null || operator === 'Mul') throw new NotUnderstood(`${this.#named(inner)} is not a ratio of two rates`);
    return this.#ratio(this.#term(left), this.#term(right), inner);
  }

  #ratio(above: Term, below: Term, node: Node): Term {
    if (above.divisor || below.divisor) throw new NotUnderstood('it divides a ratio once more');
    if (above.rate.windowMs !== below.rate.windowMs) throw new NotUnderstood('the two rates have different windows');
    const labels = this.#matched(above.rate.labels, node.getChild('MatchingModifierClause'));
    return { factor: above.factor / below.factor, rate: { ...above.rate, labels }, divisor: below.rate };
  }

  #matched(labels: AlertLabels, clause: Node | null): AlertLabels {
    if (!clause) return labels;
    const names = this.#labelNames(clause);
    if (clause.getChild('GroupLeft') || clause.getChild('GroupRight')) return { known: {}, closed: false };
    return clause.getChild('On') ? onlyOf(labels, names) : without(labels, names);
  }

  #call(node: Node): Term {
    const body = node.getChild('FunctionCallBody');
    const range = body?.firstChild ? unwrapped(body.firstChild) : null;
    const isRate = node.getChild('FunctionIdentifier')?.firstChild?.name;
    if (!range || (isRate !== 'Rate' && isRate !== 'Increase')) throw new NotUnderstood(`${this.#named(node)} is not rate() or increase()`);
    if (range.name !== 'MatrixSelector')
      throw new NotUnderstood(`${this.#named(range)} has a modifier or a subquery, and only a plain window is computed`);
    const selector = range.getChild('VectorSelector');
    const duration = range.getChild('DurationExpr');
    const windowMs = duration ? windowOf(this.#of(duration)) : null;
    if (!selector || windowMs === null) throw new NotUnderstood(`the window of ${this.#named(range)} is not a fixed duration`);
    const rate: Rate = { ...this.#selected(selector), windowMs, summed: false };
    return { factor: isRate === 'Rate' ? 1 : windowMs / 1_000, rate, divisor: null };
  }

  #aggregate(node: Node): Term {
    const operator = node.getChild('AggregateOp')?.firstChild?.name;
    if (operator !== 'Sum') throw new NotUnderstood(`${this.#named(node)} aggregates with something other than sum`);
    const argument = node.getChild('FunctionCallBody')?.firstChild;
    if (!argument) throw new NotUnderstood(`${this.#named(node)} has no argument`);
    const { factor, rate, divisor } = this.#term(argument);
    if (divisor) throw new NotUnderstood('it sums up ratios, and ratios of single series are unknown');
    const modifier = node.getChild('AggregateModifier');
    const names = modifier ? this.#labelNames(modifier) : [];
    const labels = modifier?.getChild('Without') ? without(rate.labels, names) : onlyOf(rate.labels, names);
    return { factor, rate: { ...rate, summed: true, labels }, divisor: null };
  }

  /** Labels that `=` pins have that value in each series; any other label may be there with any value. */
  #selected(selector: Node): { metric: string | null; labels: AlertLabels } {
    const name = selector.getChild('Identifier');
    const matchers = selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
    const pinned = matchers
      .filter((each) => each.getChild('MatchOp')?.firstChild?.name === 'EqlSingle')
      .map((each) => [this.#child(each, 'LabelName'), this.#child(each, 'StringLiteral').slice(1, -1)] as const);
    const known = Object.fromEntries(pinned.filter(([label]) => label !== '__name__'));
    return { metric: name ? this.#of(name) : null, labels: { known, closed: false } };
  }

  #labelNames(node: Node): string[] {
    const grouping = node.getChild('GroupingLabels');
    return ['LabelName', 'QuotedLabelName'].flatMap((kind) =>
      (grouping?.getChildren(kind) ?? []).map((each) => this.#of(each).replaceAll('"', '')),
    );
  }

  #child = (node: Node, kind: string): string => {
    const child = node.getChild(kind);
    return child ? this.#of(child) : '';
  };

  #of = ({ from, to }: Node): string => this.#text.slice(from, to);

  #named(node: Node): string {
    const text = this.#of(node).replace(/\s+/g, ' ');
    return text.length > 60 ? `${text.slice(0, 59)}…` : text;
  }
}

function firstError(top: Node): number | null {
  let at: number | null = null;
  top.cursor().iterate((node) => {
    if (node.type.isError && at === null) at = node.from;
  });
  return at;
}

function unwrapped(node: Node): Node {
  const inner = node.name === 'ParenExpr' ? node.firstChild : null;
  return inner ? unwrapped(inner) : node;
}

/** Left operand, name of the operator, right operand; modifiers lie between the operator and the right one. */
function operandsOf(node: Node): [left: Node | null, operator: string | undefined, right: Node | null] {
  return [node.firstChild, node.firstChild?.nextSibling?.name, node.lastChild];
}

const scaled = (term: Term, by: number): Term => ({ ...term, factor: term.factor * by });

function numberOf(text: string): number | null {
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  const ms = prometheusDurationMs(text);
  return ms === null ? null : ms / 1_000;
}

/** A range is a duration, or since Prometheus 3 also a number of seconds. */
function windowOf(text: string): number | null {
  const seconds = numberOf(text.trim());
  return seconds === null || !(seconds > 0) ? null : Math.round(seconds * 1_000);
}

const onlyOf = ({ known, closed }: AlertLabels, names: readonly string[]): AlertLabels => ({
  known: Object.fromEntries(names.flatMap((name) => (Object.hasOwn(known, name) || !closed ? [[name, known[name] ?? null]] : []))),
  closed: true,
});

const without = ({ known, closed }: AlertLabels, names: readonly string[]): AlertLabels => ({
  known: {
    ...Object.fromEntries(Object.entries(known).filter(([name]) => !names.includes(name))),
    ...Object.fromEntries(names.map((name) => [name, ''])),
  },
  closed,
});
