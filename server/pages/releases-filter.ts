// Which releases a reader wants to see, as the query string says it: `?phase=waiting&waits=me`.
import { explainWho, samePerson, type Phase } from '../../verdict/can.ts';
import type { Principal } from '../../verdict/verdict.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import { phases, type CountdownSummary } from '../temporal/countdowns.ts';

export interface ReleasesFilter {
  /** Null for any. */
  phase: Phase | null;
  waitsForMe: boolean;
}

/** Phases that end only when a person does something. */
const WAITING_PHASES: ReadonlySet<Phase | null> = new Set(['waiting', 'holding', 'stopped']);

/** What the query string asks for; a phase that there is none of is any. */
export function readFilter(query: Readonly<Record<string, string>>): ReleasesFilter {
  return { phase: phases.find((phase) => phase === query['phase']) ?? null, waitsForMe: query['waits'] === 'me' };
}

/** Leaves out, before anybody is asked, what visibility already tells. A phase that it does not know yet is `opening`. */
export function mayShow({ phase }: CountdownSummary, filter: ReleasesFilter): boolean {
  const known = phase ?? 'opening';
  return (filter.phase === null || filter.phase === known) && (!filter.waitsForMe || WAITING_PHASES.has(known));
}

/**
 * Whether a person can move it on: an approval they may give and have not given, or a countdown on hold or stopped, which any verified person
 * may settle. One that no worker tells of may wait for them: better one row too many than a decision nobody sees.
 */
export function waitsFor(status: CountdownStatus | null, principal: Principal): boolean {
  if (!status) return true;
  if (status.phase !== 'waiting')
    return WAITING_PHASES.has(status.phase) && explainWho('resume', principal, NOBODY_UNVERIFIED, principal) === null;
  const { approval, approvals = [] } = status.checkpoints.find(({ name }) => name === status.current) ?? {};
  if (!approval || approvals.some((given) => samePerson(given.principal, principal))) return false;
  const rule = { ...NOBODY_UNVERIFIED, groups: approval.groups, allowRequester: approval.allowRequester };
  return explainWho('approve', principal, rule, status.requestedBy) === null;
}

/** Who is signed in here has been verified. */
const NOBODY_UNVERIFIED = { groups: [], allowRequester: false, allowUnverified: false };
