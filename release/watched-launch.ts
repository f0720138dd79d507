// The rule that exactly one guard directly follows a launch.
import { stepsOf } from './outline.ts';
import type { CheckpointOutline } from './outline.ts';
import type { Path } from './problem.ts';
import { objection } from './sentences.ts';
import type { Objection } from './sentences.ts';

/**
 * A launch is watched from its first second: exactly one guard, as the next step. With anything between them, or without a guard, the new
 * version would be live with nothing to roll it back.
 */
export function watchedFromTheLaunch(checkpoints: CheckpointOutline[], lineOf: (path: Path) => number): Objection[] {
  const [launch, ...more] = stepsOf(checkpoints, 'launch');
  // Several launches, and malformed steps beside the launch, are reported elsewhere.
  const beside = checkpoints.find(({ steps }) => launch !== undefined && steps.includes(launch));
  if (!launch || !beside?.readable || more.length > 0) return [];
  const guards = stepsOf(checkpoints, 'guard');
  if (guards.length === 0)
    return [
      objection(
        launch.path,
        'this launch has no guard',
        'add { type: guard } as the next step; it rolls back a version that exceeds its limits',
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
            `this guard is not the next step after the launch on line ${lineOf(launch.path)}, so the service is unwatched in between`,
            'move it directly after the launch, into the same checkpoint',
          ),
        ]),
    ...others.map(({ path }) =>
      objection(path, 'a launch has exactly one guard', `the other guard is on line ${lineOf(guard.path)}; remove one`),
    ),
  ];
}
