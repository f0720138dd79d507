// The records of a watched rollout and of the proof that one version serves. The first line has the request, the last one the result.
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { readJsonLines } from '../../analysis/json-lines.ts';
import { rolloutOutcome, type WatchEnd, type WatchedRollout } from '../../analysis/rollout/outcome.ts';
import type { RolloutState } from '../../analysis/rollout/rollout-state.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { Place, RolloutFacts, VersionFacts } from '../../verdict/rollout.ts';
import { empty, missing, type StoredEvidence } from './stored-evidence.ts';

interface AskedWatch extends WatchedRollout {
  target: Place;
  startedAfterMs?: number | null;
}

interface AskedProof {
  target: Place;
  image: string;
  timeoutMs: number;
  healthTarget: string;
  testedImageIds?: string[] | null;
}

/** Null: the step did not reach this part, or could not store its evidence. */
export interface Rollouts {
  target: Place;
  image: string;
  rollout: { asked: AskedWatch; saw: RolloutFacts } | null;
  proof: { asked: AskedProof; saw: VersionFacts } | null;
}

/** Finds the two records by their requests, in any order and among other evidence. */
export async function readRollouts({ refs, read }: StoredEvidence): Promise<Rollouts> {
  let [rollout, proof]: [Rollouts['rollout'], Rollouts['proof']] = [null, null];
  for (const ref of refs.filter(({ kind }) => kind === 'rollout-events')) {
    const lines = (await readJsonLines(read(ref.digest))) as Line[];
    const [asked, last] = [lines[0]?.asked, lines.at(-1)];
    if (!asked || !last?.saw) throw empty(ref.digest);
    if (isProof(asked)) {
      if (proof !== null) throw twice(ref);
      proof = { asked, saw: { ...(last.saw as Omit<VersionFacts, 'evidence'>), evidence: [ref] } };
    } else {
      if (rollout !== null) throw twice(ref);
      rollout = { asked, saw: { ...outcomeOf(asked, lines, last), evidence: [ref] } };
    }
  }
  const asked = rollout?.asked ?? proof?.asked;
  if (asked === undefined) throw missing('rollout-events');
  return { target: asked.target, image: asked.image, rollout, proof };
}

type Line = { asked?: AskedWatch | AskedProof; saw?: object; end?: WatchEnd } & Partial<RolloutState>;

const isProof = (asked: AskedWatch | AskedProof): asked is AskedProof => 'healthTarget' in asked;

/** Recomputed from the samples; records of older versions have only the result. */
function outcomeOf(asked: AskedWatch, lines: readonly Line[], { saw, end }: Line): Omit<RolloutFacts, 'evidence'> {
  if (end === undefined) return saw as Omit<RolloutFacts, 'evidence'>;
  return rolloutOutcome(asked, lines.filter(isSample), end);
}

const isSample = (line: Line): line is Line & RolloutState =>
  line.observedGeneration !== undefined && line.replicaSetConditions !== undefined;

const twice = ({ digest }: EvidenceRef): UnreadableEvidence =>
  new UnreadableEvidence('a second record of the same kind, where one was expected', digest, 'run the step again');
