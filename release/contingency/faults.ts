// Faults: what a drill provokes.
import { z } from 'zod';
import { formedText } from '../fields.ts';

/** More faults at once than this say nothing about the trigger under test. */
const MAX_FAULTS = 10;
/** The longest parameter in use is a duration. */
const MAX_PARAMETER_LENGTH = 200;

/** What the drill provokes, as written in the release file. */
export const faultSchema = z
  .strictObject({
    type: z.literal('service').meta({ description: 'The fault type.' }),
    settings: z
      .record(
        formedText(
          'Name of a fault of the service.',
          '^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$',
          'this is not the name of a fault; use 1 to 63 letters, digits, dots, underscores and hyphens, such as pricing-errors',
        ),
        formedText(
          'Parameter of the fault; empty for its default.',
          `^[ -~]{0,${MAX_PARAMETER_LENGTH}}$`,
          `this parameter is longer than ${MAX_PARAMETER_LENGTH} characters or not printable; use one such as '100' or 400ms`,
        ),
      )
      .refine((settings) => Object.keys(settings).length >= 1, 'no fault is named; name at least one')
      .refine(
        (settings) => Object.keys(settings).length <= MAX_FAULTS,
        `more than ${MAX_FAULTS} faults are named; the trigger under test needs one`,
      )
      .meta({ description: 'Faults by name, each with its parameter.' }),
  })
  .meta({ description: 'Faults that the service arms in its own pods through its fault endpoint; staging only.' });

export type Fault = z.output<typeof faultSchema>;
