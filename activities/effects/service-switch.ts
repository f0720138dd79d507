// The effect `service-switch`: a live switch on every running pod of a Deployment. The change ends by itself after its TTL.
import { eventTime } from '../../verdict/wording/index.ts';
import { z } from 'zod';
import { judgeRestoredPods } from '../../verdict/restored-change.ts';
import { restoreIdOf } from '../../analysis/rollout/restore-id.ts';
import type { Release } from '../../release/release.ts';
import { onEachPod, runningPods, type AdminPortDependencies, type OnPod, type PodsOf } from '../admin-port/each-pod.ts';
import { convergePod } from '../admin-port/converge-pod.ts';
import type { AdminPod } from '../admin-port/ask-pod.ts';
import { isByTminus, MAX_TTL_MS, wireAuthor, wireOperation, wireTtl } from '../admin-port/wire-operation.ts';
import { deploymentKey, deploymentTarget } from './deployment-target.ts';
import { explainUnplannedDrill } from './drill-plan.ts';
import { restoreOf, type Effect, type RestorePreview, type StepPlace } from './effect.ts';
import type { Proof, WriteResult } from './contract.ts';
import { podProxyRequest } from './pod-proxy-request.ts';
import { readHealthyDeployment } from '../kubernetes/capture-deployment.ts';
import type { Operation } from '../kubernetes/contract.ts';
import { labelSelector } from '../kubernetes/pods.ts';
import { refuse } from '../refusal.ts';
import { changeSwitch, noSwitch, readSwitch, switchPath, type SwitchChange, type SwitchState } from '../switches/switch-endpoint.ts';
import { flagOf, switchBefore, type SwitchBefore } from './switch-before.ts';

const settingsSchema = z.strictObject({ deployment: deploymentTarget, switch: z.string().min(1) });
const wantedSchema = z.strictObject({ value: z.boolean(), ttlMs: z.int().positive().max(MAX_TTL_MS) });
type Settings = z.output<typeof settingsSchema>;
type Wanted = z.output<typeof wantedSchema>;

/** The effect with the clusters of one worker. */
export function serviceSwitch(dependencies: AdminPortDependencies): Effect<SwitchBefore, Wanted, Settings> {
  const podsOf = ({ target, selector }: SwitchBefore): PodsOf => ({ client: dependencies.clients(target.cluster), target, selector });
  return {
    purpose: 'drill',
    settings: settingsSchema,
    targetOf: ({ deployment, switch: name }) => ({ cluster: deployment.cluster, key: `${deploymentKey(deployment)}/switch/${name}` }),
    before: switchBefore,
    wanted: wantedSchema,
    capture: (_, settings) => capture(dependencies, settings),
    apply: (operation, before, wanted, lastWriteMs) => apply({ ...dependencies, podsOf }, { operation, before, wanted, lastWriteMs }),
    landed: (operation, before, wanted) => landed(podsOf(before), operation, before, wanted),
    restore: (operation, before, lastWriteMs) => restore({ ...dependencies, podsOf }, { operation, before, lastWriteMs }),
    prove: ({ id, name }, before, write) => prove(podsOf(before), { id, name, before, write }),
    describe: async () => ({ facts: [], evidence: [] }),
    settle: async () => undefined,
    explainUnplanned,
    // A service keeps no record of what a switch was before.
    recordsBefore: async () => false,
    preview: (operation, before) => preview(dependencies, podsOf(before), operation, before),
  };
}

async function capture({ clients, adminPort }: AdminPortDependencies, { deployment: target, switch: name }: Settings) {
  const client = clients(target.cluster);
  const port = adminPort(target.cluster);
  const selector = labelSelector((await readHealthyDeployment(client, target)).spec.selector);
  const found = await onEachPod({ client, target, selector }, async (pod) => (await readSwitch(pod, port, name)) ?? missing(pod, name));
  const values = new Set(found.map(({ result }) => result.value));
  const [value] = values;
  if (value === undefined) throw refuse('NotReady', `no pod of ${deploymentKey(target)} answers on port ${port}; nothing was changed`);
  if (values.size > 1)
    throw refuse('NotReady', `switch ${name} differs between the pods of ${deploymentKey(target)}: ${shown(found)}; set it equally first`);
  const ours = found.find(({ result }) => result.source === 'api' && isByTminus(result.who));
  if (ours)
    throw refuse(
      'OperationOpen',
      `switch ${name} of pod ${ours.pod.name} is set by ${ours.result.operation}, which was not restored; tminus leftovers lists who restores it`,
    );
  const pods = found.map(({ pod, result }) => ({ name: pod.name, source: result.source, flag: flagIn(result) }));
  const before: SwitchBefore = { target, selector, port, switch: name, value, pods };
  return { before, goesBackTo: String(value), evidence: [] };
}

function missing(pod: AdminPod, name: string): never {
  throw noSwitch(pod, name);
}

const flagIn = ({ source, who, operation, until }: SwitchState) => (source === 'api' ? { who, operation, until } : null);

const shown = (found: readonly OnPod<SwitchState>[]): string =>
  found.map(({ pod, result: { value, source } }) => `${pod.name} ${value} (${source})`).join(', ');

type Acting = AdminPortDependencies & { podsOf(before: SwitchBefore): PodsOf };

interface Application {
  operation: Operation;
  before: SwitchBefore;
  wanted: Wanted;
  lastWriteMs: number;
}

async function apply({ podsOf, now }: Acting, { operation, before, wanted, lastWriteMs }: Application): Promise<WriteResult> {
  const { switch: name, port } = before;
  const startedAt = now().toISOString();
  if (wanted.value === before.value)
    throw refuse(
      'PreconditionChanged',
      `switch ${name} was ${before.value} already when it was recorded, so the action would change nothing`,
    );
  const changed = await onEachPod(podsOf(before), (pod) =>
    convergePod<SwitchState, SwitchChange>({
      pod,
      what: `switch ${name}`,
      at: 'service-switch.apply',
      lastWriteMs,
      read: async () => (await readSwitch(pod, port, name)) ?? missing(pod, name),
      decide: (state, spent) => decideApply(pod, state, { operation, before, wanted }, spent),
      write: (body) => changeSwitch(pod, port, name, body),
    }),
  );
  if (changed.length === 0) throw refuse('NotReady', `no pod of ${deploymentKey(before.target)} runs; switch ${name} was not set`);
  const wrote = changed.some(({ result }) => result.acknowledged !== null);
  return { wrote, observedGeneration: 0, at: wrote ? startedAt : landedAt(changed.map(({ result }) => result.current)) };
}

const isOurs = (state: SwitchState, operation: Pick<Operation, 'id'>): boolean =>
  state.source === 'api' && state.operation === wireOperation(operation);

/** When a change landed first, by the clocks of the pods. */
const landedAt = (states: readonly SwitchState[]): string =>
  new Date(Math.min(...states.map(({ since }) => Date.parse(since)))).toISOString();

function decideApply(
  { name: pod }: AdminPod,
  state: SwitchState,
  { operation, before, wanted }: Pick<Application, 'operation' | 'before' | 'wanted'>,
  spent: boolean,
): 'landed' | SwitchChange {
  if (isOurs(state, operation)) return 'landed';
  const name = `switch ${before.switch} of pod ${pod}`;
  const found = `it is ${state.value} by ${state.who || state.source}`;
  if (spent) throw refuse('PreconditionChanged', `${name} was set by this operation and has been changed or has ended since: ${found}`);
  const flag = flagOf(before, pod);
  const isAsRecorded =
    flag === null ? state.source !== 'api' : state.source === 'api' && state.operation === flag.operation && state.who === flag.who;
  if (state.value !== before.value || !isAsRecorded)
    throw refuse('PreconditionChanged', `${name} was changed since it was recorded as ${before.value}: ${found}; nothing was overwritten`);
  return {
    value: wanted.value,
    who: wireAuthor(operation),
    operation: wireOperation(operation),
    expected: before.value,
    expectedOperation: state.operation,
    ttl: wireTtl(wanted.ttlMs),
  };
}

/** Null unless every running pod has the change in force. */
async function landed(
  pods: PodsOf,
  operation: Operation,
  { switch: name, port }: SwitchBefore,
  { value }: Wanted,
): Promise<WriteResult | null> {
  const states = (await onEachPod(pods, (pod) => readSwitch(pod, port, name))).map(({ result }) => result);
  const ours = states.filter((state) => state !== null && isOurs(state, operation) && state.value === value) as SwitchState[];
  return ours.length === 0 || ours.length < states.length ? null : { wrote: false, observedGeneration: 0, at: landedAt(ours) };
}

async function restore({ podsOf, now }: Acting, { operation, before, lastWriteMs }: Omit<Application, 'wanted'>): Promise<WriteResult> {
  const { switch: name, port } = before;
  const startedAt = now().toISOString();
  const restored = await onEachPod(podsOf(before), (pod) =>
    convergePod<SwitchState | null, SwitchChange>({
      pod,
      what: `switch ${name}`,
      at: 'service-switch.restore',
      lastWriteMs,
      read: () => readSwitch(pod, port, name),
      decide: (state) => (state !== null && isOurs(state, operation) ? release(pod, operation, before, now()) : 'landed'),
      write: (body) => changeSwitch(pod, port, name, body),
    }),
  );
  return { wrote: restored.some(({ result }) => result.acknowledged !== null), observedGeneration: 0, at: startedAt };
}

/** Releases the switch, or sets again what somebody had set before, for the rest of its time. Only while the operation's change is in force. */
function release({ name: pod }: AdminPod, operation: Operation, before: SwitchBefore, now: Date): SwitchChange {
  const flag = flagOf(before, pod);
  const restMs = flag?.until === undefined || flag.until === null ? null : Date.parse(flag.until) - now.getTime();
  const isSetAgain = flag !== null && (restMs === null || restMs > 0);
  return {
    value: isSetAgain ? before.value : null,
    // The flag is theirs again; the operation's id in the audit of the service shows who set it.
    who: isSetAgain ? flag.who : wireAuthor(operation),
    operation: wireOperation(restoreOf(operation)),
    expectedOperation: wireOperation(operation),
    ...(isSetAgain && restMs !== null ? { ttl: wireTtl(Math.min(restMs, MAX_TTL_MS)) } : {}),
  };
}

/** Reads every running pod again, also those that started meanwhile. */
async function prove(
  pods: PodsOf,
  { id, name, before, write }: { id: string; name: string; before: SwitchBefore; write: WriteResult },
): Promise<Proof> {
  const found = await onEachPod(pods, (pod) => readSwitch(pod, before.port, before.switch));
  const read = found.flatMap(({ pod, result }) => (result === null ? [] : [{ pod, result }]));
  const leftover = read.filter(({ result }) => isOurs(result, { id }));
  const leftAlone = read.filter(({ pod, result }) => !isOurs(result, { id }) && !isAsBefore(before, pod, result, { id }));
  const text = ({ pod, result }: OnPod<SwitchState>): string => `${pod.name} is ${result.value} by ${result.who || result.source}`;
  return {
    restored: leftover.length === 0,
    leftAlone: leftover.length === 0 && leftAlone.length > 0,
    findings: judgeRestoredPods(name, {
      pods: read.length,
      leftover: leftover.map((each) => `${text(each)}${each.result.until === null ? '' : ` until ${each.result.until}`}`),
      leftAlone: leftAlone.map(text),
    }),
    facts: [
      {
        subject: 'restore',
        text: `${name}: ${write.wrote ? 'written' : 'nothing to write'} at ${eventTime(write.at)}, read back on ${read.length} pods`,
        values: { pods: read.length },
      },
    ],
    evidence: [],
  };
}

/** The value, and no change at run time but the one that was there, or its restored form. */
function isAsBefore(before: SwitchBefore, { name: pod }: AdminPod, state: SwitchState, { id }: Pick<Operation, 'id'>): boolean {
  if (state.value !== before.value) return false;
  if (state.source !== 'api') return true;
  const flag = flagOf(before, pod);
  const restored = wireOperation({ id: restoreIdOf(id) });
  return flag !== null && state.who === flag.who && [flag.operation, restored].includes(state.operation);
}

const explainUnplanned = (release: Release, { target, switch: name }: SwitchBefore, { value }: Wanted, place: StepPlace): string | null =>
  explainUnplannedDrill(release, place, target, {
    what: `switch ${name} to ${value}`,
    isPlanned: ({ actions }) => actions.some((action) => action.type === 'switch' && action.switch === name && action.value === value),
  });

async function preview({ now }: AdminPortDependencies, pods: PodsOf, operation: Operation, before: SwitchBefore): Promise<RestorePreview> {
  const { switch: name, port, value, target } = before;
  const found = await Promise.all((await runningPods(pods)).map(async (pod) => ({ pod, state: await readSwitch(pod, port, name) })));
  const ours = found.filter(({ state }) => state !== null && isOurs(state, operation));
  const values = new Set(found.flatMap(({ state }) => (state === null ? [] : [`${state.value} (${state.source})`])));
  return {
    runsNow: `switch ${name}: ${[...values].join(', ') || 'no pod runs'}`,
    goesBackTo: String(value),
    requests: ours.map(({ pod }) =>
      podProxyRequest(
        { namespace: target.namespace, pod: pod.name, port },
        'PUT',
        switchPath(name),
        release(pod, operation, before, now()),
      ),
    ),
  };
}
