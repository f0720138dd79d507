// Guards of a source file, found in its syntax tree, and the file without each of them. Nothing is listed by hand: a new guard is a new mutant.
import ts from 'typescript';

export interface Mutant {
  /** From the top of the repository. */
  file: string;
  /** From 1. */
  line: number;
  /** What was taken away: `if (wanted === 0) return ...`. */
  guard: string;
  /** The whole file without it. */
  text: string;
}

interface Cut {
  node: ts.Node;
  replacement: string;
}

/** Most characters of a guard that are shown. */
const SHOWN_LENGTH = 100;

/** Every guard of the file, removed one at a time, in the order of the file. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const cuts: Cut[] = [];
  const visit = (node: ts.Node): void => {
    cuts.push(...cutsAt(node));
    node.forEachChild(visit);
  };
  visit(source);
  return cuts.map(({ node, replacement }) => ({
    file,
    line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
    guard: shown(ts.isIfStatement(node.parent) && node.parent.expression === node ? node.parent : node),
    text: text.slice(0, node.getStart()) + replacement + text.slice(node.end),
  }));
}

function cutsAt(node: ts.Node): Cut[] {
  // `if (a) return b`, `if (a) throw b`, `if (a) continue`, `if (a) findings.push(b)`: never taken.
  if (ts.isIfStatement(node) && isGuarded(node.thenStatement)) return [{ node: node.expression, replacement: 'false' }];
  // A throw that no `if` of the same step leads to. Passing an error on is no guard.
  if (ts.isThrowStatement(node) && !ts.isIdentifier(node.expression) && !isGuardOfIf(node)) return [{ node, replacement: ';' }];
  // `a ? 'reason' : null`: the reason is never given.
  if (ts.isConditionalExpression(node)) {
    const nothing = [node.whenTrue, node.whenFalse].find(isNothing);
    return nothing ? [{ node, replacement: nothing.getText() }] : [];
  }
  // `explainA() ?? explainB()`: one of them is not asked.
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
    return isAsked(node.left) && isAsked(node.right)
      ? [
          { node, replacement: node.right.getText() },
          { node, replacement: node.left.getText() },
        ]
      : [];
  // `when: (state) => ...` in a table of rules: never so.
  if (ts.isPropertyAssignment(node) && node.name.getText() === 'when' && ts.isArrowFunction(node.initializer))
    return [{ node: node.initializer, replacement: '() => false' }];
  return [];
}

const lastOf = (statement: ts.Statement): ts.Statement | undefined => (ts.isBlock(statement) ? statement.statements.at(-1) : statement);

function isGuarded(then: ts.Statement): boolean {
  const last = lastOf(then);
  if (!last) return false;
  if (ts.isReturnStatement(last) || ts.isThrowStatement(last) || ts.isContinueStatement(last) || ts.isBreakStatement(last)) return true;
  return ts.isExpressionStatement(last) && ts.isCallExpression(last.expression) && last.expression.expression.getText().endsWith('.push');
}

function isGuardOfIf(node: ts.ThrowStatement): boolean {
  const holder = ts.isBlock(node.parent) ? node.parent : node;
  return ts.isIfStatement(holder.parent) && holder.parent.thenStatement === holder && lastOf(holder.parent.thenStatement) === node;
}

const isNothing = (node: ts.Expression): boolean =>
  node.kind === ts.SyntaxKind.NullKeyword ||
  (ts.isArrayLiteralExpression(node) && node.elements.length === 0) ||
  (ts.isIdentifier(node) && node.text === 'undefined');

function isAsked(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node) || ts.isAwaitExpression(node)) return isAsked(node.expression);
  return ts.isCallExpression(node);
}

function shown(node: ts.Node): string {
  const line = node.getText().replaceAll(/\s+/gu, ' ');
  return line.length <= SHOWN_LENGTH ? line : `${line.slice(0, SHOWN_LENGTH - 1)}…`;
}
