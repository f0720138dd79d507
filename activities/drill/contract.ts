// Activities of the drill itself. Types only: workflows import this file, never the implementation.
import type { DrillRecord } from '../../analysis/drill/record.ts';
import type { StepReport } from '../steps-contract.ts';

export interface DrillActivities {
  /** Stores the record as evidence of kind `drill-record` and judges it. */
  judgeDrill(record: DrillRecord): Promise<StepReport>;
}

export type { DrillRecord } from '../../analysis/drill/record.ts';
