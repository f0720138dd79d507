// What a start asked for, kept beside the countdown: a second start of the same name is the same wish, or it is refused.
import type { CountdownInput } from '../../workflows/messages.ts';

/** `startId` is new with every start: whoever finds their own has started it. The digests are those of the evidence that is needed to the end. */
export function memoOf({ release, releaseDigest, scripts, rehearsal }: CountdownInput, startId: string): Record<string, unknown> {
  const launchAt = askedLaunch(release);
  // Temporal keeps no memo that is null.
  return { releaseDigest, scripts: Object.values(scripts), rehearsal, ...(launchAt === null ? {} : { launchAt }), startId };
}

/** Digests of the release file and the scripts a countdown was started from, or null where its memo does not have them. */
export function startedFrom({ releaseDigest, scripts }: Record<string, unknown>): string[] | null {
  if (typeof releaseDigest !== 'string' || !Array.isArray(scripts)) return null;
  const digests: unknown[] = [releaseDigest, ...scripts];
  return digests.every((digest) => typeof digest === 'string') ? digests : null;
}

/**
 * Why the countdown that has the name is another one than was asked for, or null when it is the same. A rehearsal and the real thing must
 * never be taken for each other: whoever rehearses approves without looking.
 */
export function explainOther({ release, releaseDigest, rehearsal }: CountdownInput, memo: Record<string, unknown>): string | null {
  const { name } = release.metadata;
  if (memo['rehearsal'] !== rehearsal)
    return rehearsal
      ? `${name} is a real countdown that is under way; a rehearsal does not touch it`
      : `${name} is a rehearsal that is under way; the real countdown is not started beside it`;
  if (memo['releaseDigest'] !== releaseDigest) return `${name} is already counting down from another release file`;
  if ((memo['launchAt'] ?? null) !== askedLaunch(release))
    return `${name} is already counting down to another launch time: ${launchText(memo['launchAt'])}, and ${launchText(askedLaunch(release))} was asked for`;
  return null;
}

/** As it was asked for: resuming may move the launch, and the same start stays the same. Null where the length of the countdown decides. */
const askedLaunch = ({ spec }: CountdownInput['release']): string | null =>
  spec.launchAtMs === undefined ? null : new Date(spec.launchAtMs).toISOString();

const launchText = (launchAt: unknown): string => (typeof launchAt === 'string' ? launchAt : 'the countdown of the file');
