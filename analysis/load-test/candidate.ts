// Whether the load met the candidate: what the pods of staging ran before, during and after it. Preflight asks the same days before; a
// staging that was deployed to in between would answer for another version.
import { inconclusive, pass, type Finding } from '../../verdict/finding.ts';
import { imageDigest, imageDigests } from '../rollout/image-digest.ts';
import type { PodsSeen, RunEnd, RunStart } from './run-record.ts';

/** One finding: the pods all ran the image asked for, and one build of it, or why that is not known. None for a run recorded before runs said so. */
export function judgeCandidate(start: RunStart | null, end: RunEnd | null): Finding[] {
  const asked = start?.candidate;
  if (asked === undefined) return [];
  const pods = [...asked.pods, ...(end?.candidate?.pods ?? [])];
  const ids = imageDigests(pods.map(({ imageId }) => imageId).filter((id) => id !== ''));
  const why = whyUnknown(asked, end?.candidate) ?? whyAnother(asked.image, pods, ids);
  if (why !== null) {
    const message = `the load test did not measure ${asked.image}: ${why}; deploy it to staging, then retry the step`;
    return [inconclusive('CandidateNotUnderLoad', 'candidate', message, { unit: 'pods' })];
  }
  const count = new Set(pods.map(({ name }) => name)).size;
  const which = count === 1 ? 'the 1 pod under load' : `all ${count} pods under load`;
  const message = `${which} ran ${asked.image} (image id ${ids[0]})`;
  return [pass('CandidateUnderLoad', 'candidate', message, { measured: count, limit: count, unit: 'pods' })];
}

/** Digests of the candidate's pods that were under load, sorted and unique; what the launched bytes are compared with. Empty when not known. */
export function candidateDigests(start: RunStart | null, end: RunEnd | null): string[] {
  const asked = start?.candidate;
  if (asked === undefined) return [];
  const pods = [...asked.pods, ...(end?.candidate?.pods ?? [])].filter((pod) => imageOf(pod) === asked.image);
  return imageDigests(pods.map(({ imageId }) => imageId).filter((id) => id !== ''));
}

function whyUnknown(before: PodsSeen, after: PodsSeen | undefined): string | null {
  if (before.trouble !== null) return `what the pods ran when the load began is not known: ${before.trouble}`;
  if (after === undefined) return 'the record ends before what the pods ran when the load ended';
  if (after.trouble !== null) return `what the pods ran when the load ended is not known: ${after.trouble}`;
  if (before.pods.length === 0) return 'staging had no pods when the load began';
  // A pod that only starts while the load runs may have its id later; it serves nobody before.
  const unknown = before.pods.find(({ imageId }) => imageDigest(imageId) === '');
  return unknown ? `the image id of pod ${unknown.name} was not reported` : null;
}

function whyAnother(image: string, pods: PodsSeen['pods'], ids: readonly string[]): string | null {
  const other = pods.find((pod) => imageOf(pod) !== image);
  if (other) return `pod ${other.name} ran ${imageOf(other)}`;
  return ids.length > 1 ? `under this name the pods ran different bytes: ${ids.join(', ')}` : null;
}

const imageOf = ({ image, templateImage }: PodsSeen['pods'][number]): string => templateImage ?? image;
