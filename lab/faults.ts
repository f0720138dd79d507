// Faulty candidates. The fault is a default in the image, so that a launch, which changes only the image, activates it.

import { LabRefusal } from './owner.ts';

export interface CandidateFault {
  /** Value of FAULT in the image. */
  setting: string;
  /** True when the fault is active in staging; else staging overrides it, like a bug that only shows in production. */
  showsInStaging: boolean;
  /** Tag of the image: a faulty candidate has its own commit. */
  tag: string;
}

export const candidateFaults = {
  'slow-order': { setting: 'slow-order', showsInStaging: true, tag: 'sha-5104d01' },
  'error-surge': { setting: 'error-surge', showsInStaging: false, tag: 'sha-e5509e1' },
  'broken-image': { setting: 'broken-image', showsInStaging: false, tag: 'sha-b20ce41' },
  'slow-start': { setting: 'slow-start', showsInStaging: false, tag: 'sha-510357a' },
  'crash-loop': { setting: 'crash-loop', showsInStaging: false, tag: 'sha-c2a5410' },
  // The rollout succeeds; each pod fails 40 s after its start, while the guard runs.
  hang: { setting: 'hang', showsInStaging: false, tag: 'sha-4a9ed01' },
  'hang-handlers': { setting: 'hang-handlers', showsInStaging: false, tag: 'sha-4a9ed02' },
  'not-ready': { setting: 'not-ready', showsInStaging: false, tag: 'sha-07ead01' },
  'errors-10': { setting: 'error-surge:10', showsInStaging: false, tag: 'sha-e5509e2' },
} satisfies Record<string, CandidateFault>;

export type CandidateFaultName = keyof typeof candidateFaults;

/** The fault of that name. Throws with the known names otherwise. */
export function findFault(name: string): CandidateFaultName {
  if (Object.hasOwn(candidateFaults, name)) return name as CandidateFaultName;
  throw new LabRefusal(`unknown fault ${name}; the faults are ${Object.keys(candidateFaults).join(', ')}`);
}
