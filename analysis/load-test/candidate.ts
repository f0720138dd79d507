// Whether the load met the candidate: what the pods of staging ran before, during and after it. Preflight asks the same days before; a
// staging that was deployed to in between would answer for another version.
import type { Finding } from '../../verdict/finding.ts';
import type { PodsSeen, RunEnd, RunStart } from './run-record.ts';

/** One finding: the pods all ran the image asked for, and one build of it, or why that is not known. None for a run recorded before runs said so. */
export function judgeCandidate(start: RunStart | null, end: RunEnd | null): Finding[] {
  const asked = start?.candidate;
  if (asked === undefined) return [];
  const pods = [...asked.pods, ...(end?.candidate?.pods ?? [])];
  const ids = [...new Set(pods.map(({ imageId }) => imageId).filter((id) => id !== ''))].sort();
  const why = whyUnknown(asked, end?.candidate) ?? whyAnother(asked.image, pods, ids);
  const common = { subject: 'candidate', unit: 'pods', evidence: [] };
  if (why !== null)
    return [
      {
        ...common,
        code: 'CandidateNotUnderLoad',
        outcome: 'inconclusive',
        measured: null,
        limit: null,
        message: `the load test says nothing of ${asked.image}: ${why}`,
      },
    ];
  const count = new Set(pods.map(({ name }) => name)).size;
  const which = count === 1 ? 'the 1 pod under load' : `all ${count} pods under load`;
  return [
    {
      ...common,
      code: 'CandidateUnderLoad',
      outcome: 'pass',
      measured: count,
      limit: count,
      message: `${which} ran ${asked.image} (image id ${ids[0]})`,
    },
  ];
}

function whyUnknown(before: PodsSeen, after: PodsSeen | undefined): string | null {
  if (before.trouble !== null) return `what the pods ran when the load began is not known: ${before.trouble}`;
  if (after === undefined) return 'its record does not say what the pods ran when the load ended';
  if (after.trouble !== null) return `what the pods ran when the load ended is not known: ${after.trouble}`;
  if (before.pods.length === 0) return 'staging had no pods when the load began';
  // A pod that only starts while the load runs may tell its id later; it serves nobody before.
  const silent = before.pods.find(({ imageId }) => imageId === '');
  return silent ? `pod ${silent.name} did not tell its image id` : null;
}

function whyAnother(image: string, pods: PodsSeen['pods'], ids: readonly string[]): string | null {
  const other = pods.find((pod) => pod.image !== image);
  if (other) return `pod ${other.name} ran ${other.image}`;
  return ids.length > 1 ? `under this name the pods ran different bytes: ${ids.join(', ')}` : null;
}
