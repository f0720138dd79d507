// The effect `service-fault`: faults of the service on every running pod of a Deployment. They end by themselves after their TTL.
import { eventTime } from '../../verdict/wording/index.ts';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { judgeRestoredPods } from '../../verdict/restored-change.ts';
import type { Release } from '../../release/release.ts';
import type { AdminPod } from '../admin-port/ask-pod.ts';
import { convergePod } from '../admin-port/converge-pod.ts';
import { onEachPod, runningPods, type AdminPortDependencies, type PodsOf } from '../admin-port/each-pod.ts';
import { podProxyRequest } from './pod-proxy-request.ts';
import { MAX_TTL_MS, wireAuthor, wireOperation, wireTtl } from '../admin-port/wire-operation.ts';
import type { Proof, WriteResult } from './contract.ts';
import { deploymentKey, deploymentTarget } from './deployment-target.ts';
import { explainUnplannedDrill } from './drill-plan.ts';
import type { Effect, RestorePreview, StepPlace } from './effect.ts';
import { readHealthyDeployment } from '../kubernetes/capture-deployment.ts';
import type { DeploymentTarget, Operation } from '../kubernetes/contract.ts';
import { labelSelector } from '../kubernetes/pods.ts';
import { refuse } from '../refusal.ts';
import {
  armFaults,
  disarmFaults,
  disarmPath,
  noFaults,
  readFaults,
  type FaultOperation,
  type FaultView,
} from '../faults/fault-endpoint.ts';

const text = z.string().min(1);
const faultSettings = z.record(text, z.string());
const settingsSchema = z.strictObject({ deployment: deploymentTarget, settings: faultSettings });
const wantedSchema = z.strictObject({ settings: faultSettings, ttlMs: z.int().positive().max(MAX_TTL_MS) });
type Settings = z.output<typeof settingsSchema>;
type Wanted = z.output<typeof wantedSchema>;

/** What a drill records before it provokes a fault: none of these faults is armed. */
export interface FaultBefore {
  target: DeploymentTarget;
  /** Of the pods, in the API's syntax. */
  selector: string;
  /** Admin port of the pods. */
  port: number;
  settings: Record<string, string>;
}

/** Unknown fields are kept: an older worker than the capturing one must be able to restore. */
const faultBefore: z.ZodType<FaultBefore> = z.looseObject({
  target: deploymentTarget,
  selector: text,
  port: z.int().positive(),
  settings: faultSettings,
});

/** The effect with the clusters of one worker. */
export function serviceFault(dependencies: AdminPortDependencies): Effect<FaultBefore, Wanted, Settings> {
  const podsOf = ({ target, selector }: FaultBefore): PodsOf => ({ client: dependencies.clients(target.cluster), target, selector });
  return {
    purpose: 'drill',
    settings: settingsSchema,
    targetOf: ({ deployment }) => ({ cluster: deployment.cluster, key: `${deploymentKey(deployment)}/fault` }),
    before: faultBefore,
    wanted: wantedSchema,
    capture: (_, settings) => capture(dependencies, settings),
    apply: (operation, before, wanted, lastWriteMs) =>
      apply({ pods: podsOf(before), now: dependencies.now }, { operation, before, wanted, lastWriteMs }),
    landed: (operation, before, wanted) => landed(podsOf(before), operation, before, wanted),
    restore: (operation, before, lastWriteMs) =>
      restore({ pods: podsOf(before), now: dependencies.now }, { operation, before, lastWriteMs }),
    prove: ({ id, name }, before, write) => prove(podsOf(before), { id, name, before, write }),
    describe: async () => ({ facts: [], evidence: [] }),
    settle: async () => undefined,
    explainUnplanned,
    // A service keeps no record of what was armed before.
    recordsBefore: async () => false,
    preview: (operation, before) => preview(podsOf(before), operation, before),
  };
}

async function capture({ clients, adminPort }: AdminPortDependencies, { deployment: target, settings }: Settings) {
  const client = clients(target.cluster);
  const port = adminPort(target.cluster);
  const selector = labelSelector((await readHealthyDeployment(client, target)).spec.selector);
  const found = await onEachPod({ client, target, selector }, async (pod) => (await readFaults(pod, port)) ?? missing(pod));
  if (found.length === 0) throw refuse('NotReady', `no pod of ${deploymentKey(target)} answers on port ${port}; nothing was changed`);
  for (const { pod, result } of found) {
    const unknown = Object.keys(settings).find((name) => !Object.hasOwn(result.known, name));
    if (unknown !== undefined)
      throw refuse('Refused', `pod ${pod.name} has no fault ${unknown}; it has ${Object.keys(result.known).sort().join(', ')}`);
    refuseArmed(pod, result, settings);
  }
  const before: FaultBefore = { target, selector, port, settings };
  return { before, goesBackTo: `no ${Object.keys(settings).join(', ')}`, evidence: [] };
}

function missing(pod: AdminPod): never {
  throw noFaults(pod);
}

function refuseArmed(pod: AdminPod, { armed, operations }: FaultView, settings: Record<string, string>): void {
  const name = Object.keys(settings).find((each) => Object.hasOwn(armed, each));
  if (name === undefined) return;
  const owner = operations.find(({ faults }) => Object.hasOwn(faults, name))?.operation ?? 'somebody else';
  throw refuse('PreconditionChanged', `fault ${name} of pod ${pod.name} is armed already by ${owner}; disarm it first`);
}

interface Acting {
  pods: PodsOf;
  now: () => Date;
}

interface Application {
  operation: Operation;
  before: FaultBefore;
  wanted: Wanted;
  lastWriteMs: number;
}

async function apply({ pods, now }: Acting, { operation, before, wanted, lastWriteMs }: Application): Promise<WriteResult> {
  if (!isDeepStrictEqual(wanted.settings, before.settings))
    throw refuse('Refused', 'the faults are other ones than those that were recorded; nothing was changed');
  const body: FaultOperation = {
    operation: wireOperation(operation),
    who: wireAuthor(operation),
    ttl: wireTtl(wanted.ttlMs),
    faults: wanted.settings,
  };
  const changed = await onEachPod(pods, (pod) =>
    convergePod<FaultView, FaultOperation>({
      pod,
      what: 'the faults',
      at: 'service-fault.apply',
      lastWriteMs,
      read: async () => (await readFaults(pod, before.port)) ?? missing(pod),
      decide: (view, spent) => {
        if (isArmed(view, body.operation, before)) return 'landed';
        if (spent)
          throw refuse('PreconditionChanged', `the faults of this operation on pod ${pod.name} have ended; they are not armed again`);
        refuseArmed(pod, view, before.settings);
        return body;
      },
      write: async () => {
        const state = await armFaults(pod, before.port, body);
        return { state, repeated: !isArmed(state, body.operation, before) };
      },
    }),
  );
  if (changed.length === 0) throw refuse('NotReady', `no pod of ${deploymentKey(before.target)} runs; no fault was armed`);
  const wrote = changed.some(({ result }) => result.acknowledged !== null);
  const views = changed.map(({ result }) => result.current);
  // The effect begins when it is on in every pod.
  return { wrote, observedGeneration: 0, at: wrote ? now().toISOString() : armedAt(views, operation, wanted) };
}

/** When the operation was armed in the last pod, by the clocks of the pods. */
function armedAt(views: readonly FaultView[], operation: Operation, { ttlMs }: Wanted): string {
  const ends = views.flatMap(({ operations }) => operations.filter((each) => each.operation === wireOperation(operation)));
  return new Date(Math.max(...ends.map(({ until }) => Date.parse(until))) - ttlMs).toISOString();
}

/** Whether the operation has all its faults armed. */
function isArmed({ operations }: FaultView, operation: string, { settings }: FaultBefore): boolean {
  const found = operations.find((each) => each.operation === operation);
  return found !== undefined && Object.keys(settings).every((name) => Object.hasOwn(found.faults, name));
}

/** Null unless every running pod has the faults armed. */
async function landed(pods: PodsOf, operation: Operation, before: FaultBefore, wanted: Wanted): Promise<WriteResult | null> {
  const views = (await onEachPod(pods, (pod) => readFaults(pod, before.port))).map(({ result }) => result);
  const on = views.filter((view): view is FaultView => view !== null && isArmed(view, wireOperation(operation), before));
  return on.length === 0 || on.length < views.length ? null : { wrote: false, observedGeneration: 0, at: armedAt(on, operation, wanted) };
}

const isOn = (view: FaultView | null, operation: string): boolean =>
  view !== null && view.operations.some((each) => each.operation === operation);

/** Disarms on every pod, also where nothing is armed: a write that arrives after the restore is then refused by the service. */
async function restore({ pods, now }: Acting, { operation, before, lastWriteMs }: Omit<Application, 'wanted'>): Promise<WriteResult> {
  const id = wireOperation(operation);
  const startedAt = now().toISOString();
  const restored = await onEachPod(pods, async (pod) => {
    let wasOn = false;
    let isEnded = false;
    await convergePod<FaultView | null, 'disarm'>({
      pod,
      what: 'the faults',
      at: 'service-fault.restore',
      lastWriteMs,
      read: () => readFaults(pod, before.port),
      decide: (view) => {
        wasOn ||= isOn(view, id);
        return view === null || (isEnded && !isOn(view, id)) ? 'landed' : 'disarm';
      },
      write: async () => {
        const state = await disarmFaults(pod, before.port, id);
        isEnded = true;
        return { state, repeated: false };
      },
    });
    return wasOn;
  });
  return { wrote: restored.some(({ result }) => result), observedGeneration: 0, at: startedAt };
}

/** Reads every running pod again, also those that started meanwhile. */
async function prove(
  pods: PodsOf,
  { id, name, before, write }: { id: string; name: string; before: FaultBefore; write: WriteResult },
): Promise<Proof> {
  const found = await onEachPod(pods, (pod) => readFaults(pod, before.port));
  const ours = (view: FaultView | null) => view?.operations.find(({ operation }) => operation === wireOperation({ id }));
  const leftover = found.flatMap(({ pod, result }) => {
    const standing = ours(result);
    return standing === undefined ? [] : [`${pod.name} has ${Object.keys(standing.faults).join(', ')} until ${standing.until}`];
  });
  const leftAlone = found.flatMap(({ pod, result }) => {
    const armed = ours(result) ? [] : Object.keys(before.settings).filter((fault) => Object.hasOwn(result?.armed ?? {}, fault));
    return armed.length === 0 ? [] : [`${pod.name} has ${armed.join(', ')}`];
  });
  return {
    restored: leftover.length === 0,
    leftAlone: leftover.length === 0 && leftAlone.length > 0,
    findings: judgeRestoredPods(name, { pods: found.length, leftover, leftAlone }),
    facts: [
      {
        subject: 'restore',
        text: `${name}: ${write.wrote ? 'disarmed' : 'nothing was armed'} at ${eventTime(write.at)}, read back on ${found.length} pods`,
        values: { pods: found.length },
      },
    ],
    evidence: [],
  };
}

const explainUnplanned = (release: Release, { target }: FaultBefore, { settings }: Wanted, place: StepPlace): string | null =>
  explainUnplannedDrill(release, place, target, {
    what: `the faults ${Object.keys(settings).join(', ')} with these parameters`,
    isPlanned: ({ fault }) => isDeepStrictEqual({ ...fault.settings }, { ...settings }),
  });

async function preview(pods: PodsOf, operation: Operation, { target, port, settings }: FaultBefore): Promise<RestorePreview> {
  const id = wireOperation(operation);
  const found = await Promise.all((await runningPods(pods)).map(async (pod) => ({ pod, view: await readFaults(pod, port) })));
  const armed = found.filter(({ view }) => isOn(view, id));
  return {
    runsNow: `${armed.length} of ${found.length} pods have ${Object.keys(settings).join(', ')} armed by this operation`,
    goesBackTo: 'no faults of this operation',
    requests: armed.map(({ pod }) => podProxyRequest({ namespace: target.namespace, pod: pod.name, port }, 'DELETE', disarmPath(id), null)),
  };
}
