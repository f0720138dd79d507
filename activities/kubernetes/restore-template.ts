// The one write of a rollback.
import { isDeepStrictEqual } from 'node:util';
import { ApiFailure } from './api-failure.ts';
import { refuse } from '../refusal.ts';
import type { ClusterClient } from './client.ts';
import type { RestoreTemplateInput, WriteResult } from './contract.ts';
import { refuseUnequalFence, refuseWhenFenced, writeDeployment, type Change, type WriteFence } from './converge-write.ts';
import { annotations, fencingGenerationOf, imageOf, withImage, type Deployment, type PodTemplate } from './objects.ts';
import { recordedTemplate } from './recorded-template.ts';
import type { SnapshotStores } from './snapshot.ts';

/**
 * Puts the recorded pod template back, whole, once. It goes by the recorded template and not by a revision number: from the snapshot, so it works
 * when the old ReplicaSet is gone, or from that ReplicaSet when the snapshot is lost. Only a template that the operation `undoes` wrote is
 * replaced: refuses (non-retryable) with `PreconditionChanged` or `Fenced` when somebody else has changed it since, and a person decides. A
 * paused Deployment is resumed in the same write, because a rollback that does not roll out is none. A Deployment that is gone ends it at
 * once (`NotFound`): created again it is another object, so retries could only keep the countdown, and the lock of its service, from ending.
 */
export async function restoreTemplate(
  client: ClusterClient,
  stores: SnapshotStores,
  input: RestoreTemplateInput,
  fence: WriteFence,
  now: () => Date,
): Promise<WriteResult> {
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
      `deployment ${target.namespace}/${target.deployment} is gone from cluster ${client.cluster}, ` +
        `so there is nothing to roll back; where it is to serve again, deploy it with ${snapshot.image}`,
    );
  }
}

/**
 * The image that somebody else deployed since the Deployment was recorded, where our write never landed; else null. No write of ours is
 * annotated since, and what runs is not what we were to write.
 */
function foreignImage(
  { metadata, spec }: Deployment,
  { snapshot, operation, undoes, wantedImage }: RestoreTemplateInput,
  template: PodTemplate,
): string | null {
  if (isDeepStrictEqual(spec.template, template)) return null;
  const writer = metadata.annotations?.[annotations.operation] ?? null;
  const image = imageOf(spec.template, snapshot.target.container) ?? 'no such container';
  // The note of this restore has landed: with the image it found, which it left alone.
  if (writer === operation.id) return metadata.annotations?.[annotations.image] === image ? image : null;
  const landed = writer === undoes || writer !== snapshot.operation || image === wantedImage;
  return landed ? null : image;
}

/** What a restore would write to the Deployment as it is now, or `landed`. Throws the refusals of restoreTemplate. */
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
  // Equal but paused after the launch landed still needs a write: the pods may be a mix of both versions, and nothing moves them. Where
  // the launch never landed the pause is somebody's own and stays.
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
      // Writing the version that was read makes the API server compare it: 409 when the Deployment has moved on. (A `test` would answer
      // 422, which cannot be told from a template that is not valid.)
      { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      ...(metadata.annotations ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} }]),
      ...Object.entries(noted).map(([key, value]) => ({ op: 'add', path: `/metadata/annotations/${pointer(key)}`, value })),
      ...(resumes ? [{ op: 'replace', path: '/spec/paused', value: false }] : []),
      // Without it (the launch never landed, whoever deployed since) the write only notes this rollback: a launch that is still under way,
      // its worker slow or cut off, then meets another version and another operation, and is refused instead of landing after the rollback.
      ...(settled || foreign !== null ? [] : [{ op: 'replace', path: '/spec/template', value: template }]),
    ],
  };
}

/** A key as one part of a JSON pointer (RFC 6901). */
const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
