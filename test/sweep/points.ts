// The runs of the sweep as data: which failpoint, what happens there, how the launch would go without it, and what must be true in the end.
import { failpoints, type Failpoint } from '../../activities/failpoint.ts';

/** `kill`: the worker dies there and is started again. `terminate`: the countdown is terminated while it stands there. */
export type Mode = 'kill' | 'terminate';
/** How the launch ends when nothing happens to it. */
export type Path = 'launched' | 'rolled-back';

export const kinds = ['capture', 'register', 'apply', 'prove', 'guard', 'restore', 'settle'] as const;
export type Kind = (typeof kinds)[number];

/** Of a drill: a launch passes none of their failpoints. */
const drillEffects = ['service-switch', 'deployment-environment', 'service-fault'];

/** Kind of a failpoint; undefined for one that a launch without load and drill never passes. */
export function kindOf(point: Failpoint): Kind | undefined {
  const [first = '', act = ''] = point.split('.');
  if (drillEffects.includes(first)) return undefined;
  return kinds.find((kind) => first === kind || act === kind || act.startsWith(`${kind}-`));
}

export interface Planned {
  points: readonly Failpoint[];
  mode: Mode;
  path: Path;
}

/** Every failpoint of a bare plan, in each mode, on each path that passes it. */
export function sweepPlan(points: readonly Failpoint[] = failpoints): Planned[] {
  return (['launched', 'rolled-back'] as const).flatMap((path) =>
    points
      .filter((point) => passes(point, path))
      .flatMap((point) => (['kill', 'terminate'] as const).map((mode) => ({ points: [point], mode, path }))),
  );
}

const passes = (point: Failpoint, path: Path): boolean => {
  const kind = kindOf(point);
  return kind !== undefined && (kind !== 'restore' || path === 'rolled-back');
};

/** A breach is acted on before its samples are stored, so a launch that is rolled back need not come by there. */
export const mayBeMissed = (point: Failpoint, path: Path): boolean => point.startsWith('guard.store') && path === 'rolled-back';

export interface Expected {
  /** How the countdown ends; undefined where it is terminated. */
  ending: Path | undefined;
  /** What may serve in the end. */
  serves: readonly ('current' | 'candidate')[];
  /** Writes of the candidate's image, and of the old image, at the least and at most. */
  launchWrites: readonly [number, number];
  rollbackWrites: readonly [number, number];
  /** The restorer holds the undo and has ended once it is restored. */
  restorerEnds: boolean;
}

/** What must be true after a run, whatever happened at its points. */
export function expected({ points, mode, path }: Planned): Expected {
  if (mode === 'kill')
    return {
      ending: path,
      serves: [path === 'launched' ? 'candidate' : 'current'],
      launchWrites: [1, 1],
      rollbackWrites: path === 'launched' ? [0, 0] : [1, 1],
      restorerEnds: false,
    };
  const [point = failpoints[0]!] = points;
  const kind = kindOf(point);
  const terminated = { ending: undefined, launchWrites: [0, 1], rollbackWrites: [0, 1] } as const;
  // Nobody holds an undo yet, so nothing may have been written.
  if (kind === 'capture' || point.endsWith('.register.before'))
    return { ...terminated, serves: ['current'], launchWrites: [0, 0], rollbackWrites: [0, 0], restorerEnds: false };
  // The settlement under way may still come through: then the launch stands, and its restorer keeps the undo.
  if (kind === 'settle' && path === 'launched')
    return { ...terminated, serves: ['current', 'candidate'], launchWrites: [1, 1], restorerEnds: false };
  return { ...terminated, serves: ['current'], restorerEnds: kind !== 'settle' };
}
