// Whether a valid release can be started now: asked by `tminus validate`, by a dry run and by the start itself, with the same answers.
import { time } from '../verdict/wording/index.ts';
import { objectionsByPolicy, type StartPolicy, type StartObjection } from './start-policy.ts';
import { lateCheckpoints, planOf } from './plan.ts';
import type { Path } from './problem.ts';
import type { Release } from './release.ts';

export interface Start {
  /** null: there is no environment file, so names and approvals are not checked. */
  startPolicy: StartPolicy | null;
  /** Why this k6 script cannot be sent or was not sent; null where it is there. */
  explainScript: (path: string) => { message: string; hint: string } | null;
  nowMs: number;
}

/** All objections at once. Empty if the release can be started. */
export function objectionsToStart(release: Release, { startPolicy, explainScript, nowMs }: Start): StartObjection[] {
  return [
    ...(startPolicy === null ? [] : objectionsByPolicy(release, startPolicy)),
    ...objectionsOfScripts(release, explainScript),
    ...objectionsOfTime(release, nowMs),
  ];
}

/** Paths of the k6 scripts that a release names, each once. */
export const scriptsOf = (release: Release): string[] => [...new Set(scriptMentions(release).map(({ script }) => script))];

/** Reports missing scripts at the start, not three days later. */
export function objectionsOfScripts(release: Release, explainScript: Start['explainScript']): StartObjection[] {
  const mentions = scriptMentions(release);
  return scriptsOf(release).flatMap((script) => {
    const why = explainScript(script);
    return why === null ? [] : [{ paths: mentions.find((each) => each.script === script)?.paths ?? [], ...why }];
  });
}

function scriptMentions({ spec }: Release): { script: string; paths: Path[] }[] {
  return spec.checkpoints.flatMap(({ steps }, checkpoint) =>
    steps.flatMap((step, at) => {
      const own: Path = ['spec', 'checkpoints', checkpoint, 'steps', at];
      const shared: Path = ['spec', 'load', 'script'];
      if (step.type === 'loadTest') return [{ script: step.script, paths: [[...own, 'script'], shared] }];
      return step.type === 'drill' && step.load !== null ? [{ script: step.load.script, paths: [[...own, 'load', 'script'], shared] }] : [];
    }),
  );
}

/** One objection if the launch time is in the past; otherwise one per checkpoint that would be skipped. */
function objectionsOfTime(release: Release, nowMs: number): StartObjection[] {
  const plan = planOf(release, nowMs);
  const launchTime: Path[] = [
    ['spec', 'launchAt'],
    ['spec', 'countdown'],
  ];
  if (plan.launchAtMs < nowMs)
    return [{ paths: launchTime, message: `the launch time ${time(plan.launchAtMs)} is in the past`, hint: 'choose a later launch time' }];
  return lateCheckpoints(plan, nowMs).map(({ name, offset, atMs }) => ({
    paths: [['spec', 'checkpoints', release.spec.checkpoints.findIndex((each) => each.name === name), 'at'], ...launchTime],
    message: `checkpoint ${offset} ${name} would have been due at ${time(atMs)}, which is in the past`,
    hint: 'choose a later launch time or remove the checkpoint',
  }));
}
