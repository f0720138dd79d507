import { expect, it } from '@jest/globals';
import { against } from './testing/against.ts';
import { NAME } from '../workflows/testing/example-status.ts';
import { tminus } from './testing/tminus-process.ts';

it.each([
  [[''], 'init'],
  [['sta'], 'start\nstatus\n'],
  [['status', ''], `${NAME}\n`],
  [['status', NAME, '--wa'], '--watch\n--wait\n'],
  [['schema', 'e'], 'environment\n'],
  [['validate', ''], ''],
  [['alarms', ''], 'budget\n'],
  [['alarms', 'budget', '--sur'], '--surge\n'],
])('prints the candidates for %j', async (words, offered) => {
  const { code, stdout } = await against(
    { 'GET /api/v1/countdowns': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items: [{ name: NAME }] } } },
    ['__complete', '--', ...words],
  );
  expect(code).toBe(0);
  if (offered === 'init') expect(stdout.split('\n')).toEqual(expect.arrayContaining(['init', 'status', 'abort']));
  else expect(stdout).toBe(offered);
});

it('prints nothing without a server', async () => {
  expect(await tminus(['__complete', '--', 'status', ''])).toEqual({ code: 0, stdout: '', stderr: '' });
});

it.each(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s', async (shell) => {
  expect((await tminus(['completion', shell])).stdout).toContain('tminus __complete --');
});
