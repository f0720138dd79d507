// The one write of a rollback.
import { isDeepStrictEqual } from 'node:util';
import { ApiFailure } from './api-failure.ts';
import { refuse } from '../refusal.ts';
import type { DeploymentWriter } from './apply-image.ts';
import type { RestoreTemplateInput, WriteResult } from './contract.ts';
import { refuseUnequalFence, refuseWhenFenced, writeDeployment, type Change } from './converge-write.ts';
import { annotations, fencingGenerationOf, imageOf, withImage, type Deployment, type PodTemplate } from './objects.ts';
import { recordedTemplate } from './recorded-template.ts';

/**
 * Restores the recorded pod template, once, and resumes a paused Deployment. Refuses (non-retryable) with `PreconditionChanged` or `Fenced` a template
 * that `undoes` did not write, and with `NotFound` a deleted Deployment: created again it is another object.
 */
export async function restoreTemplate({ client, stores, fence, now }: DeploymentWriter, input: RestoreTemplateInput): Promise<WriteResult> {
  const { operation, snapshot } = input;
  const { target } = snapshot;
  try {
    const { template } = await recordedTemplate(client, stores, snapshot);
    let foreign: string | null = null;
    const written = await writeDeployment({
      client,
      target,
      operation,
      at: 'deployment-image.restore',
      fence,
      now,
      decide: (current, notes) => {
        foreign = foreignImage(current, input, template);
        return decideRestore(current, notes, input, template);
      },
    });
    return foreign === null ? written : { ...written, leftAlone: foreign };
  } catch (error) {
    if (!(error instanceof ApiFailure) || !error.gone) throw error;
    throw refuse(
      'NotFound',
      `deployment ${target.namespace}/${target.deployment} was deleted from cluster ${client.cluster}, ` +
        `so there is nothing to roll back; to serve again, deploy it with ${snapshot.image}`,
    );
  }
}

/**
 * The image that someone else deployed since the snapshot, when our write never landed; else null. Then no write of ours is annotated, and the
 * running image is not ours.
 */
function foreignImage(
  { metadata, spec }: Deployment,
  { snapshot, operation, undoes, wantedImage }: RestoreTemplateInput,
  template: PodTemplate,
): string | null {
  if (isDeepStrictEqual(spec.template, template)) return null;
  const writer = metadata.annotations?.[annotations.operation] ?? null;
  const image = imageOf(spec.template, snapshot.target.container) ?? 'no such container';
  // The annotation of this restore has landed, with the image that it left alone.
  if (writer === operation.id) return metadata.annotations?.[annotations.image] === image ? image : null;
  const landed = writer === undoes || writer !== snapshot.operation || image === wantedImage;
  return landed ? null : image;
}

/** The change that a restore would write now, or `landed`. Throws the refusals of restoreTemplate. */
export function decideRestore(
  current: Deployment,
  notes: Record<string, string>,
  input: RestoreTemplateInput,
  template: PodTemplate,
): 'landed' | Change {
  const { operation, undoes, snapshot } = input;
  const { target, uid } = snapshot;
  const { metadata, spec } = current;
  const name = `deployment ${target.namespace}/${target.deployment}`;
  const restored = isDeepStrictEqual(spec.template, template);
  const writer = metadata.annotations?.[annotations.operation];
  // An equal template that is paused after our launch still needs a write: its pods may be of both versions. Without a landed launch the pause is
  // someone else's and stays.
  const resumes = spec.paused === true && writer === undoes;
  const settled = restored && !resumes;
  if (settled && (writer === undoes || writer === operation.id || fencingGenerationOf(current) > operation.generation)) return 'landed';
  refuseUnequalFence(current, operation, [undoes, operation.id]);
  refuseWhenFenced(current, operation);
  if (metadata.uid !== uid)
    throw refuse('PreconditionChanged', `${name} was deleted and created again since it was recorded; it was not rolled back`);
  const foreign = foreignImage(current, input, template);
  if (foreign !== null && writer === operation.id) return 'landed';
  if (!restored && foreign === null && writer !== undoes) {
    const who =
      writer === operation.id ? 'after it had been rolled back' : `by someone else (last annotated operation: ${writer ?? 'none'})`;
    throw refuse(
      'PreconditionChanged',
      `${name} was changed ${who}: it runs ${imageOf(spec.template, target.container) ?? 'no such container'}; it was not rolled back, decide by hand`,
    );
  }
  const written = metadata.annotations?.[annotations.image];
  if (
    !restored &&
    foreign === null &&
    written !== undefined &&
    !isDeepStrictEqual(spec.template, withImage(template, target.container, written))
  ) {
    throw refuse(
      'PreconditionChanged',
      `the pod template of ${name} was changed after the launch wrote ${written}; it was not rolled back, decide by hand`,
    );
  }
  const noted = { ...notes, [annotations.image]: foreign ?? imageOf(template, target.container) ?? '' };
  return {
    type: 'application/json-patch+json',
    body: [
      // The API server compares the resourceVersion: 409 when the Deployment has changed. (A `test` operation would return 422, like an invalid
      // template.)
      { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      ...(metadata.annotations ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} }]),
      ...Object.entries(noted).map(([key, value]) => ({ op: 'add', path: `/metadata/annotations/${pointer(key)}`, value })),
      ...(resumes ? [{ op: 'replace', path: '/spec/paused', value: false }] : []),
      // Without a landed launch only the annotations are written: a delayed launch then conflicts with this operation instead of landing after
      // the rollback.
      ...(settled || foreign !== null ? [] : [{ op: 'replace', path: '/spec/template', value: template }]),
    ],
  };
}

/** A key as a token of a JSON pointer (RFC 6901). */
const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
