// Findings carry their code as text, so no compiler compares it with the rows that explain it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';
import { codes } from '../verdict/codes.ts';

const root = join(import.meta.dirname, '..');
/** Names of several words, such as LatencyAboveLimit. */
const CODE_LIKE = /^([A-Z][a-z]+){2,}$/;
/** What judges name beside codes: errors of evidence, and a unit. */
const OTHER_NAMES: readonly string[] = ['EvidenceMissing', 'EvidenceDamaged', 'UnreadableEvidence', 'ReplicaSets'];

interface Literal {
  text: string;
  place: string;
  /** Whether it is the value of a field `code`, or one of the values between which that field chooses. */
  isCode: boolean;
}

const literals = ['analysis', 'verdict', 'workflows', 'activities', 'server', 'cli'].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.test\.ts$|(^|\/)testing\//.test(name))
    .map((name) => `${room}/${name}`)
    .filter((path) => !path.startsWith('verdict/codes'))
    .flatMap(literalsOf),
);

test('every finding code that product code emits has a row', () => {
  const judges = (place: string): boolean => /^(analysis|verdict)\//.test(place) && importsFinding(place.replace(/:\d+$/, ''));
  const emitted = literals.filter(
    ({ text, place, isCode }) => CODE_LIKE.test(text) && (isCode || (judges(place) && !OTHER_NAMES.includes(text))),
  );
  expect(emitted.length).toBeGreaterThan(60);
  expect(emitted.filter(({ text }) => !Object.hasOwn(codes, text)).map(({ place, text }) => `${place} ${text}`)).toEqual([]);
});

test('every row is of a code that product code emits', () => {
  const used = new Set(literals.map(({ text }) => text));
  expect(Object.keys(codes).filter((code) => !used.has(code))).toEqual([]);
});

function literalsOf(path: string): Literal[] {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.ESNext, true);
  const found: Literal[] = [];
  const visit = (node: ts.Node, inCode: boolean): void => {
    if (ts.isStringLiteralLike(node)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push({ text: node.text, place: `${path}:${line}`, isCode: inCode });
    }
    const isCodeField = ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'code';
    const stays = inCode && (ts.isConditionalExpression(node) || ts.isParenthesizedExpression(node));
    ts.forEachChild(node, (child) => visit(child, (isCodeField && child === node.initializer) || (stays && child !== conditionOf(node))));
  };
  visit(source, false);
  return found;
}

function conditionOf(node: ts.Node): ts.Node | undefined {
  return ts.isConditionalExpression(node) ? node.condition : undefined;
}

function importsFinding(path: string): boolean {
  return /from '[./]+(verdict\/)?finding\.ts'/.test(readFileSync(join(root, path), 'utf8'));
}
