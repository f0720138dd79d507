// A launched release is what the next one is compared with.
import { proxyActivities } from '@temporalio/workflow';
import type { BookkeepingActivities, LastGood } from '../activities/bookkeeping-contract.ts';
import { quick } from './activity-options.ts';
import { record } from './change.ts';
import { specOf, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { productionOf } from './step.ts';

const { keepLastGood } = proxyActivities<BookkeepingActivities>(quick);

/** Remembers what this countdown launched. That it could not be remembered is a line in the audit: the launch stands. */
export async function rememberAsGood(state: CountdownState): Promise<void> {
  const { release } = state.input;
  if (!release.spec.checkpoints.some(({ steps }) => steps.some(({ type }) => type === 'launch'))) return;
  try {
    await keepLastGood(productionOf(release), { release: release.metadata.name, loadTests: loadPoints(state) });
  } catch (error) {
    record(state, Date.now(), 'tminus', 'last-good.not-kept', release.metadata.name, failureMessage(error));
  }
}

/** Where the points of the load tests lie that this countdown ran. */
const loadPoints = ({ input, checkpoints }: CountdownState): LastGood['loadTests'] =>
  checkpoints.flatMap(({ name: checkpoint, steps }) =>
    steps.flatMap(({ name, state, evidence }) => {
      const points = state === 'done' ? evidence.find(({ kind }) => kind === 'k6-points') : undefined;
      const isLoadTest = specOf(input, checkpoint).steps.some((step) => step.name === name && step.type === 'loadTest');
      return points && isLoadTest ? [{ name, points: points.digest }] : [];
    }),
  );
