import { z } from 'zod';
import { label } from '../fields.ts';

export const analysisSchema = z
  .strictObject({
    type: z.literal('analysis').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('analysis'),
    postgres: label("Database whose slow statements are read and explained, from the environment file's `postgres`.", {
      defaultText: '`spec.diagnosis.postgres`',
    }).optional(),
    traces: label("Where the traces of the service are asked for, from the environment file's `traces`.", {
      defaultText: '`spec.diagnosis.traces`',
    }).optional(),
  })
  .meta({
    description:
      'Says what the load tests before it in the checkpoint mean: reads their profiles, samples and traces, and names the cause.',
  });

/** Where a name is left out here and in `spec.diagnosis`, that kind of evidence is not asked for, and the analysis says what it cannot know. */
export type AnalysisStep = z.output<typeof analysisSchema>;
