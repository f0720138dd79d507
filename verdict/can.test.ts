import { describe, expect, it } from '@jest/globals';
import { actions, can, explainCan, explainWho } from './can.ts';
import type { Principal } from './verdict.ts';

const person = (subject: string, change: Partial<Principal> = {}): Principal => ({
  issuer: 'local',
  subject,
  displayName: subject,
  groups: ['sre'],
  verified: true,
  ...change,
});
const rule = { groups: ['sre'], allowRequester: false, allowUnverified: false };

describe('the can table', () => {
  it('says why an act is not possible, with the rule and the state', () => {
    expect(explainCan('approve', 'counting')).toBe(
      'a checkpoint can be approved only while it is waiting for approval; it is counting to its next checkpoint',
    );
    expect(explainCan('approve', 'waiting')).toBeNull();
  });

  it('allows nothing once a countdown has ended', () => {
    expect(actions.filter((action) => explainCan(action, 'ended') === null)).toEqual([]);
  });

  it('keeps the safe direction open to everybody and the dangerous one to identified people', () => {
    const anyone = person('nobody', { verified: false, groups: [] });
    expect(actions.filter((action) => explainWho(action, anyone, rule, person('r')) === null).sort()).toEqual(['abort', 'hold']);
  });

  it('keeps a rollback that is under way from being stopped', () => {
    expect(actions.filter((action) => can[action].when.some((phase) => (phase as string) === 'undoing'))).toEqual([]);
  });

  it('accepts a hold in every phase before the end', () => {
    for (const phase of ['opening', 'counting', 'running', 'waiting', 'holding', 'stopped'] as const)
      expect(explainCan('hold', phase)).toBeNull();
    expect(explainCan('hold', 'undoing')).toBe('a countdown that has ended or is already rolling back cannot be held; it is rolling back');
    expect(explainCan('hold', 'ended')).toMatch(/; it has ended$/);
  });

  it('refuses the requester, strangers and the unverified, each with their reason', () => {
    expect(explainWho('approve', person('r'), rule, person('r'))).toMatch(/requested this countdown/);
    expect(explainWho('approve', person('r'), { ...rule, allowRequester: true }, person('r'))).toBeNull();
    expect(explainWho('approve', person('x', { groups: ['visitors'] }), rule, person('r'))).toMatch(/not in sre/);
    expect(explainWho('approve', person('x', { verified: false }), rule, person('r'))).toMatch(/not a verified person/);
  });

  it('lets an unverified person approve only where the release allows it, and never waive', () => {
    const unverified = person('x', { verified: false });
    const lax = { ...rule, allowUnverified: true };
    expect(explainWho('approve', unverified, lax, person('r'))).toBeNull();
    expect(explainWho('waive', unverified, lax, person('r'))).toMatch(/not a verified person/);
  });
});
