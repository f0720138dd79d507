import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Runtime, Worker, bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { bundleWorkflows } from '../../workers/workflow-bundle.ts';
import { HISTORIES, historyFile } from './histories.ts';

jest.setTimeout(120_000);

const bundle = (file: string): Promise<WorkflowBundle> =>
  bundleWorkflowCode({ workflowsPath: new URL(file, import.meta.url).pathname, logger: silent });
const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

let workflowBundle: WorkflowBundle;
beforeAll(async () => {
  Runtime.install({ logger: silent, telemetryOptions: { logging: { filter: 'ERROR' } } });
  workflowBundle = await bundleWorkflows(new URL('../..', import.meta.url).pathname, silent);
});
afterAll(() => Runtime.instance().shutdown());

describe('a countdown that is under way', () => {
  it.each(HISTORIES)('replays its recorded history on this code: %s', async (name) => {
    const history = JSON.parse(await readFile(historyFile(name), 'utf8')) as object;
    await Worker.runReplayHistory({ workflowBundle }, history, `countdown/${name}`);
  });

  it('would be noticed if this code did something else: a timer more is a determinism violation', async () => {
    const history = JSON.parse(await readFile(historyFile('launched'), 'utf8')) as object;
    const mutated = await bundle('./mutated-countdown.ts');
    await expect(Worker.runReplayHistory({ workflowBundle: mutated }, history, 'countdown/launched')).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});
