// The workflow code as workers run it: one bundle, with the converter that reads what it is sent.
import { randomUUID } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, type Logger, type WorkflowBundle, type WorkflowBundlePath } from '@temporalio/worker';

/** Bundles the checkout below `root`; takes seconds. @param failureConverterPath where failures are encoded; null for the SDK's own */
export function bundleWorkflows(root: string, logger: Logger, failureConverterPath: string | null = null): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: `${root}/workflows/index.ts`,
    payloadConverterPath: `${root}/workflows/payload-converter.ts`,
    ...(failureConverterPath === null ? {} : { failureConverterPath }),
    logger,
  });
}

/**
 * The bundle of this build, made once per checkout: a worker that is started again after it died takes up a live version seconds sooner. The
 * build id is a hash of all that goes into it. Where the checkout cannot be written the bundle is made for this process alone.
 */
export async function keptBundle(
  root: string,
  buildId: string,
  logger: Logger,
  failureConverterPath: string | null = null,
): Promise<WorkflowBundle | WorkflowBundlePath> {
  const folder = join(root, '.tminus', 'bundles');
  const codePath = join(folder, `${buildId}${failureConverterPath === null ? '' : '-encoded'}.js`);
  if (await isFile(codePath)) return { codePath };
  const bundle = await bundleWorkflows(root, logger, failureConverterPath);
  try {
    await mkdir(folder, { recursive: true });
    // Whole or not at all: two workers may start at once, and either may be killed here.
    const part = `${codePath}.${randomUUID()}.part`;
    await writeFile(part, bundle.code);
    await rename(part, codePath);
  } catch (error) {
    logger.warn(`the workflow bundle is not kept in ${folder}: ${(error as Error).message}`);
  }
  return bundle;
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
