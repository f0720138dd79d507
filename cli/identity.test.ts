import { expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { against, showing } from './testing/against.ts';
import { type Answers } from './testing/fake-server.ts';
import { mei, NAME, waiting } from './testing/statuses.ts';
import { NOBODY, tminus } from './testing/tminus-process.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'tminus-cli-'));

const whoami: Answers = { 'GET /api/v1/whoami': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'Principal', principal: mei } } };

it('reads the token from a file that only its owner may read', async () => {
  const home = folder();
  const file = join(home, 'token');
  writeFileSync(file, 'from-file\n', { mode: 0o600 });
  const run = (argv: string[] = []) => against(whoami, ['whoami', ...argv], { env: { TMINUS_TOKEN: '', TMINUS_HOME: home } });
  const mine = await run();
  expect(mine).toMatchObject({ code: 0, stdout: 'Mei Tan (local/mei)   groups: shop-developers\n', stderr: '' });
  expect(mine.server.asked[0]?.authorization).toBe('Bearer from-file');
  chmodSync(file, 0o640);
  const open = await run();
  expect(open).toMatchObject({ code: 4, stdout: '', stderr: `others can read the token file ${file}\n  chmod 600 ${file}\n` });
  expect(open.server.asked).toEqual([]);
});

it('takes the token file of another person, but never a token, as an option', async () => {
  const file = join(folder(), 'li.wei.token');
  writeFileSync(file, 'li-wei', { mode: 0o600 });
  const { server } = await against(whoami, ['whoami', '--token-file', file]);
  expect(server.asked[0]?.authorization).toBe('Bearer li-wei');
  expect((await tminus(['whoami', '--token', 'secret'])).code).toBe(2);
});

it('tells in sentences what is missing', async () => {
  const away = await tminus(['doctor'], { server: NOBODY });
  expect(away.code).toBe(1);
  expect(away.stdout).toMatch(
    /^✔ pass +node +Node \d+.*\n✖ fail +server +nothing answers at http:\/\/127.0.0.1:6; start the server with `tminus dev`, or name it with --server or TMINUS_SERVER\n$/,
  );
  const well = await against(
    {
      ...whoami,
      ...showing(waiting),
      'GET /healthz': { body: {} },
      'GET /api/v1/releases': {
        body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items: [{ name: NAME, state: 'running' }] },
      },
    },
    ['doctor'],
  );
  expect(well.code).toBe(0);
  expect(well.stdout.split('\n').slice(2, 5)).toEqual([
    '✔ pass           identity   you are Mei Tan, groups: shop-developers',
    '✔ pass           temporal   Temporal answers; 1 countdowns, 1 of them running',
    '✔ pass           worker     a worker answers for go-api-1.4.0',
  ]);
});
