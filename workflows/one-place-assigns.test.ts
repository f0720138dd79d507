// Effects return a change, and change.ts assigns it: no other file of the countdown assigns to an object, but its story.
import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import ts from 'typescript';

/** The restorer is a workflow with a state of its own. */
const MAY_ASSIGN = ['change.ts', 'countdown.ts', 'restorer.ts'];
const MUTATING = ['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse'];

const isAssignment = (kind: ts.SyntaxKind): boolean => kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
const isMember = (node: ts.Node): boolean => ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);

function assigns(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node)) return isAssignment(node.operatorToken.kind) && isMember(node.left);
  if (ts.isPostfixUnaryExpression(node)) return isMember(node.operand);
  if (ts.isDeleteExpression(node)) return true;
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const { expression: receiver, name } = node.expression;
  return node.expression.getText() === 'Object.assign' || (MUTATING.includes(name.text) && isMember(receiver));
}

function assignments(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (assigns(node)) found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it('only change.ts and the story assign fields of a countdown', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThan(25);
  const found = files
    .filter((name) => !MAY_ASSIGN.includes(name))
    .flatMap((name) => assignments(name, readFileSync(`${import.meta.dirname}/${name}`, 'utf8')));
  expect(found).toEqual([]);
});

it.each([
  'state.phase = phase;',
  'state.refused += 1;',
  'state.refused++;',
  'status.launchedAt ??= now;',
  "state.results['a'] = result;",
  'state.holds.push(hold);',
  'Object.assign(status, found);',
  'delete checkpoint.holdDeadlineMs;',
])('would find %s', (planted) => expect(assignments('a.ts', planted)).toHaveLength(1));
