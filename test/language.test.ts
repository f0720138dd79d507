// Strings that people see are in plain technical English.
import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bannedInCode, bannedInPage, type Match } from '../scripts/language.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const rooms = '{release,analysis,verdict,workflows,activities,workers,server,cli,lab,scripts}';
const code = globSync(`${rooms}/**/*.ts`, { cwd: root }).filter(
  (path) => !/\.test\.ts$|\/testing\/|node_modules|^scripts\/language\.ts$/.test(path),
);
const pages = ['README.md', 'CHANGELOG.md', ...globSync('{docs,deploy}/**/*.md', { cwd: root })];

const shown = ({ path, line, text, write }: Match): string => `${path}:${line}: "...${text}...": write ${write}`;

describe('language', () => {
  it('of strings that people see has no banned phrase', () => {
    expect(code.length).toBeGreaterThan(300);
    expect(code.flatMap((path) => bannedInCode(path, read(path))).map(shown)).toEqual([]);
  });

  it('of the documents has no banned phrase', () => {
    expect(pages.length).toBeGreaterThan(30);
    expect(pages.flatMap((path) => bannedInPage(path, read(path))).map(shown)).toEqual([]);
  });

  it.each([
    ['a literal', "const a = 'the pod is told of it';"],
    ['a template', 'const a = `the pool ${name} is no pool of ours`;'],
    ['the tail of a template', 'const a = `${name} tells nothing`;'],
    ['markup', 'const a = markup`<p>Mend it, then retry</p>`;'],
  ])('check finds a phrase planted in %s', (_, planted) => {
    expect(bannedInCode('a.ts', planted)).toMatchObject([{ path: 'a.ts', line: 1 }]);
  });

  it('check finds a phrase planted in a page, and reads no comments', () => {
    expect(bannedInPage('a.md', 'one\nit is laid to nobody\n')).toMatchObject([{ line: 2, write: 'attributed to' }]);
    expect(bannedInCode('a.ts', '// this is told to nobody\nconst a = 1;')).toEqual([]);
  });
});
