import { z } from 'zod';
import { label } from '../fields.ts';

export const diagnosisSchema = z
  .strictObject({
    type: z.literal('diagnosis').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('diagnosis'),
    postgres: label("Database whose slow statements are collected and explained, from the environment file's `postgres`.", {
      defaultText: '`spec.diagnosis.postgres`',
    }).optional(),
    traces: label("Trace store of the service, from the environment file's `traces`.", {
      defaultText: '`spec.diagnosis.traces`',
    }).optional(),
  })
  .meta({
    description: 'Diagnoses the load tests before it in the checkpoint from their profiles, samples and traces, and reports the cause.',
  });

/** Where a name is left out here and in `spec.diagnosis`, that kind of evidence is not asked for, and the diagnosis lists what is missing. */
export type DiagnosisStep = z.output<typeof diagnosisSchema>;
