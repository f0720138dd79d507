// Whether the nodes that may take a new pod have the candidate image.
import type { NodeImage, PreflightFacts } from '../../analysis/preflight/answers.ts';
import { listNodes } from '../kubernetes/client.ts';
import type { Node, PodTemplate } from '../kubernetes/objects.ts';
import type { PreflightWorld } from './world.ts';

/** A node tells of an imported image only after up to a minute, so a pod that runs the image there counts as well. */
export async function nodeImages({ input, client, production, staging }: PreflightWorld): Promise<PreflightFacts['image on nodes']> {
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
      // An image whose tag went to a newer one is listed with `names: null`.
      const known = listed.some(({ names }) => (names ?? []).some((name) => sameImage(name, image)));
      return {
        node: metadata.name,
        seen: known ? 'in node status' : runs.has(metadata.name) ? 'running pod' : 'not seen',
        listed: listed.length,
      };
    }),
  };
}

/** Ready, open, untainted, and chosen by the template's nodeSelector. Tolerations and affinity are left to the scheduler. */
function mayTake({ metadata, spec, status }: Node, template: PodTemplate): boolean {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  const tainted = spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule') ?? false;
  const chosen = Object.entries(template.spec.nodeSelector ?? {}).every(([key, value]) => metadata.labels?.[key] === value);
  return ready && spec?.unschedulable !== true && !tainted && chosen;
}

/** Container runtimes spell Docker Hub's names out: `nginx:1` is `docker.io/library/nginx:1`. */
function sameImage(name: string, image: string): boolean {
  return name === image || name === `docker.io/${image}` || name === `docker.io/library/${image}`;
}
