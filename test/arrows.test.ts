import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { offences, rooms } from '../scripts/arrows.ts';

const root = join(import.meta.dirname, '..');
const notOurs = new Set(['node_modules', '.tminus', '.lab', '.git', 'coverage']);
const files = globSync('**/*.ts', { cwd: root, exclude: (name) => notOurs.has(name) }).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));
const of = (path: string, text: string): string[] => offences([{ path, text }]);

describe('the architecture', () => {
  it('has only the arrows of its table', () => {
    expect(files.length).toBeGreaterThan(200);
    expect(offences(files)).toEqual([]);
  });

  it('has each room of the table', () => {
    const found = new Set(files.map(({ path }) => path.split('/')[0]));
    expect(Object.keys(rooms).filter((room) => !found.has(room))).toEqual([]);
  });
});

describe('the check of arrows', () => {
  it.each([
    ['an analysis that reads a file', 'analysis/a.ts', `import { readFile } from 'node:fs/promises';`, 'analysis reaches nothing outside'],
    ['the same without node:', 'analysis/a.ts', `import { readFile } from 'fs/promises';`, 'analysis reaches nothing outside'],
    [
      'an SDK in a verdict',
      'verdict/a.ts',
      `import { ApplicationFailure } from '@temporalio/common';`,
      'verdict may use only @noble/hashes',
    ],
    [
      'types of another file than the table names',
      'release/a.ts',
      `import type { Rule } from '../verdict/can.ts';`,
      'only values of verdict/finding.ts, verdict/wording/, and types of verdict/verdict.ts, verdict/signed.ts',
    ],
    [
      'values of another file',
      'analysis/x/a.ts',
      `import { x } from '../../verdict/judge.ts';`,
      'only values of verdict/finding.ts, verdict/wording/',
    ],
    [
      'analysis that knows release',
      'analysis/a.ts',
      `import { durationMs } from '../release/duration.ts';`,
      'no arrow analysis -> release',
    ],
    [
      'a workflow that runs an activity by itself',
      'workflows/a.ts',
      `import { runGuard } from '../activities/guard/run-guard.ts';`,
      'workflows -> activities allows only types',
    ],
    [
      'a workflow that loads an activity for its type',
      'workflows/a.ts',
      `import { type Guard } from '../activities/guard/run-guard.ts';`,
      'allows only types',
    ],
    [
      'an activity with axios past activities/http',
      'activities/notify/a.ts',
      `import axios from 'axios';`,
      'only activities/http/, cli/send-request.ts',
    ],
    ['a verb that loads axios by itself', 'cli/verbs/a.ts', `const { default: axios } = await import('axios');`, 'may import axios'],
    ['a workflow with axios', 'workflows/a.ts', `import axios from 'axios';`, 'may import axios'],
    ['a workflow with zod', 'workflows/steps/a.ts', `import { z } from 'zod';`, 'may use only @temporalio/workflow'],
    ['a workflow with a Node module', 'workflows/a.ts', `import { randomUUID } from 'node:crypto';`, 'workflows reaches nothing outside'],
    [
      'an activity that knows workflow code',
      'activities/a.ts',
      `import type { X } from '../workflows/countdown.ts';`,
      'no arrow activities -> workflows',
    ],
    [
      'a CLI that asks Temporal past the API',
      'cli/a.ts',
      `import { statusQuery } from '../workflows/messages.ts';`,
      'only types of workflows/messages.ts',
    ],
    [
      'a CLI that acts by itself, past the offline restore',
      'cli/a.ts',
      `import { x } from '../activities/kubernetes/client.ts';`,
      'the arrow cli -> activities allows only values of activities/effects/offline-restore.ts',
    ],
    [
      'a server that writes to a cluster',
      'server/a.ts',
      `import { x } from '../activities/kubernetes/client.ts';`,
      'values of activities/evidence/',
    ],
    ['an arrow up', 'release/a.ts', `export { x } from '../cli/program.ts';`, 'no arrow release -> cli'],
    ['a dynamic import', 'verdict/a.ts', `const f = async () => await import('node:fs');`, 'verdict reaches nothing outside'],
    [
      'a type written in place',
      'release/a.ts',
      `type X = import('../server/request/dependencies.ts').World;`,
      'no arrow release -> server',
    ],
    ['an import for its effect', 'analysis/a.ts', `import '../workers/main.ts';`, 'no arrow analysis -> workers'],
    ['code that knows a test', 'server/a.ts', `import { fake } from './testing/fake.ts';`, 'may not know tests'],
    ['a folder without a row', 'helpers/a.ts', `import { x } from '../verdict/can.ts';`, 'helpers/ is not in the table of rooms'],
  ])('finds %s', (_, path, text, why) => {
    expect(of(path, `\n${text}`)).toEqual([expect.stringContaining(`${path}:2 imports`)]);
    expect(of(path, text)[0]).toContain(why);
  });

  it.each([
    ['types of findings', 'analysis/x/a.ts', `import type { Finding } from '../../verdict/finding.ts';`],
    ['builders of findings', 'analysis/x/a.ts', `import { pass } from '../../verdict/finding.ts';`],
    ['the wording of values', 'release/a.ts', `import { duration } from '../verdict/wording/index.ts';`],
    ['a room within itself', 'analysis/x/a.ts', `import { wilson } from '../statistics/index.ts';`],
    ['types of activities in a workflow', 'workflows/a.ts', `import type { StepActivities } from '../activities/steps-contract.ts';`],
    ['unzipping given bytes', 'analysis/a.ts', `import { createGunzip } from 'node:zlib';`],
    ['a test that looks everywhere', 'verdict/a.test.ts', `import { x } from '../server/app.ts';`],
  ])('allows %s', (_, path, text) => {
    expect(of(path, text)).toEqual([]);
  });
});
