// The emergency plan of a release: what is an emergency, and what is done about it.
import { z } from 'zod';
import { actionSchema } from './actions.ts';
import { triggerSchema } from './triggers.ts';

const MAX_TRIGGERS = 20;
const MAX_ACTIONS = 20;

export const contingencySchema = z
  .strictObject({
    triggers: z
      .array(triggerSchema)
      .max(MAX_TRIGGERS)
      .meta({ description: 'Conditions; while one holds, an emergency is on.' })
      .default([]),
    actions: z
      .array(actionSchema)
      .max(MAX_ACTIONS)
      .meta({ description: 'Changes that relieve an emergency, with their way back.' })
      .default([]),
  })
  .meta({ description: 'The emergency plan of the service; a `drill` step runs it in staging.' });

/** As the file has it. */
export type Contingency = z.output<typeof contingencySchema>;
