// The compiler refuses a finding whose code has no row. Here: no row is left of a code that nothing emits any more.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';
import { codes } from '../verdict/codes.ts';

const root = join(import.meta.dirname, '..');
const sources = ['analysis', 'verdict', 'workflows', 'activities', 'server', 'cli'].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.test\.ts$|(^|\/)testing\//.test(name))
    .map((name) => `${room}/${name}`)
    .filter((path) => !path.startsWith('verdict/codes')),
);

test('every row is of a code that product code emits', () => {
  const used = new Set(sources.flatMap(literalsOf));
  expect(used.size).toBeGreaterThan(1_000);
  expect(Object.keys(codes).filter((code) => !used.has(code))).toEqual([]);
});

function literalsOf(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.ESNext, true));
  return found;
}
