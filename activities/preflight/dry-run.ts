// What the cluster would make of the launch's write, and of a rollback's. Tried, never written.
import { setTimeout as pause } from 'node:timers/promises';
import type { DryWrite, PreflightFacts } from '../../analysis/preflight/answers.ts';
import { ApiFailure, isDenial } from '../kubernetes/api-failure.ts';
import { imagePatch } from '../kubernetes/apply-image.ts';
import { deployments, readDeployment } from '../kubernetes/client.ts';
import { notesOf } from '../kubernetes/converge-write.ts';
import { fencingGenerationOf, imageOf, withImage, type Deployment, type PodTemplate } from '../kubernetes/objects.ts';
import { createRedactor } from '../kubernetes/redact-template.ts';
import type { PreflightWorld } from './world.ts';

/** The status of a Deployment that is not rolling out changes seldom: five tries meet a quiet moment. */
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 200;

/**
 * Tries the launch's own patch, with the candidate and with the image that runs now, as a rollback would leave it. It goes through every
 * admission of the cluster.
 */
export async function dryRun(world: PreflightWorld): Promise<PreflightFacts['dry run']> {
  const { production, image } = world.input;
  const { spec } = await read(world);
  const running = imageOf(spec.template, production.container);
  if (running === null) throw new Error(`the pod template has no container ${production.container}`);
  // Every reader may download the answers. Equal values stay equal, so a field that the cluster changes is still found.
  const redactor = createRedactor();
  const shown = ({ effect, asked, got, refusal }: DryWrite): DryWrite => ({
    effect,
    asked: redactor.value(asked),
    got: redactor.value(got),
    refusal: refusal === null ? null : redactor.message(refusal),
  });
  return { writes: [shown(await tryWrite(world, 'launch', image)), shown(await tryWrite(world, 'rollback', running))] };
}

async function tryWrite(world: PreflightWorld, effect: DryWrite['effect'], image: string): Promise<DryWrite> {
  const { cluster, namespace, deployment, container } = world.input.production;
  for (let attempt = 1; ; attempt += 1) {
    const current = await read(world);
    const notes = notesOf({ id: `preflight/${effect}`, countdown: 'preflight', generation: fencingGenerationOf(current) + 1 }, new Date());
    const { body, type } = imagePatch(current, container, image, notes);
    const asked = written(withImage(current.spec.template, container, image), current.spec.paused, body.metadata.annotations);
    try {
      const after = await world.client(cluster).dryRunPatch<Deployment>(deployments(namespace, deployment), body, type);
      const noted = Object.keys(asked.metadata.annotations).flatMap((key) => {
        const value = after.metadata.annotations?.[key];
        return value === undefined ? [] : [[key, value] as const];
      });
      return { effect, asked, got: written(after.spec.template, after.spec.paused, Object.fromEntries(noted)), refusal: null };
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (isDenial(error.message) || error.status === 422) return { effect, asked, got: null, refusal: error.message };
      if (!error.conflict || attempt === ATTEMPTS) throw error;
      await pause(BETWEEN_ATTEMPTS_MS, undefined, { signal: world.signal });
    }
  }
}

const read = ({ client, input: { production } }: PreflightWorld) =>
  readDeployment(client(production.cluster), production.namespace, production.deployment);

const written = (template: PodTemplate, paused = false, annotations: Record<string, string>) => ({
  metadata: { annotations },
  spec: { paused, template },
});
