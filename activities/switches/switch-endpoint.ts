// The switch endpoint of a service (lab/target/switches): one switch of one pod.
import { z } from 'zod';
import { askPod, PodFailure, type AdminPod, type PodAnswer } from '../admin-port/ask-pod.ts';
import { refuse } from '../refusal.ts';

/** `source` is the layer that decides: `api` for a change at run time, which has `who`, and `operation` and `until` if given. */
const stateSchema = z.object({
  name: z.string(),
  value: z.boolean(),
  source: z.string().min(1),
  readonly: z.boolean(),
  since: z.string(),
  who: z.string().default(''),
  operation: z.string().default(''),
  until: z.string().nullable().default(null),
});
const outcomeSchema = z.object({ switch: stateSchema, repeated: z.boolean().default(false) });

export type SwitchState = z.output<typeof stateSchema>;

/** Body of a change. `value: null` releases the switch. The change is refused unless value and operation in force are the expected ones. */
export interface SwitchChange {
  value: boolean | null;
  who: string;
  operation: string;
  expected?: boolean;
  expectedOperation: string;
  /** As Go writes durations: `600000ms`. */
  ttl?: string;
}

/** Path of the endpoint on the admin port. */
export const switchPath = (name: string): string => `/admin/switches/${encodeURIComponent(name)}`;

/** The switch in force; null when the service has no such switch. Throws PodFailure. */
export async function readSwitch(pod: AdminPod, port: number, name: string): Promise<SwitchState | null> {
  const answer = await askPod(pod, port, { method: 'GET', path: switchPath(name) });
  return answer.status === 404 ? null : parsed(stateSchema, pod, answer);
}

/** Changes the switch. `repeated` when this operation had been applied before, and nothing was done. Throws PodFailure and refusals. */
export async function changeSwitch(
  pod: AdminPod,
  port: number,
  name: string,
  body: SwitchChange,
): Promise<{ state: SwitchState; repeated: boolean }> {
  const answer = await askPod(pod, port, { method: 'PUT', path: switchPath(name), body });
  if (answer.status === 404) throw noSwitch(pod, name);
  const { switch: state, repeated } = parsed(outcomeSchema, pod, answer);
  return { state, repeated };
}

/** Refusal for a pod without this switch. */
export const noSwitch = (pod: AdminPod, name: string) =>
  refuse(
    'Refused',
    `pod ${pod.name} has no switch ${name} at ${switchPath(name)} of its admin port; check its name and spec.clusters.*.adminPort`,
  );

function parsed<T>(schema: z.ZodType<T>, pod: AdminPod, { json }: PodAnswer): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new PodFailure(`pod ${pod.name}: the response of the switch endpoint is not one of lab/target/switches`, {});
}
