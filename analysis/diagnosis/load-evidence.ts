// The plan and the runtime samples of each load test, read once.
import { inconclusive, type EvidenceKind, type Finding } from '../../verdict/finding.ts';
import { UnreadableEvidence } from '../analysis.ts';
import type { LoadPlan } from '../load-test/run-record.ts';
import { readLoadPlan } from '../load-test/summary.ts';
import { readRuntimeSamples } from '../runtime/read-samples.ts';
import type { RuntimeSample } from '../runtime/sample.ts';
import type { DiagnosisRecord } from './record.ts';

/** Reads the stored bytes of a digest. */
export type ReadEvidence = (digest: string) => AsyncIterable<Uint8Array>;

export interface LoadEvidence {
  name: string;
  /** Digest of its points; null without a plan in them: such a record is judged by the load test alone. */
  points: string | null;
  plan: LoadPlan | null;
  samples: RuntimeSample[];
}

/** One per load test, in order; unreadable pieces become findings. */
export async function readLoadEvidence(
  { loadTests }: DiagnosisRecord,
  read: ReadEvidence,
): Promise<{ loads: LoadEvidence[]; unreadable: Finding[] }> {
  const unreadable: Finding[] = [];
  const loads: LoadEvidence[] = [];
  for (const { name, inputs } of loadTests) {
    const one = async <T>(kind: EvidenceKind, readOne: (bytes: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T | null> => {
      const input = inputs.find((each) => each.kind === kind);
      if (input === undefined) return null;
      try {
        return await readOne(read(input.digest));
      } catch (error) {
        unreadable.push(cannotRead(kind, input.source, input.digest, whyUnreadable(error)));
        return null;
      }
    };
    const plan = await one('k6-points', readLoadPlan);
    const samples = (await one('runtime-samples', readRuntimeSamples)) ?? [];
    const points = plan === null ? null : (inputs.find(({ kind }) => kind === 'k6-points')?.digest ?? null);
    loads.push({ name, points, plan, samples });
  }
  return { loads, unreadable };
}

/** The reason as a clause; rethrows other errors. zlib reports a damaged gzip stream with its own code. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof UnreadableEvidence) return error.message;
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code === 'string' && code.startsWith('Z_')) return `its compression is damaged (${message ?? code})`;
  throw error;
}

export function cannotRead(kind: EvidenceKind, source: string, digest: string, reason: string): Finding {
  const message = `the ${kind.replaceAll('-', ' ')} of ${source} cannot be read: ${reason}`;
  return inconclusive('EvidenceUnreadable', `${kind} of ${source}`, message, { evidence: [digest] });
}
