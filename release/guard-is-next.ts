// The rule of watched-launch.ts for a plan that did not come through a release file, such as one started at Temporal directly.

/** True when there is no launch, or exactly one launch and exactly one guard, which is the next step of the same checkpoint. */
export function guardIsNext(checkpoints: readonly { steps: readonly { type: string }[] }[]): boolean {
  const count = (wanted: string) => checkpoints.flatMap(({ steps }) => steps).filter(({ type }) => type === wanted).length;
  if (count('launch') === 0) return true;
  const isNext = checkpoints.some(({ steps }) => steps.some(({ type }, index) => type === 'launch' && steps[index + 1]?.type === 'guard'));
  return count('launch') === 1 && count('guard') === 1 && isNext;
}
