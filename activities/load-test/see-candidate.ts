// The images of the pods under load, from just before the load to just after it; stored in the run's record.
import { setTimeout as wait } from 'node:timers/promises';
import type { PodsSeen } from '../../analysis/load-test/run-record.ts';
import type { SampledPod } from './runtime-sampler.ts';

export interface CandidatePod extends SampledPod {
  image: string;
  /** Image in the template of the pod's ReplicaSet: identifies the version. */
  templateImage: string;
  /** Empty until the container runs. */
  imageId: string;
}

export interface SeenCandidate {
  before: PodsSeen;
  /** Lists the pods and records their images. */
  listPods(): Promise<readonly CandidatePod[]>;
  /** Samples once more. Returns all pods seen since `before`. */
  after(): Promise<PodsSeen>;
}

/** An API server that restarts is unavailable for some seconds, and a load test without this sample is worthless. */
const TRIES = 3;
const BETWEEN_TRIES_MS = 1_000;
/** A line of the record has at most 1 MB. */
const MAX_PODS = 1_000;

/** Takes the first sample. Never rejects: the reason why the pods cannot be listed is part of the record. */
export async function seeCandidate(
  list: () => Promise<readonly CandidatePod[]>,
  { betweenTriesMs = BETWEEN_TRIES_MS } = {},
): Promise<SeenCandidate> {
  let seen = new Map<string, PodsSeen['pods'][number]>();

  async function listPods(): Promise<readonly CandidatePod[]> {
    const pods = await list();
    for (const { name, image, templateImage, imageId } of pods)
      if (seen.size < MAX_PODS) seen.set(`${name} ${image} ${imageId}`, { name, image, templateImage, imageId });
    return pods;
  }

  async function sample(): Promise<PodsSeen> {
    let trouble: string | null = null;
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (tries > 0) await wait(betweenTriesMs);
      trouble = await listPods().then(
        () => null,
        (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
      );
      if (trouble === null) break;
    }
    return { pods: [...seen.values()], trouble };
  }

  const before = await sample();
  seen = new Map();
  return { before, listPods, after: sample };
}
