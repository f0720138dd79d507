// Which guards are removed, and which tests have to notice.
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface Area {
  name: string;
  files: readonly string[];
}

/** Files of the repository at `root` whose guards stand between a version that is bad and people. */
export function areasOf(root: string): Area[] {
  const code = (...patterns: string[]) =>
    patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).filter((file) => !/\.test\.ts$|\/testing\//u.test(file));
  return [
    { name: 'verify-version', files: code('activities/kubernetes/verify-version.ts') },
    { name: 'run-guard', files: code('activities/guard/*.ts', 'analysis/guard/*.ts') },
    { name: 'undo-stack', files: code('workflows/undo-stack.ts') },
    { name: 'refusals', files: code('workflows/refusals.ts') },
    { name: 'launch-window', files: code('workflows/launch-window.ts') },
  ];
}

/** Sets of tests that are asked one after the other, the quickest first, until one fails. */
export type Stages = readonly (readonly string[])[];

/** Tests that reach the file: those beside it, those of its room, and for workflows the countdowns on a real Temporal server. */
export function stagesFor(root: string, file: string): Stages {
  const related = relatedTests(root, file);
  const isUnit = (test: string) => !/\.(lab|tool|k6|browser)\.test\.ts$/u.test(test);
  const beside = related.filter((test) => isUnit(test) && dirname(test) === dirname(file));
  const [room] = file.split('/');
  const farther = related.filter(
    (test) =>
      !beside.includes(test) &&
      (room === 'workflows' ? isUnit(test) : /^(activities|analysis)\//u.test(test) && !test.endsWith('.lab.test.ts')),
  );
  // Countdowns reach workflow code through the bundle, which no import shows.
  const countdowns = room === 'workflows' ? globSync('test/countdown/*.lab.test.ts', { cwd: root }) : [];
  return [beside, farther, countdowns].filter((stage) => stage.length > 0);
}

function relatedTests(root: string, file: string): string[] {
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const listed = execFileSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', jest, '--listTests', '--findRelatedTests', file],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return listed
    .split('\n')
    .filter((line) => line !== '')
    .map((test) => relative(root, test));
}
