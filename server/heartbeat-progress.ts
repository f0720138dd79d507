import { z } from 'zod';
import type { ActivityProgress } from '../activities/kubernetes/contract.ts';

const activityProgress = z.object({
  text: z.string(),
  done: z.number(),
  total: z.number(),
  unit: z.string(),
}) satisfies z.ZodType<ActivityProgress>;

/** Heartbeat details are the activity's own: a cursor may stand beside the progress. The first that reads as progress is shown. */
export function progressIn(details: readonly unknown[]): ActivityProgress | null {
  for (const detail of details) {
    const candidates = [detail, typeof detail === 'object' && detail !== null && 'progress' in detail ? detail.progress : null];
    for (const candidate of candidates) {
      const parsed = activityProgress.safeParse(candidate);
      if (parsed.success) return parsed.data;
    }
  }
  return null;
}
