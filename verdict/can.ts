// Which act is allowed when, and by whom: the one table that CLI, page, API and the countdown itself ask.
import type { Action } from './action.ts';
import type { Principal } from './verdict.ts';

/**
 * What a countdown is doing, derived for display and for this table: counting to a checkpoint, running its steps, waiting for people,
 * holding (clock stopped, by a person or an inconclusive verdict), stopped (no-go, may still be recycled), undoing (rollback under way),
 * ended.
 */
export type Phase = 'opening' | 'counting' | 'running' | 'waiting' | 'holding' | 'stopped' | 'undoing' | 'ended';

/** `approver`: a verified member of a group that the checkpoint names. `identified`: any verified principal. `anyone`: the safe direction. */
type Who = 'approver' | 'identified' | 'anyone';

interface Rule {
  when: readonly Phase[];
  who: Who;
  reason: string;
}

const rules = {
  approve: {
    when: ['waiting'],
    who: 'approver',
    reason: 'a checkpoint can be approved only while it is waiting for approval',
  },
  reject: {
    when: ['counting', 'running', 'waiting', 'holding'],
    who: 'approver',
    reason: 'a checkpoint can be rejected only while the countdown is running',
  },
  hold: {
    // Every phase before the end. A rollback is not one: it must not be stopped.
    when: ['opening', 'counting', 'running', 'waiting', 'holding', 'stopped'],
    who: 'anyone',
    reason: 'a countdown that has ended or is already rolling back cannot be held',
  },
  resume: {
    when: ['holding'],
    who: 'identified',
    reason: 'only a countdown on hold can be resumed',
  },
  recycle: {
    when: ['counting', 'waiting', 'holding', 'stopped'],
    who: 'identified',
    reason: 'a countdown can go back to an earlier checkpoint only between steps and before the launch',
  },
  retry: {
    when: ['waiting', 'holding', 'stopped'],
    who: 'identified',
    reason: 'a step can be retried only while its checkpoint is waiting, on hold or stopped',
  },
  waive: {
    when: ['holding', 'stopped'],
    who: 'approver',
    reason: 'a finding can be waived only while the countdown is on hold or stopped',
  },
  abort: {
    when: ['opening', 'counting', 'running', 'waiting', 'holding', 'stopped'],
    who: 'anyone',
    reason: 'a countdown that has ended or is already rolling back cannot be aborted',
  },
} as const satisfies Record<Action, Rule>;

/** Rows of the table: phases, who, and the reason given with a refusal. */
export const can: Readonly<Record<Action, Rule>> = rules;

export const actions = Object.keys(rules) as Action[];

/**
 * Why an action is not possible in a phase, or null when it is. Page and CLI show this beside a disabled button.
 */
export function explainCan(action: Action, phase: Phase): string | null {
  const rule = can[action];
  if (rule.when.includes(phase)) return null;
  return `${rule.reason}; it ${phaseWords[phase]}`;
}

/**
 * Why a principal may not do an action, or null when they may. `groups` are those the checkpoint names; `requestedBy` is who started
 * the countdown, who may not approve or waive it unless `allowRequester`.
 */
export function explainWho(
  action: Action,
  principal: Principal,
  rule: { groups: readonly string[]; allowRequester: boolean; allowUnverified: boolean },
  requestedBy: Principal,
): string | null {
  const { who } = can[action];
  if (who === 'anyone') return null;
  if (!principal.verified) {
    return rule.allowUnverified && action !== 'waive'
      ? null
      : `${principal.displayName} is not a verified person; sign in with \`tminus login\` or a token`;
  }
  if (who === 'identified') return null;
  if (!principal.groups.some((group) => rule.groups.includes(group))) {
    return `${principal.displayName} is not in ${rule.groups.join(' or ')}, who may ${action} here`;
  }
  if (action === 'reject') return null;
  if (!rule.allowRequester && samePerson(principal, requestedBy)) {
    return `${principal.displayName} requested this countdown; someone else must ${action} it`;
  }
  return null;
}

/** Why a principal may not start a countdown, or null when they may. No groups: anybody who is verified. */
export function explainStart({ verified, groups, displayName }: Principal, starters: readonly string[]): string | null {
  if (!verified) return `${displayName} is not a verified person; sign in with \`tminus login\` or a token`;
  if (starters.length === 0 || groups.some((group) => starters.includes(group))) return null;
  return `${displayName} is not in ${starters.join(' or ')}, who may start countdowns here`;
}

/** Identity is issuer and subject; names and e-mail addresses change hands. */
export function samePerson(a: Principal, b: Principal): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}

const phaseWords: Record<Phase, string> = {
  opening: 'is starting',
  counting: 'is counting to its next checkpoint',
  running: 'is running steps',
  waiting: 'is waiting for approval',
  holding: 'is on hold',
  stopped: 'is stopped at no-go',
  undoing: 'is rolling back',
  ended: 'has ended',
};
