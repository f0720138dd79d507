// Which release of a Deployment was launched last and passed its guard, and where the points of its load tests lie: what the next one is
// compared with. A pointer, kept beside the evidence it points to.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LastGood } from '../bookkeeping-contract.ts';
import { replaceFile } from '../evidence/replace-file.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';

const fileOf = (evidenceFolder: string, { cluster, namespace, deployment }: DeploymentTarget): string =>
  join(evidenceFolder, 'last-good', `${[cluster, namespace, deployment].map(encodeURIComponent).join('.')}.json`);

/** Replaces the pointer whole; the same call twice leaves the same file. Throws EvidenceNotKept. */
export const keepLastGood = (evidenceFolder: string, target: DeploymentTarget, lastGood: LastGood): Promise<void> =>
  replaceFile(evidenceFolder, fileOf(evidenceFolder, target), `${JSON.stringify(lastGood)}\n`);

/** Null when nothing was launched yet; a sentence when there is a pointer and it cannot be read. */
export async function readLastGood(evidenceFolder: string, target: DeploymentTarget): Promise<LastGood | string | null> {
  const path = fileOf(evidenceFolder, target);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : (error as Error).message;
  }
  try {
    const value = JSON.parse(text) as Partial<LastGood> | null;
    if (typeof value?.release === 'string' && Array.isArray(value.loadTests)) return value as LastGood;
  } catch {
    // Told below, like a document of another shape.
  }
  return `${path} is no record of a release; the next launch writes it again`;
}
