import { describe, expect, it } from '@jest/globals';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { browserPart, checkParts, labParts, programPart } from './test-parts.ts';

const root = join(import.meta.dirname, '..');
const place = { root, logs: '/logs', node: 'node' };
/** What jest.config.js asks for beside the part's own arguments. */
const ownTests = globSync('**/*.test.ts', { cwd: root, exclude: (name) => ['node_modules', '.tminus', '.lab'].includes(name) });

/** As jest selects: the pattern has to match, and no ignored path may. */
function selected(argv: readonly string[], file: string): boolean {
  const values = (option: string): string[] =>
    argv.filter((word) => word.startsWith(`${option}=`)).map((word) => word.slice(option.length + 1));
  const [pattern = '**/*.test.ts'] = values('--testMatch');
  const matches = globSync(pattern, { cwd: root, exclude: (name) => ['node_modules', '.tminus', '.lab'].includes(name) }).includes(file);
  return matches && !values('--testPathIgnorePatterns').some((ignored) => new RegExp(ignored).test(`/${file}`));
}

describe('the parts of the gate', () => {
  it('run each test file of the project in exactly one part', () => {
    const parts = [...checkParts(place), programPart(place), browserPart(place), ...labParts(place)].filter(
      ({ results }) => results !== undefined,
    );
    const runs = ownTests.map((file) => [file, parts.filter(({ argv }) => selected(argv, file)).map(({ name }) => name)] as const);
    expect(runs.length).toBeGreaterThan(20);
    expect(runs.filter(([, names]) => names.length !== 1)).toEqual([]);
  });

  it('have names of their own, for each has a log', () => {
    const names = [...checkParts(place), programPart(place), browserPart(place), ...labParts(place)].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
