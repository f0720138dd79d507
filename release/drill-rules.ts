// Rules of drills: every name is in the emergency plan, and the drill has what it runs with.
import { stepsOf, type CheckpointOutline, type Outline, type StepOutline } from './outline.ts';
import { nearName } from './near-name.ts';
import { shortWord, type Path } from './problem.ts';
import { objection, type Objection } from './sentences.ts';

/** All violations. Malformed parts are reported by the schema, not here. */
export function drillRules(outline: Outline, checkpoints: CheckpointOutline[]): Objection[] {
  const plan = planOf(outline);
  const drills = stepsOf(checkpoints, 'drill');
  return [...drills.flatMap((drill) => [...named(drill, plan), ...complete(drill, outline)]), ...beforeTheLaunch(drills, checkpoints)];
}

interface Plan {
  triggers: string[];
  actions: string[];
}

function planOf({ spec }: Outline): Plan {
  const contingency = spec['contingency'];
  const names = (list: 'triggers' | 'actions'): string[] => {
    const written: unknown = (contingency as Record<string, unknown> | undefined)?.[list];
    return Array.isArray(written) ? written.flatMap((each: unknown) => nameOf(each)) : [];
  };
  return { triggers: names('triggers'), actions: names('actions') };
}

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
