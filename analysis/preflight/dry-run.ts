// Whether the cluster accepts what Tminus writes, and stores it unchanged.
import type { PreflightFacts } from './answers.ts';
import { changedFields } from './changed-fields.ts';
import { fail, pass, unknown, type Judgement } from './judgement.ts';

/** More do not fit a line; all are in the evidence. */
const MAX_FIELDS_SHOWN = 3;

/**
 * Launch and rollback recognize their own write by the whole pod template. If a webhook rewrites it, the launch counts as overwritten and
 * the rollback is refused.
 */
export function judgeDryRun({ writes }: PreflightFacts['dry run']): Judgement {
  const tried = writes.map((write) => ({ ...write, changes: changesOf(write) }));
  const kept = tried.filter(({ refusal, changes }) => refusal === null && changes.length === 0);
  const numbers = { measured: kept.length, limit: writes.length, unit: 'writes' };
  if (writes.length === 0) return unknown('no write was tried', 'retry the step', numbers);
  if (kept.length === writes.length)
    return pass(
      `the cluster accepts the writes of ${writes.map(({ effect }) => effect).join(' and ')}, and stores them unchanged`,
      numbers,
    );

  const refused = tried.find(({ refusal }) => refusal !== null);
  if (refused)
    return fail(
      `the cluster would refuse the write of the ${refused.effect}: ${refused.refusal}`,
      'correct it as described, or exempt the Deployment from that policy',
      numbers,
    );
  const changes = tried.flatMap(({ effect, changes }) => changes.map((change) => ({ ...change, effect })));
  const shown = changes
    .slice(0, MAX_FIELDS_SHOWN)
    .map(({ field, effect, asked, got }) => `${field} of the ${effect}${isImage(field) ? ` from ${show(asked)} to ${show(got)}` : ''}`);
  const more = changes.length > MAX_FIELDS_SHOWN ? ` and ${changes.length - MAX_FIELDS_SHOWN} more` : '';
  return fail(
    `the cluster changes what Tminus writes, so a launch could not be rolled back: ${shown.join(', ')}${more}`,
    changes.every(({ field }) => isImage(field))
      ? 'name the images by their digest, or exempt the Deployment from the webhook that changes them'
      : 'set the same value in the manifest of the Deployment, or exempt the Deployment from the webhook that changes it',
    numbers,
  );
}

function changesOf({ asked, got }: PreflightFacts['dry run']['writes'][number]) {
  return got === null ? [] : changedFields(asked, got);
}

const isImage = (field: string): boolean => field.endsWith('.image');
/** Only images are shown: another field may contain a secret. */
const show = (image: unknown): string => (typeof image === 'string' ? image : 'none');
