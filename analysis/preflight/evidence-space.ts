// Whether there is space for the evidence of a whole countdown: a full disk during a launch leaves a verdict without evidence.
import type { EvidenceRoom } from './answers.ts';
import { besideLimit, count, size } from '../../verdict/wording/index.ts';
import { fail, pass, unknown, type Judgement } from './judgement.ts';

const GIB = 1024 ** 3;
/**
 * Ten load tests of a million requests, 0.1 GB each as stored (gzip). A usual countdown has one to three, and a few MB of other evidence.
 */
const MIN_FREE_BYTES = GIB;
/** One file per piece, and under 200 pieces per countdown (50 profiles of a load test, samples, snapshots): five countdowns. */
const MIN_FREE_FILES = 1_000;
const HINT = 'make room with `tminus prune --older-than 90d`, or choose a larger disk for spec.evidence.folder';

/** Passes with 1 GiB and 1,000 inodes free. Invalid numbers are inconclusive. */
export function judgeEvidenceSpace(answer: EvidenceRoom): Judgement {
  if (answer.refusal !== null) return fail(answer.refusal, HINT);
  const { freeBytes, totalBytes, freeFiles, totalFiles } = answer;
  const numbers = { measured: freeBytes, limit: MIN_FREE_BYTES, unit: 'bytes' };
  if (!isCount(freeBytes) || !isCount(totalBytes) || !(freeFiles === null || isCount(freeFiles)))
    return unknown('the free space of the evidence store is not a number', 'retry the step', { ...numbers, measured: null });
  const [room, limit] = besideLimit(freeBytes, MIN_FREE_BYTES, 'bytes');
  const free = `${room} of ${size(totalBytes)} are free for evidence`;
  if (freeBytes < MIN_FREE_BYTES) return fail(`${free}, limit ${limit}`, HINT, numbers);
  if (freeFiles !== null && freeFiles < MIN_FREE_FILES)
    return fail(
      `${count(freeFiles)} of ${totalFiles === null ? 'unknown' : count(totalFiles)} inodes are free for evidence, limit ${count(MIN_FREE_FILES)}`,
      HINT,
      {
        measured: freeFiles,
        limit: MIN_FREE_FILES,
        unit: 'inodes',
      },
    );
  return pass(free, numbers);
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
