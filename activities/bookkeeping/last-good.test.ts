import { expect, test } from '@jest/globals';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepLastGood, readLastGood } from './last-good.ts';

const target = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const first = { release: 'go-api-1.3.0', loadTests: [{ name: 'load-test', points: 'sha256:1' }] };
const second = { release: 'go-api-1.4.0', loadTests: [] };

test('returns the last release of each Deployment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'last-good-'));
  expect(await readLastGood(folder, target)).toBeNull();
  await keepLastGood(folder, target, first);
  await keepLastGood(folder, target, second);
  await keepLastGood(folder, target, second);
  expect(await readLastGood(folder, target)).toEqual(second);
  expect(await readLastGood(folder, { ...target, namespace: 'shop-staging' })).toBeNull();
  expect(await readdir(join(folder, 'last-good'))).toHaveLength(1);
});

test.each(['{"release"', '[]', 'null', '{"release":1,"loadTests":[]}'])('reports that %s is not a record', async (text) => {
  const folder = await mkdtemp(join(tmpdir(), 'last-good-'));
  await keepLastGood(folder, target, first);
  const [name = ''] = await readdir(join(folder, 'last-good'));
  await writeFile(join(folder, 'last-good', name), text);
  expect(await readLastGood(folder, target)).toContain('is not a record of a release');
});
