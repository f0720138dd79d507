import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import { EvidenceMissing } from '../../activities/evidence/errors.ts';
import { exampleBytes } from './example-evidence.ts';
import { examplePoints } from './example-points.ts';
import { EXAMPLE_NOW, EXAMPLE_POINTS_DIGEST } from '../../workflows/testing/example-status.ts';

/** Evidence in memory, with the k6 points of the example countdown. */
export function memoryEvidence(): EvidenceStore {
  const kept = new Map<string, Uint8Array>([[EXAMPLE_POINTS_DIGEST, examplePoints()], ...exampleBytes]);
  return {
    async put({ kind, mediaType, source }, bytes) {
      const all = bytes instanceof Uint8Array ? bytes : Buffer.concat(await Array.fromAsync(bytes));
      const digest = `sha256:${Buffer.from(await crypto.subtle.digest('SHA-256', all as Uint8Array<ArrayBuffer>)).toString('hex')}`;
      kept.set(digest, all);
      return { digest, sizeBytes: all.length, mediaType, kind, capturedAt: EXAMPLE_NOW, source };
    },
    async *get(digest) {
      const bytes = kept.get(digest);
      if (!bytes) throw new EvidenceMissing(`There is no evidence ${digest} in memory.`);
      yield bytes;
    },
    has: async (digest) => kept.has(digest),
    space: async () => ({ freeBytes: 1024 ** 4, totalBytes: 1024 ** 4, freeFiles: null, totalFiles: null }),
  };
}
