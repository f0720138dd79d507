// Whether the pods under load ran the candidate before, during and after the load. Preflight checked it earlier; staging may have been
// deployed to in between.
import { inconclusive, pass, type Finding } from '../../verdict/finding.ts';
import { imageDigest, imageDigests } from '../rollout/image-digest.ts';
import type { PodsSeen, RunEnd, RunStart } from './run-record.ts';

/** One finding: all pods ran the requested image, in one build, or why this is unknown. None for records of versions without this data. */
export function judgeCandidate(start: RunStart | null, end: RunEnd | null): Finding[] {
  const asked = start?.candidate;
  if (asked === undefined) return [];
  const pods = [...asked.pods, ...(end?.candidate?.pods ?? [])];
  const ids = imageDigests(pods.map(({ imageId }) => imageId).filter((id) => id !== ''));
  const reason = whyUnknown(asked, end?.candidate) ?? whyAnother(asked.image, pods, ids);
  if (reason !== null) {
    const message = `the load test did not measure ${asked.image}: ${reason}; deploy it to staging, then retry the step`;
    return [inconclusive('CandidateNotUnderLoad', 'candidate', message, { unit: 'pods' })];
  }
  const count = new Set(pods.map(({ name }) => name)).size;
  const which = count === 1 ? 'the 1 pod under load' : `all ${count} pods under load`;
  const message = `${which} ran ${asked.image} (image id ${ids[0]})`;
  return [pass('CandidateUnderLoad', 'candidate', message, { measured: count, limit: count, unit: 'pods' })];
}

/** Image digests of the candidate's pods under load, sorted and unique, to compare with the launched image. Empty when unknown. */
export function candidateDigests(start: RunStart | null, end: RunEnd | null): string[] {
  const asked = start?.candidate;
  if (asked === undefined) return [];
  const pods = [...asked.pods, ...(end?.candidate?.pods ?? [])].filter((pod) => imageOf(pod) === asked.image);
  return imageDigests(pods.map(({ imageId }) => imageId).filter((id) => id !== ''));
}

function whyUnknown(before: PodsSeen, after: PodsSeen | undefined): string | null {
  if (before.trouble !== null) return `the images of its pods at the start of the load are unknown: ${before.trouble}`;
  if (after === undefined) return 'the record does not contain the images of its pods at the end of the load';
  if (after.trouble !== null) return `the images of its pods at the end of the load are unknown: ${after.trouble}`;
  if (before.pods.length === 0) return 'staging had no pods at the start of the load';
  // A pod that starts during the load gets its id later, but serves nobody before.
  const unknown = before.pods.find(({ imageId }) => imageDigest(imageId) === '');
  return unknown ? `the image id of pod ${unknown.name} was not reported` : null;
}

function whyAnother(image: string, pods: PodsSeen['pods'], ids: readonly string[]): string | null {
  const other = pods.find((pod) => imageOf(pod) !== image);
  if (other) return `pod ${other.name} ran ${imageOf(other)}`;
  return ids.length > 1 ? `the pods ran different images of this name: ${ids.join(', ')}` : null;
}

const imageOf = ({ image, templateImage }: PodsSeen['pods'][number]): string => templateImage ?? image;
