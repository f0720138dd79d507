// Facts of the check `image on nodes`: which schedulable nodes have the candidate image.
import type { NodeImage, PreflightFacts } from '../../analysis/preflight/answers.ts';
import { listNodes } from '../kubernetes/client.ts';
import type { Node, PodTemplate } from '../kubernetes/objects.ts';
import type { CheckDependencies } from './dependencies.ts';

/** A node reports an imported image up to a minute late, so a pod that runs the image there also counts. */
export async function nodeImages({ input, client, production, staging }: CheckDependencies): Promise<PreflightFacts['image on nodes']> {
  const { image, production: target } = input;
  const { deployment, pods } = await production();
  const staged = input.staging?.cluster === target.cluster ? (await staging()).pods : [];
  const runs = new Set(
    [...pods, ...staged].filter((pod) => pod.image === image && pod.imageId !== '' && !pod.terminating).map(({ node }) => node),
  );
  const eligible = (await listNodes(client(target.cluster))).filter((node) => mayTake(node, deployment.spec.template));
  const container = deployment.spec.template.spec.containers.find(({ name }) => name === target.container) as
    | { imagePullPolicy?: string }
    | undefined;
  return {
    image,
    pullPolicy: container?.imagePullPolicy ?? '',
    nodes: eligible.map(({ metadata, status }): NodeImage => {
      const listed = status?.images ?? [];
      // An image whose tag has moved to a newer one has `names: null`.
      const known = listed.some(({ names }) => (names ?? []).some((name) => sameImage(name, image)));
      return {
        node: metadata.name,
        seen: known ? 'in node status' : runs.has(metadata.name) ? 'running pod' : 'not seen',
        listed: listed.length,
      };
    }),
  };
}

/** Ready, schedulable, untainted, and selected by the template's nodeSelector. Ignores tolerations and affinity. */
function mayTake({ metadata, spec, status }: Node, template: PodTemplate): boolean {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  const tainted = spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule') ?? false;
  const chosen = Object.entries(template.spec.nodeSelector ?? {}).every(([key, value]) => metadata.labels?.[key] === value);
  return ready && spec?.unschedulable !== true && !tainted && chosen;
}

/** Container runtimes expand Docker Hub names: `nginx:1` is `docker.io/library/nginx:1`. */
function sameImage(name: string, image: string): boolean {
  return name === image || name === `docker.io/${image}` || name === `docker.io/library/${image}`;
}
