// The watches of a trigger in the record of a drill, against the samples that each was decided on.
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import type { DrillRecord } from '../../analysis/drill/record.ts';
import { replayTriggers } from '../../analysis/trigger/record.ts';
import type { StoredEvidence } from './stored-evidence.ts';

/** Throws UnreadableEvidence where the samples of a watch are missing, or show another outcome than the record has. */
export async function checkWatches(
  { trigger, before, detected, recovered, after }: DrillRecord,
  { refs, read }: StoredEvidence,
): Promise<void> {
  const digests = refs.filter(({ kind }) => kind === 'trigger-samples').map(({ digest }) => digest);
  const replayed = await replayTriggers(digests, read);
  const recorded = [before, detected, recovered, after].filter((watch) => watch !== null);
  for (const [index, { outcome, at, message }] of recorded.entries()) {
    const again = replayed[index]?.outcome;
    const shown = again ? { outcome: again.outcome, at: new Date(again.atMs).toISOString(), message: again.message } : null;
    if (shown !== null && shown.outcome === outcome && shown.at === at && shown.message === message) continue;
    const found = shown === null ? 'are missing or end before an outcome' : `show: ${shown.outcome} at ${shown.at}, ${shown.message}`;
    throw new UnreadableEvidence(
      `the samples of trigger ${trigger} ${found}; the record has: ${outcome} at ${at}, ${message}`,
      `watch ${index + 1} of ${recorded.length}`,
      'run the drill again',
    );
  }
}
