// A change of one pod that lands at most once: read, decide, write, read back.
import type { WritePlace } from '../failpoint.ts';
import { convergeWrite, type Converged } from '../kubernetes/converge-write.ts';
import { PodFailure, type AdminPod } from './ask-pod.ts';

export interface PodChange<State, Body> {
  pod: AdminPod;
  /** `switch pricing`, `the faults`. */
  what: string;
  at: WritePlace;
  lastWriteMs: number;
  read(): Promise<State>;
  /** `landed`, or the body to send. `spent`: the service knows this operation and has not changed anything for it now. */
  decide(state: State, spent: boolean): 'landed' | Body;
  /** Whether the service had applied the operation before. */
  write(body: Body): Promise<{ state: State; repeated: boolean }>;
}

/** Reasons of a 409 that say that the service knows the operation. */
const KNOWN_OPERATION = ['operation-reused', 'operation-ended'];

/** Converges one pod. Throws refusals of `decide`, and PodFailure when the pod does not answer. */
export async function convergePod<State, Body>(change: PodChange<State, Body>): Promise<Converged<State>> {
  let spent = false;
  return convergeWrite<State, Body>({
    subject: `${change.what} of pod ${change.pod.name}`,
    read: () => change.read(),
    decide: (state) => change.decide(state, spent),
    write: async (body) => {
      try {
        const { state, repeated } = await change.write(body);
        spent ||= repeated;
        return state;
      } catch (error) {
        if (error instanceof PodFailure && KNOWN_OPERATION.includes(error.conflict ?? '')) spent = true;
        throw error;
      }
    },
    // A write without a response may have landed, and a conflict is decided on what is there now.
    classify: (error) => (error instanceof PodFailure ? 'read-again' : 'final'),
    at: change.at,
    lastWriteMs: change.lastWriteMs,
  });
}
