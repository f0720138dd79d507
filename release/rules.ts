// Rules between the fields of a release file: one function per rule, each with a hint.
import { durationMs, readDuration } from './duration.ts';
import { guardSchema } from './steps/guard.ts';
import { drillRules } from './drill-rules.ts';
import { outlineOf, stepsOf } from './outline.ts';
import type { CheckpointOutline, Outline } from './outline.ts';
import { shortWord } from './problem.ts';
import type { Path } from './problem.ts';
import { objection } from './sentences.ts';
import type { Objection } from './sentences.ts';
import { fitStandardPlan } from './standard-plan.ts';
import { watchedFromTheLaunch } from './watched-launch.ts';

export interface Ruling {
  errors: Objection[];
  warnings: Objection[];
}

/** All violations of the rules. `lineOf`: line of a path, for messages that refer to another place. */
export function ruleRelease(content: unknown, lineOf: (path: Path) => number): Ruling {
  const outline = outlineOf(content);
  if (!outline) return { errors: [], warnings: [] };
  const { checkpoints } = outline;
  const planned = checkpoints ?? [];
  return {
    errors: [
      ...launchTimeOnce(outline),
      ...(checkpoints === null ? standardPlanFits(outline) : []),
      ...reachable(outline, planned),
      ...inOrder(planned, lineOf),
      ...namedOnce(planned, lineOf),
      ...doingSomething(planned),
      ...loadTestsComplete(outline, planned),
      ...launchRules(planned, lineOf),
      ...watchedFromTheLaunch(planned, lineOf),
      ...guardTimes(planned),
      ...drillRules(outline, planned),
    ],
    warnings: checkpoints === null ? standardPlanMoved(outline) : launchWarnings(planned),
  };
}

function launchTimeOnce({ spec }: Outline): Objection[] {
  const written = ['countdown', 'launchAt'].filter((field) => spec[field] !== undefined);
  if (written.length === 1) return [];
  if (written.length === 2)
    return [objection(['spec', 'launchAt'], '"countdown" and "launchAt" are both given', 'keep one of them', 'key')];
  return [
    {
      ...objection(
        ['spec'],
        '"countdown" or "launchAt" is missing',
        'set the launch time, as countdown: 72h or launchAt: 2026-11-25T09:00:00Z',
      ),
      missing: ['countdown', 'launchAt'],
    },
  ];
}

function standardPlanFits({ countdown, load }: Outline): Objection[] {
  const short = fitStandardPlan(countdown).fits === 'not';
  const lacking = load === null ? [] : ['script', 'target'].filter((field) => load[field] === undefined);
  return [
    ...(short
      ? [
          objection(
            ['spec', 'countdown'],
            `${countdown} is too short for the standard plan`,
            'give it more than 1h, or write your own checkpoints',
          ),
        ]
      : []),
    ...lacking.map((field) => ({
      ...objection(
        ['spec', 'load'],
        `"${field}" is missing for the load test of the standard plan`,
        'write load: { script: k6/shop.js, target: shop-staging }',
      ),
      missing: [field],
    })),
  ];
}

function standardPlanMoved({ countdown }: Outline): Objection[] {
  const fit = fitStandardPlan(countdown);
  if (fit.fits !== 'moved') return [];
  return [
    objection(
      ['spec', 'countdown'],
      `the standard plan begins at T-72h, but the countdown is ${countdown} long`,
      `its first checkpoint moves to ${fit.firstAt}`,
    ),
  ];
}

function reachable({ countdown, countdownMs }: Outline, checkpoints: CheckpointOutline[]): Objection[] {
  return checkpoints
    .filter(({ offsetMs = 0 }) => countdownMs !== undefined && offsetMs > countdownMs)
    .map(({ path, at }) =>
      objection(
        [...path, 'at'],
        `${at} is never reached because the countdown is only ${countdown} long`,
        'make the countdown longer or move the checkpoint closer to the launch',
      ),
    );
}

function inOrder(checkpoints: CheckpointOutline[], lineOf: (path: Path) => number): Objection[] {
  return checkpoints.flatMap(({ path, at, offsetMs }, index) => {
    const before = checkpoints.slice(0, index).findLast((other) => other.offsetMs !== undefined);
    if (offsetMs === undefined || before?.offsetMs === undefined || offsetMs < before.offsetMs) return [];
    const line = lineOf([...before.path, 'at']);
    if (offsetMs === before.offsetMs)
      return [
        objection(
          [...path, 'at'],
          `two checkpoints are due at ${at}`,
          `the other is on line ${line}; give them different times or merge them`,
        ),
      ];
    return [
      objection([...path, 'at'], `${at} comes before ${before.at}, which is above it on line ${line}`, 'list checkpoints earliest first'),
    ];
  });
}

function namedOnce(checkpoints: CheckpointOutline[], lineOf: (path: Path) => number): Objection[] {
  const named = checkpoints.flatMap(({ path, name }) => (name === undefined ? [] : [{ name, path: [...path, 'name'] }]));
  const steps = checkpoints.flatMap((checkpoint) => checkpoint.steps).map(({ name, namePath }) => ({ name, path: namePath }));
  return [...repeated('checkpoints', named, lineOf), ...repeated('steps', steps, lineOf)];
}

function repeated(what: string, named: { name: string; path: Path }[], lineOf: (path: Path) => number): Objection[] {
  const first = new Map<string, Path>();
  return named.flatMap(({ name, path }) => {
    const other = first.get(name);
    if (!other) first.set(name, path);
    return other
      ? [objection(path, `two ${what} are named "${shortWord(name)}"`, `the other is on line ${lineOf(other)}; give this one another name`)]
      : [];
  });
}

function doingSomething(checkpoints: CheckpointOutline[]): Objection[] {
  return checkpoints
    .filter(({ readable, steps, asksPeople }) => readable && steps.length === 0 && !asksPeople)
    .map(({ path }) => objection(path, 'this checkpoint has no steps and no approval', 'add steps or an approval'));
}

function loadTestsComplete({ load }: Outline, checkpoints: CheckpointOutline[]): Objection[] {
  return stepsOf(checkpoints, 'loadTest').flatMap(({ path, fields }) =>
    ['script', 'target']
      .filter((field) => fields[field] === undefined && load !== null && load[field] === undefined)
      .map((field) => ({
        ...objection(path, `"${field}" is missing for this load test`, `add it here, or for all load tests as spec.load.${field}`),
        missing: [field],
      })),
  );
}

function launchRules(checkpoints: CheckpointOutline[], lineOf: (path: Path) => number): Objection[] {
  const [launch, ...more] = stepsOf(checkpoints, 'launch');
  const order = checkpoints.flatMap(({ steps }) => steps);
  const early = stepsOf(checkpoints, 'guard').filter((guard) => !launch || order.indexOf(guard) < order.indexOf(launch));
  return [
    ...more.map(({ path }) =>
      objection(path, 'a release is launched only once', `the other launch is on line ${launch ? lineOf(launch.path) : 0}; remove one`),
    ),
    ...early.map(({ path }) =>
      objection(path, 'there is no launch before this guard', 'put the guard directly after the launch it watches'),
    ),
    ...checkpoints.filter(({ steps }) => steps.some(({ type }) => type === 'launch')).flatMap(launchCheckpoint),
  ];
}

function launchCheckpoint({ path, at, offsetMs, asksPeople }: CheckpointOutline): Objection[] {
  return [
    ...(offsetMs !== undefined && offsetMs > 0
      ? [objection([...path, 'at'], `a launch at ${at} would come before the launch time`, 'put the launch step into a checkpoint at T-0')]
      : []),
    ...(asksPeople
      ? [
          objection(
            [...path, 'approval'],
            'this approval would come after the launch, because approvals follow the steps of a checkpoint',
            'move it to an earlier checkpoint',
            'key',
          ),
        ]
      : []),
  ];
}

function launchWarnings(checkpoints: CheckpointOutline[]): Objection[] {
  if (checkpoints.length === 0 || stepsOf(checkpoints, 'launch').length > 0) return [];
  return [
    objection(
      ['spec', 'checkpoints'],
      'no checkpoint has a launch step',
      'add { type: launch } and { type: guard } at T-0 if the release should go live',
      'key',
    ),
  ];
}

function guardTimes(checkpoints: CheckpointOutline[]): Objection[] {
  const times = guardSchema.parse({ type: 'guard' });
  return stepsOf(checkpoints, 'guard').flatMap(({ path, fields }) => {
    const [bake, interval, noDataAfter, liveDeadline] = (['bake', 'interval', 'noDataAfter', 'liveDeadline'] as const).map((field) =>
      lengthOf(fields[field] ?? times[field]),
    );
    if (bake === undefined || interval === undefined || noDataAfter === undefined || liveDeadline === undefined) return [];
    const maxBake = lengthOf(fields['maxBake']);
    return [
      ...(interval > bake
        ? [
            objection(
              [...path, 'interval'],
              'the guard would take no sample within its bake time',
              'make the interval shorter or the bake time longer',
            ),
          ]
        : []),
      ...(noDataAfter < interval
        ? [
            objection(
              [...path, 'noDataAfter'],
              'data would count as missing between two samples',
              'make noDataAfter at least as long as interval',
            ),
          ]
        : []),
      ...(maxBake !== undefined && maxBake < bake
        ? [objection([...path, 'maxBake'], 'maxBake is shorter than bake', 'make maxBake at least as long as bake')]
        : []),
      ...(liveDeadline <= noDataAfter
        ? [
            objection(
              [...path, 'liveDeadline'],
              'the guard would roll back before people are notified of missing data',
              'make liveDeadline longer than noDataAfter',
            ),
          ]
        : []),
    ];
  });
}

/** Undefined if it is not a duration: the schema reports that. */
function lengthOf(value: unknown): number | undefined {
  return typeof value === 'string' && readDuration(value).ok ? durationMs(value) : undefined;
}
