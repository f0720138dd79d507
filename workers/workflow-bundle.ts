// The workflow code as workers run it: one bundle, with the converter that reads what it is sent.
import { bundleWorkflowCode, type Logger, type WorkflowBundle } from '@temporalio/worker';

/** Bundles the checkout below `root`; takes seconds. */
export function bundleWorkflows(root: string, logger: Logger): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: `${root}/workflows/index.ts`,
    payloadConverterPath: `${root}/workflows/payload-converter.ts`,
    logger,
  });
}
