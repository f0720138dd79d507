// Images of running pods against the templates they were created from. A webhook on pods may swap the registry: then the text differs and the
// bytes do not, so versions are compared by template, and bytes by digest.
import { imageDigest } from '../rollout/image-digest.ts';
import type { PodImages, StagingPods } from './answers.ts';
import { fail, pass, unknown, type Judgement } from './judgement.ts';

/** Names what a webhook makes of the image. It passes: launch and rollback compare bytes by digest. */
export function judgePodImages({ pods }: PodImages): Judgement {
  const rewritten = pods.filter(({ image, templateImage }) => image !== templateImage);
  const numbers = { measured: pods.length - rewritten.length, limit: pods.length, unit: 'pods' };
  if (pods.length === 0) return unknown('the Deployment has no pods to compare with its template', 'retry the step when it has', numbers);
  const [first] = rewritten;
  if (first === undefined) return pass(`all ${pods.length} pods have the image of their template`, numbers);
  return pass(
    `a webhook rewrites ${first.templateImage} to ${first.image} in ${rewritten.length} of ${pods.length} pods; bytes are compared by digest`,
    numbers,
  );
}

/** Passes when every pod of staging is ready, of the candidate's template, and of one build. */
export function judgeStaging({ image, wanted, pods }: StagingPods): Judgement {
  const imageOf = (pod: StagingPods['pods'][number]) => pod.templateImage ?? pod.image;
  const numbers = { measured: pods.filter((pod) => pod.ready && imageOf(pod) === image).length, limit: wanted, unit: 'pods' };
  const wrong = pods.find((pod) => imageOf(pod) !== image);
  if (wrong)
    return fail(
      `staging pod ${wrong.name} is of a template with ${imageOf(wrong)}, not ${image}, so the load test would measure another version`,
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
      `staging pods run different bytes under the name ${image}: ${[...digests].sort().join(', ')}`,
      'give each build a tag of its own',
      numbers,
    );
  return pass(`all ${wanted} staging pods run ${image}`, numbers);
}
