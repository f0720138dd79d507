// The effect `deployment-environment`: one environment variable of one container of a Deployment, fenced like a launch. It changes no label, and of the
// annotations only those of Tminus; `deployment.kubernetes.io/revision` counts on with each rollout.
import { z } from 'zod';
import type { Release } from '../../release/release.ts';
import { digestOf } from '../../verdict/digest.ts';
import { inconclusive } from '../../verdict/finding.ts';
import type { UndoEntry } from '../../verdict/undo.ts';
import { captureDeployment } from '../kubernetes/capture-deployment.ts';
import { readDeployment, type ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget, Operation } from '../kubernetes/contract.ts';
import { lastWriteAtMs, notesOf } from '../kubernetes/converge-write.ts';
import { readFailingPods } from '../kubernetes/failing-pods.ts';
import { refuseGitOpsOwner } from '../kubernetes/gitops-owner.ts';
import { closeLease, leaseFence, readLease, recordedBefore, refuseOpenOperation } from '../kubernetes/lease.ts';
import { imageOf } from '../kubernetes/objects.ts';
import { recordedTemplate } from '../kubernetes/recorded-template.ts';
import { decideVariableRestore, landedVariable, restoreVariable, variableOf, writeVariable } from '../kubernetes/write-variable.ts';
import type { Proof, WriteResult } from './contract.ts';
import { environmentBefore, type EnvironmentBefore } from './deployment-before.ts';
import type { DeploymentImageDependencies } from './deployment-image.ts';
import { deploymentKey, deploymentTarget } from './deployment-target.ts';
import { explainUnplannedDrill } from './drill-plan.ts';
import { countdownKey, restoreOf, type Effect, type RestorePreview, type StepPlace } from './effect.ts';
import { restoreRequests } from './preview-restore.ts';
import { proveRestored } from './prove-restored.ts';

const text = z.string().min(1);
const settingsSchema = z.strictObject({ deployment: deploymentTarget, variable: text, healthTarget: text, healthPath: text });
const wantedSchema = z.strictObject({ value: z.string() });
type Settings = z.output<typeof settingsSchema>;
type Wanted = z.output<typeof wantedSchema>;

/** The effect with the clusters, evidence and health pages of one worker. */
export function deploymentEnvironment(dependencies: DeploymentImageDependencies): Effect<EnvironmentBefore, Wanted, Settings> {
  const { store, restricted, clients, activity, now } = dependencies;
  const stores = { store, restricted };
  const clientOf = ({ cluster }: DeploymentTarget) => clients(cluster);
  const writer = (operation: Operation, before: EnvironmentBefore, purpose: 'apply' | 'restore', lastWriteMs: number) => {
    const client = clientOf(before.target);
    const claim = { target: before.target, operation, before: digestOf(before), for: purpose };
    return { client, stores, fence: leaseFence(client, claim, lastWriteMs), now };
  };
  return {
    purpose: 'drill',
    settings: settingsSchema,
    targetOf: ({ deployment }) => ({ cluster: deployment.cluster, key: deploymentKey(deployment) }),
    before: environmentBefore,
    wanted: wantedSchema,
    async capture({ countdown }, { deployment: target, ...settings }) {
      const client = clientOf(target);
      const { snapshot, deployment } = await captureDeployment(client, stores, target);
      refuseGitOpsOwner(deployment);
      refuseOpenOperation(deployment, await readLease(client, target), target, countdownKey(countdown));
      const entry = variableOf(deployment.spec.template, target, settings.variable);
      // The value may be a secret: it stays in the snapshot.
      const goesBackTo = entry === null ? `no ${settings.variable}` : `the recorded ${settings.variable}`;
      return { before: { ...snapshot, ...settings }, goesBackTo, evidence: [snapshot.evidence] };
    },
    apply: (operation, before, { value }, lastWriteMs) =>
      writeVariable(writer(operation, before, 'apply', lastWriteMs), {
        target: before.target,
        operation,
        variable: before.variable,
        value,
        expected: before,
      }),
    landed: (operation, { target, variable }, { value }) =>
      landedVariable({ client: clientOf(target), now }, { target, operation, variable, value }),
    restore: (operation, snapshot, lastWriteMs) =>
      restoreVariable(writer(operation, snapshot, 'restore', lastWriteMs), {
        snapshot,
        operation: restoreOf(operation),
        undoes: operation.id,
        variable: snapshot.variable,
      }),
    prove: (entry, before, write, failedAt) => prove(dependencies, clientOf(before.target), { entry, before, write, failedAt }),
    describe: ({ target }) => readFailingPods(clientOf(target), store, target, activity().signal),
    settle: (operation, { target }, outcome) => closeLease(clientOf(target), { target, operation, outcome }, lastWriteAtMs()),
    explainUnplanned,
    recordsBefore: async (operation, before) =>
      recordedBefore(await readLease(clientOf(before.target), before.target), operation) === digestOf(before),
    preview: (operation, before) => preview(dependencies, clientOf(before.target), operation, before),
  };
}

interface Restored {
  entry: UndoEntry;
  before: EnvironmentBefore;
  write: WriteResult;
  failedAt: string | null;
}

/** The rollout of the write is complete, and the Deployment serves with the recorded template. Other changes by somebody else are reported. */
async function prove(
  dependencies: DeploymentImageDependencies,
  client: ClusterClient,
  { entry, before, write, failedAt }: Restored,
): Promise<Proof> {
  const { namespace, deployment, container } = before.target;
  const { template } = (await readDeployment(client, namespace, deployment)).spec;
  const image = imageOf(template, container) ?? before.image;
  const proof = await proveRestored({ ...dependencies, client }, { entry, before: { ...before, image }, write, failedAt });
  if (proof.leftAlone || digestOf(template) === before.templateDigest) return proof;
  const message = `${entry.name}: the variable was restored, and the pod template has other changes, which somebody else made since`;
  return { ...proof, leftAlone: true, findings: [...proof.findings, inconclusive('ChangeLeftAlone', entry.name, message)] };
}

const explainUnplanned = (release: Release, { target, variable }: EnvironmentBefore, { value }: Wanted, place: StepPlace): string | null =>
  explainUnplannedDrill(release, place, target, {
    what: `${variable} with this value`,
    isPlanned: ({ actions }) =>
      actions.some((action) => action.type === 'environment' && action.variable === variable && action.value === value),
  });

async function preview(
  { store, restricted, now }: DeploymentImageDependencies,
  client: ClusterClient,
  operation: Operation,
  before: EnvironmentBefore,
): Promise<RestorePreview> {
  const { target, variable } = before;
  const { template, source } = await recordedTemplate(client, { store, restricted }, before);
  const recorded = variableOf(template, target, variable);
  const current = await readDeployment(client, target.namespace, target.deployment);
  const restore = restoreOf(operation);
  const decision = decideVariableRestore(
    current,
    notesOf(restore, now()),
    { snapshot: before, operation: restore, undoes: operation.id, variable },
    recorded,
  );
  return {
    runsNow: variableOf(current.spec.template, target, variable) === null ? `no ${variable}` : `${variable} is set`,
    goesBackTo: recorded === null ? `no ${variable}` : `the recorded ${variable} (from ${source})`,
    requests: decision === 'landed' ? [] : await restoreRequests(client, target, operation, decision),
  };
}
