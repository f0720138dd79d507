// Dry run of the launch's write and of a rollback's: nothing is written.
import { setTimeout as pause } from 'node:timers/promises';
import type { DryWrite, PreflightFacts } from '../../analysis/preflight/answers.ts';
import { ApiFailure, isDenial } from '../kubernetes/api-failure.ts';
import { imagePatch } from '../kubernetes/apply-image.ts';
import { deployments, readDeployment } from '../kubernetes/client.ts';
import { notesOf } from '../kubernetes/converge-write.ts';
import { fencingGenerationOf, imageOf, withImage, type Deployment, type PodTemplate } from '../kubernetes/objects.ts';
import { createRedactor } from '../kubernetes/redact-template.ts';
import type { CheckDependencies } from './dependencies.ts';

/** The status of a Deployment without a rollout changes rarely: five tries outlast conflicts. */
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 200;

/**
 * Sends the launch's patch as a dry run, with the candidate and with the current image, which a rollback restores. It passes every admission
 * webhook and policy of the cluster.
 */
export async function dryRun(dependencies: CheckDependencies): Promise<PreflightFacts['dry run']> {
  const { production, image } = dependencies.input;
  const { spec } = await read(dependencies);
  const running = imageOf(spec.template, production.container);
  if (running === null) throw new Error(`the pod template has no container ${production.container}`);
  // Every reader can download the evidence. Equal values stay equal, so a field that the cluster changes is still detected.
  const redactor = createRedactor();
  const shown = ({ effect, asked, got, refusal }: DryWrite): DryWrite => ({
    effect,
    asked: redactor.value(asked),
    got: redactor.value(got),
    refusal: refusal === null ? null : redactor.message(refusal),
  });
  return { writes: [shown(await tryWrite(dependencies, 'launch', image)), shown(await tryWrite(dependencies, 'rollback', running))] };
}

async function tryWrite(dependencies: CheckDependencies, effect: DryWrite['effect'], image: string): Promise<DryWrite> {
  const { cluster, namespace, deployment, container } = dependencies.input.production;
  for (let attempt = 1; ; attempt += 1) {
    const current = await read(dependencies);
    const notes = notesOf({ id: `preflight/${effect}`, countdown: 'preflight', generation: fencingGenerationOf(current) + 1 }, new Date());
    const { body, type } = imagePatch(current, container, image, notes);
    const asked = written(withImage(current.spec.template, container, image), current.spec.paused, body.metadata.annotations);
    try {
      const after = await dependencies.client(cluster).dryRunPatch<Deployment>(deployments(namespace, deployment), body, type);
      const noted = Object.keys(asked.metadata.annotations).flatMap((key) => {
        const value = after.metadata.annotations?.[key];
        return value === undefined ? [] : [[key, value] as const];
      });
      return { effect, asked, got: written(after.spec.template, after.spec.paused, Object.fromEntries(noted)), refusal: null };
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (isDenial(error.message) || error.status === 422) return { effect, asked, got: null, refusal: error.message };
      if (!error.conflict || attempt === ATTEMPTS) throw error;
      await pause(BETWEEN_ATTEMPTS_MS, undefined, { signal: dependencies.signal });
    }
  }
}

const read = ({ client, input: { production } }: CheckDependencies) =>
  readDeployment(client(production.cluster), production.namespace, production.deployment);

const written = (template: PodTemplate, paused = false, annotations: Record<string, string>) => ({
  metadata: { annotations },
  spec: { paused, template },
});
