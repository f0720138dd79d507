// The record of a drill becomes evidence first; its findings follow from the stored bytes.
import { judgeDrill } from '../../analysis/drill/judge.ts';
import { readDrillRecord } from '../../analysis/drill/record.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { DrillActivities } from './contract.ts';

/** The drill's activities with the evidence store of one worker. */
export const createDrillActivities = ({ store }: { store: EvidenceStore }): DrillActivities => ({
  async judgeDrill(record) {
    const bytes = Buffer.from(JSON.stringify(record), 'utf8');
    const ref = await store.put({ kind: 'drill-record', mediaType: 'application/json', source: `drill ${record.drill}` }, bytes);
    const { findings, facts } = judgeDrill(readDrillRecord(bytes), [ref.digest]);
    return { findings, facts, evidence: [ref] };
  },
});
