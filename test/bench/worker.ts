// The worker under measurement, a process of its own: `fork`ed by main.ts, tells memory and CPU when asked.
import { join } from 'node:path';
import { NativeConnection, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { fakeWorld } from '../countdown/fakes.ts';

const [address = '', namespace = ''] = process.argv.slice(2);
const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
Runtime.install({ logger: silent, telemetryOptions: { logging: { filter: 'ERROR' } } });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace,
  taskQueue: WORKFLOW_TASK_QUEUE,
  workflowBundle: await bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, 'workflows.ts'), logger: silent }),
  activities: fakeWorld().activities,
  maxCachedWorkflows: 2_000,
});
process.on('message', (what) => {
  if (what === 'memory') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
await worker.run();
