import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import { EXAMPLE_NOW, EXAMPLE_POINTS_DIGEST } from '../../workflows/testing/example-status.ts';
import { examplePoints } from '../../workflows/testing/example-points.ts';
import { exampleBytes } from './example-evidence.ts';

export interface ExampleEvidence {
  folder: string;
  evidence: EvidenceStore;
}

/** An evidence folder of its own, with the k6 points and all other pieces of the example countdown. */
export function exampleEvidenceFolder(): ExampleEvidence {
  const folder = emptyEvidenceFolder();
  // Not by the store: its fsyncs would make every test wait for the disk.
  for (const [digest, bytes] of [[EXAMPLE_POINTS_DIGEST, Buffer.from(examplePoints())] as const, ...exampleBytes]) {
    const hex = digest.replace('sha256:', '');
    const shard = path.join(folder, 'sha256', hex.slice(0, 2));
    mkdirSync(shard, { recursive: true });
    writeFileSync(path.join(shard, `${hex}.${bytes.length}`), bytes);
  }
  return { folder, evidence: createFolderEvidenceStore(folder, { now: () => new Date(EXAMPLE_NOW) }) };
}

export const emptyEvidenceFolder = (): string => mkdtempSync(path.join(tmpdir(), 'tminus-evidence-'));
