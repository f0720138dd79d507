// Compares images of running pods with their templates. A webhook may change the registry of a pod: the name differs and the image does
// not, so versions are compared by template and images by digest.
import { imageDigest } from '../rollout/image-digest.ts';
import type { PodImages, StagingPods } from './answers.ts';
import { fail, pass, unknown, type Judgement } from './judgement.ts';

/** Reports images that a webhook rewrites. It passes: launch and rollback compare digests. */
export function judgePodImages({ pods }: PodImages): Judgement {
  const rewritten = pods.filter(({ image, templateImage }) => image !== templateImage);
  const numbers = { measured: pods.length - rewritten.length, limit: pods.length, unit: 'pods' };
  if (pods.length === 0) return unknown('the Deployment has no pods to compare with its template', 'retry the step when it has', numbers);
  const [first] = rewritten;
  if (first === undefined) return pass(`all ${pods.length} pods have the image of their template`, numbers);
  return pass(
    `a webhook rewrites ${first.templateImage} to ${first.image} in ${rewritten.length} of ${pods.length} pods; images are compared by digest`,
    numbers,
  );
}

/** Passes when every staging pod is ready, has the candidate's template, and is of one build. */
export function judgeStaging({ image, wanted, pods }: StagingPods): Judgement {
  const imageOf = (pod: StagingPods['pods'][number]) => pod.templateImage ?? pod.image;
  const numbers = { measured: pods.filter((pod) => pod.ready && imageOf(pod) === image).length, limit: wanted, unit: 'pods' };
  const wrong = pods.find((pod) => imageOf(pod) !== image);
  if (wrong)
    return fail(
      `staging pod ${wrong.name} has a template with ${imageOf(wrong)}, not ${image}, so the load test would measure another version`,
      'deploy the candidate to staging',
      numbers,
    );
  if (wanted === 0 || pods.length === 0)
    return fail('staging has no pods, so there is nothing to load-test', 'deploy the candidate to staging', numbers);
  if (numbers.measured < wanted || pods.length > numbers.measured)
    return fail(
      `${numbers.measured} of ${Math.max(wanted, pods.length)} staging pods are ready`,
      'wait for the staging rollout, then retry the step',
      numbers,
    );
  const digests = new Set(pods.map(({ ids }) => imageDigest(ids)).filter((digest) => digest !== ''));
  if (digests.size > 1)
    return fail(
      `staging pods run different images named ${image}: ${[...digests].sort().join(', ')}`,
      'give each build its own tag',
      numbers,
    );
  return pass(`all ${wanted} staging pods run ${image}`, numbers);
}
