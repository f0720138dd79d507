// The request of a start, stored in the memo of the countdown: a second start with the same name must match it or is refused.
import type { CountdownInput } from '../../release/countdown-input.ts';

/** `startId` is unique per start request. The digests are those of evidence that is needed until the end. */
export function memoOf({ release, releaseDigest, scripts, rehearsal }: CountdownInput, startId: string): Record<string, unknown> {
  const launchAt = askedLaunch(release);
  // Temporal drops null memo fields.
  return { releaseDigest, scripts: Object.values(scripts), rehearsal, ...(launchAt === null ? {} : { launchAt }), startId };
}

/** Digests of the release file and scripts of a countdown; null if its memo does not have them. */
export function startedFrom({ releaseDigest, scripts }: Record<string, unknown>): string[] | null {
  if (typeof releaseDigest !== 'string' || !Array.isArray(scripts)) return null;
  const digests: unknown[] = [releaseDigest, ...scripts];
  return digests.every((digest) => typeof digest === 'string') ? digests : null;
}

/**
 * Reason why the countdown with this name differs from the request; null if it is the same. A rehearsal never matches a real countdown, because
 * approvals of a rehearsal are given without care.
 */
export function explainOther({ release, releaseDigest, rehearsal }: CountdownInput, memo: Record<string, unknown>): string | null {
  const { name } = release.metadata;
  if (memo['rehearsal'] !== rehearsal)
    return rehearsal
      ? `${name} is a running real countdown; a rehearsal with the same name is refused`
      : `${name} is a running rehearsal; the real countdown with the same name is refused`;
  if (memo['releaseDigest'] !== releaseDigest) return `${name} already runs with another release file`;
  if ((memo['launchAt'] ?? null) !== askedLaunch(release))
    return `${name} already runs with another launch time: ${launchText(memo['launchAt'])}; requested: ${launchText(askedLaunch(release))}`;
  return null;
}

/** As requested, because resume may move the launch. null if the file has a duration instead of a launch time. */
const askedLaunch = ({ spec }: CountdownInput['release']): string | null =>
  spec.launchAtMs === undefined ? null : new Date(spec.launchAtMs).toISOString();

const launchText = (launchAt: unknown): string => (typeof launchAt === 'string' ? launchAt : 'set by spec.countdown of the file');
