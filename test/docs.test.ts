// What the documents point at is there, and what they tell people to type exists.
import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createProgram } from '../cli/program.ts';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })].map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));

/** Links to files that are not there. */
function deadLinks(path: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
  return targets.filter((target) => !existsSync(join(root, dirname(path), target))).map((target) => `${path}: ${target}`);
}

/** `tminus` commands in code whose verb or long option the program does not have. */
function unknownCommands(path: string, text: string): string[] {
  const { commands, options } = createProgram();
  return [...text.matchAll(/(?:^|`)tminus ([a-z-]+)([^`\n#]*)/gm)].flatMap(([said, verb, rest = '']) => {
    const command = commands.find((each) => each.name() === verb);
    if (!command) return [`${path}: ${said}`];
    const below = command.commands.find((each) => each.name() === rest.trim().split(/\s/)[0]);
    if (command.commands.length > 0 && !below) return [`${path}: ${said}`];
    const known = new Set(['--help', ...[...options, ...(below ?? command).options].map(({ long }) => long)]);
    return [...rest.matchAll(/(?<=\s)--[a-z0-9-]+/g)]
      .filter(([option]) => !known.has(option))
      .map(([option]) => `${path}: ${verb} ${option}`);
  });
}

describe('the documents', () => {
  it('point at files that are there', () => {
    expect(pages.flatMap(({ path, text }) => deadLinks(path, text))).toEqual([]);
    expect(deadLinks('README.md', '[a](docs/none.md)')).toEqual(['README.md: docs/none.md']);
  });

  it('tell people to type only verbs and options that there are', () => {
    expect(pages.flatMap(({ path, text }) => unknownCommands(path, text))).toEqual([]);
    const mistyped = '`tminus launch x`, `tminus status x --waitt`, `tminus alarms budgt` and `tminus alarms budget --ruless`';
    expect(unknownCommands('a.md', mistyped)).toEqual([
      'a.md: `tminus launch x',
      'a.md: status --waitt',
      'a.md: `tminus alarms budgt',
      'a.md: alarms --ruless',
    ]);
  });

  it('name only scripts that there are and that can be run', () => {
    const scripts = [...new Set(pages.flatMap(({ text }) => [...text.matchAll(/\.\/scripts\/[a-z-]+/g)].map(([script]) => script)))];
    expect(scripts.length).toBeGreaterThan(3);
    expect(scripts.filter((script) => !existsSync(join(root, script)) || (statSync(join(root, script)).mode & 0o100) === 0)).toEqual([]);
  });

  it('name no path of one machine', () => {
    expect(pages.filter(({ text }) => /(^|[\s`"'])\/(work|root|tmp)\//m.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('have decision records with numbers in a row and a summary first', () => {
    const records = pages.filter(({ path }) => path.startsWith('docs/decisions/')).sort((a, b) => a.path.localeCompare(b.path));
    expect(records.map(({ path }) => Number(path.slice('docs/decisions/'.length, 'docs/decisions/'.length + 4)))).toEqual(
      records.map((_, index) => index + 1),
    );
    expect(records.filter(({ text }) => !/^# \d{4} .+\n\n\*\*Summary\.\*\*/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
