import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { rolesOf } from './roles.ts';

it('takes all roles where nothing is said, and those that are named otherwise', () => {
  expect(rolesOf(undefined)).toEqual(['countdowns', 'clusters', 'load']);
  expect(rolesOf('load, clusters')).toEqual(['load', 'clusters']);
});

it.each(['countdown', 'countdowns,', ''])('does not start a worker with the roles "%s", which would wait for ever', (roles) => {
  expect(() => rolesOf(roles)).toThrow(/^TMINUS_ROLES: "(countdown)?" is not one of countdowns, clusters, load$/);
});

it('ends the worker process with exit 2 and the sentence', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, TMINUS_ROLES: 'countdown' },
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: 'TMINUS_ROLES: "countdown" is not one of countdowns, clusters, load\n',
  });
});
