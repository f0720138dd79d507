// Stored samples of triggers: parts of JSON lines, each with the watch in its first line. Replayed, they give the same outcome.
import { UnreadableEvidence, type Analysis } from '../analysis.ts';
import { readJsonLines } from '../json-lines.ts';
import { eventTime } from '../../verdict/wording/index.ts';
import type { TriggerWatch } from './condition.ts';
import type { TriggerSample } from './sample.ts';
import { addSample, EMPTY_TALLY, outcomeOf, triggerFacts, type TriggerOutcome, type TriggerTally } from './watch.ts';

/** First line of a part. */
export interface TriggerPart {
  trigger: TriggerWatch;
  part: number;
}

export interface ReplayedWatch {
  watch: TriggerWatch;
  tally: TriggerTally;
  /** Null: the samples end before an outcome. */
  outcome: TriggerOutcome | null;
  /** Digests of its parts. */
  evidence: string[];
}

/** The watches in these pieces of evidence, in their order; one begins with each first part. Throws UnreadableEvidence where a part is missing. */
export async function replayTriggers(
  digests: readonly string[],
  read: (digest: string) => AsyncIterable<Uint8Array>,
): Promise<ReplayedWatch[]> {
  const watches: ReplayedWatch[] = [];
  for (const digest of digests) {
    const { head, samples } = await readPart(read(digest), digest);
    if (head.part === 1) watches.push({ watch: head.trigger, tally: EMPTY_TALLY, outcome: null, evidence: [] });
    const last = watches.at(-1);
    if (last === undefined || head.part !== last.evidence.length + 1)
      throw new UnreadableEvidence(`part ${(last?.evidence.length ?? 0) + 1} of the samples is missing`, digest, 'run the step again');
    last.tally = samples.reduce((tally, sample) => addSample(tally, sample, last.watch), last.tally);
    last.outcome = outcomeOf(last.tally, last.watch);
    last.evidence.push(digest);
  }
  return watches;
}

/** The samples of one part, each with its reading. A later part begins without the state of those before it. */
export async function describeTrigger(bytes: Uint8Array): Promise<Analysis> {
  const { head, samples } = await readPart(once(bytes), 'line 1');
  const { trigger, subject } = head.trigger;
  let tally = EMPTY_TALLY;
  const rows = samples.map((sample) => {
    tally = addSample(tally, sample, head.trigger);
    return [eventTime(sample.atMs), tally.reading?.state ?? null, tally.reading?.message ?? null];
  });
  const columns = ['time', 'condition', 'measurement'].map((name) => ({ name, unit: '' }));
  const notes = head.part === 1 ? [] : [`part ${head.part} of a watch: the samples before it are in other pieces of evidence`];
  return {
    findings: [],
    facts: triggerFacts(tally, head.trigger),
    tables: [{ title: `trigger ${trigger.name} on ${subject}`, columns, rows, notes }],
  };
}

async function readPart(bytes: AsyncIterable<Uint8Array>, place: string): Promise<{ head: TriggerPart; samples: TriggerSample[] }> {
  const [head, ...samples] = (await readJsonLines(bytes)) as [TriggerPart?, ...TriggerSample[]];
  if (head?.trigger?.trigger === undefined || samples.length === 0)
    throw new UnreadableEvidence('not a record of trigger samples', place, 'capture the evidence again; the record is damaged');
  return { head, samples };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
