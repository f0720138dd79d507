// The writes of an emergency variable: one variable of one container, by strategic merge patch.
import { isDeepStrictEqual } from 'node:util';
import { digestOf } from '../../verdict/digest.ts';
import { refuse } from '../refusal.ts';
import { ApiFailure } from './api-failure.ts';
import type { DeploymentWriter } from './apply-image.ts';
import { readDeployment } from './client.ts';
import type { DeploymentSnapshot, DeploymentTarget, Operation, WriteResult } from './contract.ts';
import { landed, refuseUnequalFence, refuseWhenFenced, writeDeployment, type Change } from './converge-write.ts';
import { refuseGitOpsOwner } from './gitops-owner.ts';
import { annotations, envOf, fencingGenerationOf, type Deployment, type EnvVar, type PodTemplate } from './objects.ts';
import { recordedTemplate } from './recorded-template.ts';
import { loadSnapshot, type SnapshotDocument } from './snapshot.ts';

/** One variable of the container in `target`. */
export interface VariableWrite {
  target: DeploymentTarget;
  operation: Operation;
  variable: string;
  value: string;
  /** The write is refused when the template differs from this snapshot. */
  expected: DeploymentSnapshot;
}

export interface VariableRestore {
  snapshot: DeploymentSnapshot;
  operation: Operation;
  /** Only what this operation wrote is restored. */
  undoes: string;
  variable: string;
}

/** The entry of a variable in a container; null when it is absent. Refuses a container that is missing or has it twice. */
export function variableOf(template: PodTemplate, { namespace, deployment, container }: DeploymentTarget, variable: string): EnvVar | null {
  const env = envOf(template, container);
  const name = `deployment ${namespace}/${deployment}`;
  if (env === null) throw refuse('PreconditionChanged', `${name} has no container ${container}; nothing was written`);
  const found = env.filter((each) => each.name === variable);
  if (found.length > 1)
    throw refuse(
      'PreconditionChanged',
      `container ${container} of ${name} has ${variable} ${found.length} times; leave one; nothing was written`,
    );
  return found[0] ?? null;
}

/** An entry with this value and no other source. The API server leaves out an empty value. */
const hasValue = (entry: EnvVar | null, value: string): boolean =>
  entry !== null && entry.valueFrom === undefined && (entry.value ?? '') === value;

/**
 * Sets the variable, once; the pods are replaced. Refuses (non-retryable) with `Fenced`, `PreconditionChanged` or `Paused`; a template that differs from
 * the recorded one was changed by someone else and is not overwritten.
 */
export async function writeVariable({ client, stores, fence, now }: DeploymentWriter, write: VariableWrite): Promise<WriteResult> {
  const snapshot = await loadSnapshot(stores, write.expected);
  return writeDeployment({
    client,
    target: write.target,
    operation: write.operation,
    at: 'deployment-environment.apply',
    fence,
    now,
    decide: (current, notes) => decideWrite(current, notes, write, snapshot),
  });
}

/** The landed write of an operation; null when it has not landed. Reads only. Refuses what `writeVariable` would refuse. */
export async function landedVariable(
  { client, now }: Pick<DeploymentWriter, 'client' | 'now'>,
  { target, operation, variable, value }: Omit<VariableWrite, 'expected'>,
): Promise<WriteResult | null> {
  const current = await readDeployment(client, target.namespace, target.deployment);
  refuseUnequalFence(current, operation, [operation.id]);
  const isOurs = current.metadata.annotations?.[annotations.operation] === operation.id;
  return isOurs && hasValue(variableOf(current.spec.template, target, variable), value) ? landed(current, operation.id, null, now) : null;
}

function decideWrite(
  current: Deployment,
  notes: Record<string, string>,
  { target, operation, variable, value }: VariableWrite,
  snapshot: SnapshotDocument,
): 'landed' | Change {
  const name = `deployment ${target.namespace}/${target.deployment}`;
  const { metadata, spec } = current;
  const entry = variableOf(spec.template, target, variable);
  const changed = (reason: string) => refuse('PreconditionChanged', `${name} ${reason}; nothing was written`);
  refuseUnequalFence(current, operation, [operation.id]);
  if (metadata.annotations?.[annotations.operation] === operation.id) {
    if (hasValue(entry, value)) return 'landed';
    throw changed(`was changed after this operation set ${variable}`);
  }
  refuseWhenFenced(current, operation);
  refuseGitOpsOwner(current);
  if (metadata.uid !== snapshot.uid) throw changed('was deleted and created again since it was recorded');
  const writer = metadata.annotations?.[annotations.operation];
  if (writer !== snapshot.annotations[annotations.operation])
    throw changed(`was written by ${writer ?? 'someone who removed the annotations'} since it was recorded`);
  if (spec.paused === true)
    throw refuse('Paused', `${name} is paused, so ${variable} would not reach its pods; resume it (kubectl rollout resume) first`);
  if (!isDeepStrictEqual(spec.template, snapshot.template)) throw changed('has another pod template than the recorded one');
  if (hasValue(entry, value)) throw changed(`has ${variable} set to that value already, so the action would change nothing`);
  return variablePatch(
    current,
    target.container,
    { ...notes, [annotations.variable]: markOf(variable, value) },
    setTo(variable, value, entry),
  );
}

/** A merge keeps the fields it does not name, and an entry with both `value` and `valueFrom` is invalid. */
const setTo = (variable: string, value: string, entry: EnvVar | null) => ({
  name: variable,
  value,
  ...(entry?.valueFrom === undefined ? {} : { valueFrom: null }),
});

/** The patch back to the recorded entry. */
const backTo = (variable: string, recorded: EnvVar | null) =>
  recorded === null ? { name: variable, $patch: 'delete' } : { ...(recorded.value === undefined ? { value: null } : {}), ...recorded };

/** Without `entry` only the annotations are written. */
function variablePatch({ metadata }: Deployment, container: string, notes: Record<string, string>, entry?: object): Change {
  return {
    type: 'application/strategic-merge-patch+json',
    body: {
      // With the resourceVersion of this read the API server rejects the patch (409) after any other change.
      metadata: { resourceVersion: metadata.resourceVersion, annotations: notes },
      ...(entry === undefined ? {} : { spec: { template: { spec: { containers: [{ name: container, env: [entry] }] } } } }),
    },
  };
}

/**
 * Restores the recorded entry of the variable, once, and no other field. A value that someone else set meanwhile is left alone. Refuses (non-retryable)
 * with `PreconditionChanged` or `Fenced`, and with `NotFound` a deleted Deployment.
 */
export async function restoreVariable({ client, stores, fence, now }: DeploymentWriter, restore: VariableRestore): Promise<WriteResult> {
  const { snapshot, operation, variable } = restore;
  const { target } = snapshot;
  try {
    const recorded = variableOf((await recordedTemplate(client, stores, snapshot)).template, target, variable);
    let foreign = false;
    const written = await writeDeployment({
      client,
      target,
      operation,
      at: 'deployment-environment.restore',
      fence,
      now,
      decide: (current, notes) => {
        foreign = isForeign(current, restore, recorded);
        return decideVariableRestore(current, notes, restore, recorded);
      },
    });
    return foreign ? { ...written, leftAlone: `another value of ${variable}` } : written;
  } catch (error) {
    if (!(error instanceof ApiFailure) || !error.gone) throw error;
    throw refuse(
      'NotFound',
      `deployment ${target.namespace}/${target.deployment} was deleted from cluster ${client.cluster}, so there is nothing to restore`,
    );
  }
}

/** What the annotation records of a written value. */
const markOf = (variable: string, value: string): string => `${variable} ${digestOf(value)}`;

/** Whether the entry is the one that the operation wrote. */
const isWritten = ({ metadata: { annotations: noted = {} } }: Deployment, entry: EnvVar | null, undoes: string): boolean =>
  entry !== null &&
  entry.valueFrom === undefined &&
  noted[annotations.operation] === undoes &&
  noted[annotations.variable] === markOf(entry.name, entry.value ?? '');

/** Whether someone else set the variable: it has neither the recorded entry nor what the operation wrote. */
function isForeign(current: Deployment, { snapshot, undoes, variable }: VariableRestore, recorded: EnvVar | null): boolean {
  const entry = variableOf(current.spec.template, snapshot.target, variable);
  return !isDeepStrictEqual(entry, recorded) && !isWritten(current, entry, undoes);
}

/** The change that a restore would write now, or `landed`. Throws the refusals of restoreVariable. */
export function decideVariableRestore(
  current: Deployment,
  notes: Record<string, string>,
  restore: VariableRestore,
  recorded: EnvVar | null,
): 'landed' | Change {
  const { operation, undoes, snapshot, variable } = restore;
  const { target, uid } = snapshot;
  const { metadata, spec } = current;
  const writer = metadata.annotations?.[annotations.operation];
  const isRestored = isDeepStrictEqual(variableOf(spec.template, target, variable), recorded);
  if (writer === operation.id || (isRestored && fencingGenerationOf(current) > operation.generation)) return 'landed';
  refuseUnequalFence(current, operation, [undoes, operation.id]);
  refuseWhenFenced(current, operation);
  if (metadata.uid !== uid)
    throw refuse(
      'PreconditionChanged',
      `deployment ${target.namespace}/${target.deployment} was deleted and created again since it was recorded; nothing was restored`,
    );
  // Also where nothing is to be restored: a write that arrives later conflicts with these annotations.
  const keepsEntry = isRestored || isForeign(current, restore, recorded);
  return variablePatch(current, target.container, notes, keepsEntry ? undefined : backTo(variable, recorded));
}
