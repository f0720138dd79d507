// Which findings nobody may waive. The countdown refuses such a waiver; page and command line do not offer one.
import { UNWAIVABLE_RUN_CODES } from './countdown-run.ts';
import type { Finding } from './finding.ts';
import { findingKey } from './judge.ts';

/** Steps whose silence nobody may accept: a version would be live that nobody has seen serve, or that nobody watches. */
const MUST_BE_SEEN = ['launch', 'guard'];
/** What such a step reports when it has seen nothing. */
const UNSEEN_CODES = ['StepCouldNotRun', 'StepFoundNothing', 'GuardNoData', 'GuardNoTraffic', 'EvidenceNotKept'];

interface Reported {
  name: string;
  type: string;
  findings: readonly Pick<Finding, 'code' | 'subject'>[];
}

/** Why the open finding of this key (`CODE/SUBJECT`) cannot be waived, or null. */
export function explainUnwaivable(steps: readonly Reported[], key: string): string | null {
  if (UNWAIVABLE_RUN_CODES.some((code) => key.startsWith(`${code}/`)))
    return `${key} cannot be waived: the run is not the one the server started; abort and start again`;
  const step = steps.find(
    ({ type, findings }) =>
      MUST_BE_SEEN.includes(type) && findings.some((each) => findingKey(each) === key && UNSEEN_CODES.includes(each.code)),
  );
  return step ? `${key} cannot be waived: ${step.name} must watch the live version; retry it, resume, or abort` : null;
}
