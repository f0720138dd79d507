// Emergency actions: the changes that relieve an emergency. A drill applies them and restores them.
import { z } from 'zod';
import { formedText, label } from '../fields.ts';

/** Longest value of a variable; what is longer belongs into a ConfigMap. */
const MAX_VALUE_LENGTH = 4_096;

const name = label('Name of the action; unique in the release.');

const switchActionSchema = z
  .strictObject({
    name,
    type: z.literal('switch').meta({ description: 'The action type.' }),
    switch: formedText(
      "Name of the switch, as the service's switch endpoint lists it.",
      '^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$',
      'this is not the name of a switch; use 1 to 63 letters, digits, dots, underscores and hyphens, such as pricing',
    ),
    value: z.boolean().meta({ description: 'Value in the emergency.' }),
  })
  .meta({ description: 'Sets a live switch on every pod through the switch endpoint of the service. No pod restarts.' });

const environmentActionSchema = z
  .strictObject({
    name,
    type: z.literal('environment').meta({ description: 'The action type.' }),
    variable: formedText(
      "Environment variable of the Deployment's container.",
      '^[A-Za-z_][A-Za-z0-9_]{0,127}$',
      'this is not an environment variable name; use letters, digits and underscores, such as ORDERS_MODE',
    ),
    value: formedText(
      'Value in the emergency.',
      String.raw`^[^\u0000]{0,${MAX_VALUE_LENGTH}}$`,
      `this value is longer than ${MAX_VALUE_LENGTH} characters or contains a zero byte; use a shorter text`,
    ),
  })
  .meta({ description: "Sets an environment variable of the Deployment's container, which replaces its pods." });

/** An emergency action as written in the release file. */
export const actionSchema = z
  .discriminatedUnion('type', [switchActionSchema, environmentActionSchema])
  .meta({ description: 'One emergency action.' });

export type SwitchAction = z.output<typeof switchActionSchema>;
export type EnvironmentAction = z.output<typeof environmentActionSchema>;
export type EmergencyAction = SwitchAction | EnvironmentAction;

/** The action with all defaults; it has no durations or shares to convert. */
export const expandAction = (file: z.output<typeof actionSchema>): EmergencyAction => file;
