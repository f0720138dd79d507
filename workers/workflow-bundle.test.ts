import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, expect, it, jest } from '@jest/globals';
import { Runtime, Worker } from '@temporalio/worker';
import { historyFile } from '../test/countdown/histories.ts';
import { keptBundle } from './workflow-bundle.ts';

jest.setTimeout(120_000);

const root = resolve(import.meta.dirname, '..');
const buildId = `test-${process.pid}`;
const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

Runtime.install({ logger: silent, telemetryOptions: { logging: { filter: 'ERROR' } } });
afterAll(async () => {
  await rm(`${root}/.tminus/bundles/${buildId}.js`, { force: true });
  await Runtime.instance().shutdown();
});

it('is made once per build, and the one that was kept runs a countdown like the one it was made from', async () => {
  expect(await keptBundle(root, buildId, silent)).toHaveProperty('code');
  const workflowBundle = await keptBundle(root, buildId, silent);
  expect(workflowBundle).toEqual({ codePath: expect.stringContaining(buildId) });
  const history = JSON.parse(await readFile(historyFile('launched'), 'utf8')) as object;
  await Worker.runReplayHistory({ workflowBundle }, history, 'countdown/launched');
});

it('is made for this process alone where the checkout cannot be written', async () => {
  const warned: string[] = [];
  const kept = await keptBundle(root, 'a/folder/that/is/not/there', { ...silent, warn: (message: string) => void warned.push(message) });
  expect(kept).toHaveProperty('code');
  expect(warned).toEqual([expect.stringContaining('is not kept')]);
});
