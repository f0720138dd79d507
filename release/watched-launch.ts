// The rule that a launch has its guard: one, and at once.
import { stepsOf } from './outline.ts';
import type { CheckpointOutline } from './outline.ts';
import type { Path } from './problem.ts';
import { objection } from './sentences.ts';
import type { Objection } from './sentences.ts';

/**
 * A launch is watched from its first second: exactly one guard, as the next step. A step between them, a checkpoint between them or no guard at
 * all would leave the new version live with nothing to roll it back.
 */
export function watchedFromTheLaunch(checkpoints: CheckpointOutline[], lineOf: (path: Path) => number): Objection[] {
  const [launch, ...more] = stepsOf(checkpoints, 'launch');
  // More than one launch, and a step that cannot be read beside the launch, have their own messages; these here would only follow from them.
  const beside = checkpoints.find(({ steps }) => launch !== undefined && steps.includes(launch));
  if (!launch || !beside?.readable || more.length > 0) return [];
  const guards = stepsOf(checkpoints, 'guard');
  if (guards.length === 0)
    return [
      objection(
        launch.path,
        'nothing watches this launch',
        'add { type: guard } as the next step; it rolls back a version that breaks its limits',
      ),
    ];
  const order = checkpoints.flatMap(({ steps }) => steps);
  const [guard, ...others] = guards.filter((each) => order.indexOf(each) > order.indexOf(launch));
  if (!guard) return [];
  const next = beside.steps[beside.steps.indexOf(launch) + 1];
  return [
    ...(guard === next
      ? []
      : [
          objection(
            guard.path,
            `this guard is not the next step after the launch on line ${lineOf(launch.path)}, so nothing watches the service in between`,
            'move it directly after the launch, into the same checkpoint',
          ),
        ]),
    ...others.map(({ path }) =>
      objection(path, 'a launch has exactly one guard', `the other guard is on line ${lineOf(guard.path)}; remove one`),
    ),
  ];
}
