import { z } from 'zod';
import { expandAction, type EmergencyAction } from '../contingency/actions.ts';
import { faultSchema, type Fault } from '../contingency/faults.ts';
import { expandTrigger, type Trigger } from '../contingency/triggers.ts';
import { durationMs } from '../duration.ts';
import { count, duration, label, text } from '../fields.ts';
import type { Contingency } from '../contingency/contingency.ts';
import { expandLoadTest, loadTestSchema, type LoadTestStep } from './load-test.ts';

/** Limit of one k6 process. */
const MAX_RATE_PER_SECOND = 100_000;
const MAX_VIRTUAL_USERS = 50_000;
const MAX_ACTIONS = 20;
const NO_LIMITS = { p99: '24h', errorRate: '100%', delivered: '0%' };

export const drillSchema = z
  .strictObject({
    type: z.literal('drill').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('drill'),
    trigger: label('Trigger that must fire, by its name in `spec.contingency.triggers`.'),
    fault: faultSchema,
    actions: z
      .array(label('Name of an action in `spec.contingency.actions`.'))
      .min(1)
      .max(MAX_ACTIONS)
      .meta({
        description: 'Emergency actions that are taken when the trigger fires, in this order.',
        defaultText: 'all of `spec.contingency.actions`',
      })
      .optional(),
    load: z
      .strictObject({
        rate: count('Iterations of the script per second.', 1, MAX_RATE_PER_SECOND),
        script: text('k6 script, as a path beside the release file.', { defaultText: '`spec.load.script`' }).optional(),
        target: label("Name of the address under load, from the environment file's `targets`.", {
          defaultText: '`spec.load.target`',
        }).optional(),
        maxVus: count('Maximum number of k6 virtual users.', 1, MAX_VIRTUAL_USERS).default(400),
      })
      .meta({ description: 'Load during the drill, where the service in staging has no traffic of its own.', defaultText: 'no load' })
      .optional(),
    limits: z
      .strictObject({
        detect: duration('Time from the fault to the trigger.').default('30s'),
        act: duration('Time until an action is effective in every pod.').default('10s'),
        recover: duration('Time from the trigger until its condition no longer holds, with the fault still on.').default('60s'),
        restore: duration('Time to restore everything that the drill changed.').default('90s'),
      })
      .meta({ description: 'Time limits of the links of the drill.' })
      .prefault({}),
    steady: duration('How long the condition of the trigger must be false before the fault, and again after the restore.').default('60s'),
    maxDuration: duration('Maximum duration of fault and changes; then they end by themselves.').default('10m'),
  })
  .meta({
    description:
      'Provokes a fault in staging, waits for the trigger, takes the emergency actions, and restores everything. Passes only if every link ' +
      'was measured, kept its limit, and nothing is left changed.',
  });

export interface DrillStep {
  type: 'drill';
  name: string;
  trigger: Trigger;
  fault: Fault;
  actions: EmergencyAction[];
  /** Null where the service has traffic of its own. */
  load: LoadTestStep | null;
  limits: { detectMs: number; actMs: number; recoverMs: number; restoreMs: number };
  steadyMs: number;
  maxDurationMs: number;
}

/** The step with its trigger and actions in place of their names. Rules must have passed: an unknown name throws. */
export function expandDrill(
  file: z.output<typeof drillSchema>,
  contingency: Contingency,
  place: { script?: string | undefined; target?: string | undefined },
): DrillStep {
  const { type, name, fault, limits } = file;
  const trigger = contingency.triggers.find((each) => each.name === file.trigger);
  if (trigger === undefined) throw new TypeError(`drill ${name} has no trigger ${file.trigger}: rules.ts must refuse this`);
  const maxDurationMs = durationMs(file.maxDuration);
  return {
    type,
    name,
    trigger: expandTrigger(trigger),
    fault,
    actions: (file.actions ?? contingency.actions.map((action) => action.name)).map((wanted) => actionOf(contingency, wanted)),
    load: file.load === undefined ? null : loadOf(name, file.load, place, maxDurationMs),
    limits: {
      detectMs: durationMs(limits.detect),
      actMs: durationMs(limits.act),
      recoverMs: durationMs(limits.recover),
      restoreMs: durationMs(limits.restore),
    },
    steadyMs: durationMs(file.steady),
    maxDurationMs,
  };
}

function actionOf({ actions }: Contingency, wanted: string): EmergencyAction {
  const action = actions.find(({ name }) => name === wanted);
  if (action === undefined) throw new TypeError(`the contingency has no action ${wanted}: rules.ts must refuse this`);
  return expandAction(action);
}

/** A constant rate for longer than the drill, which ends it. Its limits stop nothing: the fault must not end the load that it breaks. */
function loadOf(
  name: string,
  load: NonNullable<z.output<typeof drillSchema>['load']>,
  place: { script?: string | undefined; target?: string | undefined },
  maxDurationMs: number,
): LoadTestStep {
  const script = load.script ?? place.script;
  const target = load.target ?? place.target;
  if (script === undefined || target === undefined) throw new TypeError(`drill ${name} has no script or target: rules.ts must refuse this`);
  const seconds = Math.ceil(maxDurationMs / 1_000);
  const stages = [
    { duration: '1s', rate: load.rate },
    { duration: `${seconds}s`, rate: load.rate },
  ];
  return expandLoadTest(
    loadTestSchema.parse({ type: 'loadTest', name: `${name}-load`, stages, maxVus: load.maxVus, profiles: 'on-breach', limits: NO_LIMITS }),
    { script, target },
  );
}
