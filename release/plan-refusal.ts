// Rules of a plan that was not read from a release file, such as one started directly in Temporal: without them a version could be live and
// unwatched. For release files, rules.ts and watched-launch.ts report the same with a place.

interface PlannedCheckpoint {
  name: string;
  steps: readonly { name: string; type: string }[];
}

/** Why the plan is refused, or null. Steps are found by name, so two of one name could be mixed up. */
export function explainRefusedPlan(checkpoints: readonly PlannedCheckpoint[]): string | null {
  const twice =
    repeated(checkpoints.map(({ name }) => name)) ??
    checkpoints.map(({ steps }) => repeated(steps.map(({ name }) => name))).find((name) => name);
  if (twice !== undefined)
    return `the plan has the name ${twice} twice; names of checkpoints, and of the steps of a checkpoint, must be unique`;
  const count = (wanted: string) => checkpoints.flatMap(({ steps }) => steps).filter(({ type }) => type === wanted).length;
  if (count('launch') === 0) return null;
  const isNext = checkpoints.some(({ steps }) => steps.some(({ type }, index) => type === 'launch' && steps[index + 1]?.type === 'guard'));
  if (count('launch') === 1 && count('guard') === 1 && isNext) return null;
  return (
    'the plan launches without a guard as its next step, so the live version would be unwatched; ' +
    'put one guard directly after one launch, in the same checkpoint'
  );
}

const repeated = (names: readonly string[]): string | undefined => names.find((name, index) => names.indexOf(name) !== index);
