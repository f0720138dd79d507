// The activity of the step `diagnosis`: reads the remaining data, stores the record of all inputs, and explains it.
import { Context } from '@temporalio/activity';
import type { DiagnosisRecord } from '../../analysis/diagnosis/record.ts';
import { withoutUselessRetry } from '../refusal.ts';
import type { StepActivities, StepReport } from '../steps-contract.ts';
import { explainApart, type Explained } from './explain-apart.ts';
import { gather, type GatherDependencies } from './gather.ts';
import { recordOf } from './record-of.ts';

const HEARTBEAT_EVERY_MS = 2_000;

export interface RunDiagnosisDependencies extends GatherDependencies {
  /** Folder of the evidence store, for the thread that reads it. */
  evidenceFolder: string;
}

export function createDiagnosisActivities(dependencies: RunDiagnosisDependencies): Pick<StepActivities, 'runDiagnosis'> {
  return {
    async runDiagnosis(input) {
      const context = Context.current();
      const beats = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
      try {
        const gathered = await gather(input, dependencies);
        return await explainRecord(recordOf(input, gathered), gathered.evidence, dependencies, context.cancellationSignal);
      } catch (cause) {
        if (context.cancellationSignal.aborted) await context.cancelled;
        throw withoutUselessRetry(cause);
      } finally {
        clearInterval(beats);
      }
    },
  };
}

/** Stores the record and explains it in a worker thread: that takes seconds of CPU, and heartbeats must continue. */
async function explainRecord(
  record: DiagnosisRecord,
  evidence: StepReport['evidence'],
  { store, evidenceFolder }: RunDiagnosisDependencies,
  signal: AbortSignal,
): Promise<StepReport> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
  const kept = await store.put({ kind: 'diagnosis', mediaType: 'application/json', source: record.service }, bytes);
  const { findings, facts }: Explained = await explainApart({ record, recordDigest: kept.digest, evidenceFolder }, signal);
  return { findings, facts, evidence: [kept, ...evidence] };
}
