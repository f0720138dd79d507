// Pointer to the last release of a Deployment that passed its guard, and to the points of its load tests; the next release is compared with it.
// Stored beside the evidence.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LastGood } from '../bookkeeping-contract.ts';
import { replacePointer } from '../evidence/replace-pointer.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';

const fileOf = (evidenceFolder: string, { cluster, namespace, deployment }: DeploymentTarget): string =>
  join(evidenceFolder, 'last-good', `${[cluster, namespace, deployment].map(encodeURIComponent).join('.')}.json`);

/** Replaces the pointer; idempotent. Throws EvidenceNotKept. */
export const keepLastGood = (evidenceFolder: string, target: DeploymentTarget, lastGood: LastGood): Promise<void> =>
  replacePointer(evidenceFolder, fileOf(evidenceFolder, target), `${JSON.stringify(lastGood)}\n`);

/** Null before the first launch; the reason when the pointer cannot be read. */
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
    // Reported below, like an invalid document.
  }
  return `${path} is not a record of a release; the next launch replaces it`;
}
