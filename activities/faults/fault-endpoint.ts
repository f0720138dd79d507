// The fault endpoint of a service (lab/target/internal/fault): the faults of one pod.
import { z } from 'zod';
import { askPod, PodFailure, type AdminPod, type PodAnswer } from '../admin-port/ask-pod.ts';
import { refuse } from '../refusal.ts';

const FAULTS_PATH = '/admin/faults';

const faults = z.record(z.string(), z.string());
const viewSchema = z.object({
  /** Parameter in force by name. */
  armed: faults,
  operations: z.array(z.object({ operation: z.string(), who: z.string(), faults, until: z.string() })),
  known: faults,
});

export type FaultView = z.output<typeof viewSchema>;

/** Body that arms faults beside those that are armed. */
export interface FaultOperation {
  operation: string;
  who: string;
  /** As Go writes durations: `600000ms`. */
  ttl: string;
  faults: Record<string, string>;
}

/** Path that disarms the faults of an operation. */
export const disarmPath = (operation: string): string => `${FAULTS_PATH}?operation=${encodeURIComponent(operation)}`;

/** The armed faults; null when the service has no fault endpoint. Throws PodFailure. */
export async function readFaults(pod: AdminPod, port: number): Promise<FaultView | null> {
  const answer = await askPod(pod, port, { method: 'GET', path: FAULTS_PATH });
  return answer.status === 404 ? null : parsed(pod, answer);
}

/** Arms the faults. The view after it lacks an operation that had ended before. Throws PodFailure and refusals. */
export const armFaults = (pod: AdminPod, port: number, body: FaultOperation): Promise<FaultView> =>
  changed(pod, askPod(pod, port, { method: 'PUT', path: FAULTS_PATH, body }));

/** Disarms the faults of an operation, and has the service refuse it if it arrives later. */
export const disarmFaults = (pod: AdminPod, port: number, operation: string): Promise<FaultView> =>
  changed(pod, askPod(pod, port, { method: 'DELETE', path: disarmPath(operation) }));

/** Refusal for a pod whose service cannot be broken on purpose. */
export const noFaults = (pod: AdminPod) =>
  refuse('Refused', `pod ${pod.name} has no fault endpoint at ${FAULTS_PATH} of its admin port; check spec.clusters.*.adminPort`);

async function changed(pod: AdminPod, asked: Promise<PodAnswer>): Promise<FaultView> {
  const answer = await asked;
  if (answer.status === 404) throw noFaults(pod);
  return parsed(pod, answer);
}

function parsed(pod: AdminPod, { json }: PodAnswer): FaultView {
  const result = viewSchema.safeParse(json);
  if (result.success) return result.data;
  throw new PodFailure(`pod ${pod.name}: the response of the fault endpoint is not one of lab/target/internal/fault`, {});
}
