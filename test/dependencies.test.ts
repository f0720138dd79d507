import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

interface PackageJson {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}
const packageJson = JSON.parse(read('package.json')) as PackageJson;
const packages = { ...packageJson.dependencies, ...packageJson.optionalDependencies, ...packageJson.devDependencies };
/** Cells of the rows that begin with a package's name. */
const rows = read('docs/reference/dependencies.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

describe('dependencies', () => {
  it('each have exactly one row that says what for, and no row speaks of a package that is gone', () => {
    expect(rows.map(([name = '']) => name.replaceAll('`', '')).sort()).toEqual(Object.keys(packages).sort());
    expect(rows.filter(([, whatFor = '']) => whatFor === '')).toEqual([]);
  });

  it('have exact versions', () => {
    expect(Object.entries(packages).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('of Temporal are all of one version, for mixed ones do not work together', () => {
    const versions = Object.entries(packages)
      .filter(([name]) => name.startsWith('@temporalio/'))
      .map(([, version]) => version);
    expect(versions.length).toBeGreaterThan(4);
    expect(new Set(versions).size).toBe(1);
  });

  it('include one protobufjs 8 only, or histories could not be replayed', () => {
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> };
    const copies = Object.entries(lock.packages).filter(
      ([path, { version }]) => path.endsWith('node_modules/protobufjs') && version.startsWith('8.'),
    );
    expect(copies.map(([path]) => path)).toEqual(['node_modules/protobufjs']);
  });
});
