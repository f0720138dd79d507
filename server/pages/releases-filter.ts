// Filter of the list of releases, from the query string: `?phase=waiting&waits=me`.
import { explainWho, samePerson, type Phase } from '../../verdict/can.ts';
import type { Principal } from '../../verdict/verdict.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { phases, type CountdownSummary } from '../temporal/countdowns.ts';

export interface ReleasesFilter {
  /** null: any. */
  phase: Phase | null;
  waitsForMe: boolean;
}

/** Phases that end only by an action of a person. */
const WAITING_PHASES: ReadonlySet<Phase | null> = new Set(['waiting', 'holding', 'stopped']);

/** The filter of the query string; an unknown phase means any. */
export function readFilter(query: Readonly<Record<string, string>>): ReleasesFilter {
  return { phase: phases.find((phase) => phase === query['phase']) ?? null, waitsForMe: query['waits'] === 'me' };
}

/** Filters by visibility before any query. A phase that is not indexed yet is `opening`. */
export function mayShow({ phase }: CountdownSummary, filter: ReleasesFilter): boolean {
  const known = phase ?? 'opening';
  return (filter.phase === null || filter.phase === known) && (!filter.waitsForMe || WAITING_PHASES.has(known));
}

/**
 * Whether the countdown waits for this person: for an approval that they may give and have not given, or on hold or stopped, which any verified
 * person may settle. Without a status it is listed: an extra row is better than a missed decision.
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

/** Signed-in people are verified. */
const NOBODY_UNVERIFIED = { groups: [], allowRequester: false, allowUnverified: false };
