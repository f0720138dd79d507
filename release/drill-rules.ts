// Rules of drills: every name is in the emergency plan, and the drill has what it runs with.
import { durationMs, readDuration } from './duration.ts';
import { LIMITS_WAITED } from './drill-waits.ts';
import { drillSchema } from './steps/drill.ts';
import { stepsOf, type CheckpointOutline, type Outline, type StepOutline } from './outline.ts';
import { nearName } from './near-name.ts';
import { shortWord, type Path } from './problem.ts';
import { objection, type Objection } from './sentences.ts';

/** All violations. Malformed parts are reported by the schema, not here. */
export function drillRules(outline: Outline, checkpoints: CheckpointOutline[]): Objection[] {
  const plan = planOf(outline);
  const drills = stepsOf(checkpoints, 'drill');
  return [
    ...drills.flatMap((drill) => [
      ...named(drill, plan),
      ...apart(drill, plan),
      ...complete(drill, outline),
      ...inStaging(drill, outline),
      ...inTime(drill),
    ]),
    ...beforeTheLaunch(drills, checkpoints),
  ];
}

interface Plan {
  triggers: string[];
  actions: string[];
  /** What an action changes, by its name. */
  targets: Map<string, string>;
}

function planOf({ spec }: Outline): Plan {
  const contingency = spec['contingency'];
  const listed = (list: 'triggers' | 'actions'): unknown[] => {
    const written: unknown = (contingency as Record<string, unknown> | undefined)?.[list];
    return Array.isArray(written) ? written : [];
  };
  const actions = listed('actions');
  return {
    triggers: listed('triggers').flatMap(nameOf),
    actions: actions.flatMap(nameOf),
    targets: new Map(actions.flatMap((each) => nameOf(each).map((name) => [name, targetOf(each)] as const))),
  };
}

const targetOf = (action: unknown): string => {
  const { type, switch: name } = action as { type?: unknown; switch?: unknown };
  return type === 'switch' ? `switch ${String(name)}` : String(type);
};

const nameOf = (each: unknown): string[] => {
  const name = (each as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? [name] : [];
};

function named({ path, fields }: StepOutline, { triggers, actions }: Plan): Objection[] {
  const wanted: unknown = fields['actions'];
  const asked = Array.isArray(wanted) ? wanted : [];
  return [
    ...(typeof fields['trigger'] === 'string' ? unknown([...path, 'trigger'], 'trigger', fields['trigger'], triggers) : []),
    ...asked.flatMap((action: unknown, index) =>
      typeof action === 'string' ? unknown([...path, 'actions', index], 'action', action, actions) : [],
    ),
    ...(actions.length === 0
      ? [objection(path, 'the release has no emergency action to drill', 'add one under spec.contingency.actions')]
      : []),
  ];
}

/** Of two changes of one switch, or of one Deployment, the second would not find what it recorded, and a restore could not tell them apart. */
function apart({ path, fields }: StepOutline, { actions, targets }: Plan): Objection[] {
  const wanted: unknown = fields['actions'];
  const asked: unknown[] = Array.isArray(wanted) ? wanted : actions;
  return asked.flatMap((action, index) => {
    const target = targets.get(String(action));
    const first = target === undefined ? -1 : asked.findIndex((each) => targets.get(String(each)) === target);
    if (first < 0 || first === index) return [];
    const place = Array.isArray(wanted) ? [...path, 'actions', index] : path;
    return [
      objection(
        place,
        `action "${shortWord(String(action))}" changes the same as action "${shortWord(String(asked[first]))}"`,
        'use each switch once, and one variable, in a drill',
      ),
    ];
  });
}

/** The switch and fault endpoints accept no longer TTL. */
const MAX_DURATION_MS = 24 * 3_600_000;
/** Restore and proof are attempts of this length each; an undo is tried for a day, which has to hold several. */
const MAX_RESTORE_MS = 3_600_000;

/** Fault and switches must not end by themselves, and the restorer must not act, while the drill still waits for the trigger. */
function inTime({ path, fields }: StepOutline): Objection[] {
  const limits = fieldsOf(fields['limits']);
  const defaults = drillSchema.shape.limits.parse({});
  const length = (value: unknown, otherwise: string): number => lengthOf(value) ?? durationMs(otherwise);
  const [detect, recover, restore] = (['detect', 'recover', 'restore'] as const).map((link) => length(limits[link], defaults[link])) as [
    number,
    number,
    number,
  ];
  const whole = length(fields['maxDuration'], drillSchema.shape.maxDuration.parse(undefined));
  const needed = LIMITS_WAITED * (detect + recover);
  const at = [...path, 'maxDuration'];
  return [
    ...(whole < needed
      ? [
          objection(
            at,
            'the drill would end by itself while it waits',
            `make maxDuration at least twice detect and recover together, ${needed / 1_000}s`,
          ),
        ]
      : []),
    ...(whole > MAX_DURATION_MS ? [objection(at, 'the fault would last longer than a day', 'make maxDuration at most 24h')] : []),
    ...(restore > MAX_RESTORE_MS
      ? [objection([...path, 'limits', 'restore'], 'this limit is longer than an hour', 'make it at most 1h')]
      : []),
  ];
}

/** Undefined if it is not a duration: the schema reports that. */
const lengthOf = (value: unknown): number | undefined =>
  typeof value === 'string' && readDuration(value).ok ? durationMs(value) : undefined;

/** The Deployment in staging has a name of its own, or a namespace or cluster. */
function inStaging({ path }: StepOutline, { spec }: Outline): Objection[] {
  const [service, staging] = [fieldsOf(spec['service']), fieldsOf(spec['staging'])];
  const deployment = service['deployment'] ?? service['name'];
  const isLive =
    (staging['cluster'] ?? spec['cluster']) === spec['cluster'] &&
    staging['namespace'] !== undefined &&
    staging['namespace'] === service['namespace'] &&
    (staging['deployment'] ?? deployment) === deployment;
  return isLive
    ? [
        objection(
          path,
          'this drill would break production: spec.staging is the Deployment of spec.service',
          'set spec.staging.namespace, deployment or cluster to those of the staging environment',
        ),
      ]
    : [];
}

const fieldsOf = (written: unknown): Record<string, unknown> =>
  typeof written === 'object' && written !== null ? (written as Record<string, unknown>) : {};

function unknown(path: Path, kind: 'trigger' | 'action', name: string, known: readonly string[]): Objection[] {
  if (known.includes(name)) return [];
  const near = nearName(name, known);
  const hint =
    near === null ? `it has ${known.map(shortWord).join(', ') || 'none'}; add it to spec.contingency.${kind}s` : `did you mean "${near}"?`;
  return [objection(path, `spec.contingency has no ${kind} "${shortWord(name)}"`, hint)];
}

function complete({ path, fields }: StepOutline, { load }: Outline): Objection[] {
  const own = fields['load'];
  if (typeof own !== 'object' || own === null || load === null) return [];
  return ['script', 'target']
    .filter((field) => (own as Record<string, unknown>)[field] === undefined && load[field] === undefined)
    .map((field) => ({
      ...objection(
        [...path, 'load'],
        `"${field}" is missing for the load of this drill`,
        `add it here, or for all loads as spec.load.${field}`,
      ),
      missing: [field],
    }));
}

/** After the launch the service is watched by the guard, and a drill would disturb it. */
function beforeTheLaunch(drills: StepOutline[], checkpoints: CheckpointOutline[]): Objection[] {
  const order = checkpoints.flatMap(({ steps }) => steps);
  const launch = order.findIndex(({ type }) => type === 'launch');
  return drills
    .filter((drill) => launch >= 0 && order.indexOf(drill) > launch)
    .map(({ path }) => objection(path, 'this drill comes after the launch', 'put it into a checkpoint before the launch'));
}
