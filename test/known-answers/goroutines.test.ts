import { expect, it } from '@jest/globals';
import { readDump, type Goroutine } from '../../analysis/goroutine/dump.ts';
import { readGoroutines } from '../../analysis/goroutine/read.ts';
import type { Goroutines } from '../../analysis/goroutine/goroutines.ts';
import { idleByDesign, leakClass, siteName } from '../../analysis/goroutine/waiting.ts';
import { describeKnown, expected, knownBytes, knownText } from './folder.ts';

interface Golden {
  Errors: string[] | null;
  Goroutines:
    | {
        ID: number;
        State: string;
        Wait: number;
        LockedToThread: boolean;
        FramesElided: boolean;
        Stack: { Func: string; File: string; Line: number }[];
        CreatedBy: { Func: string; File: string; Line: number } | null;
      }[]
    | null;
}
type Known = Record<string, { total: number; sites: Record<string, number>; states: Record<string, string> }> & {
  causeClass: Record<string, string>;
};

const MINUTE_NS = 60e9;
const sitesOf = ({ groups }: Goroutines): Record<string, number> => {
  const sites: Record<string, number> = {};
  for (const group of groups) sites[siteName(group)] = (sites[siteName(group)] ?? 0) + group.count;
  return sites;
};

describeKnown('goroutines', () => {
  it.each([
    'ancestors',
    'cgo',
    'empty_input',
    'empty_stack',
    'errorhandling',
    'frameselided',
    'frameselided_goroutine',
    'go121_createdby',
    'lockedm',
    'partial_createdby',
    'partial_stack',
    'waitsince',
    'windows',
  ])('reads gostackparse %s', (name) => {
    const golden = JSON.parse(knownText('goroutines', 'gostackparse', `${name}.golden.json`)) as Golden;
    const read: Goroutine[] = [];
    const problems = readDump(knownBytes('goroutines', 'gostackparse', `${name}.txt`), (each) => void read.push(each));
    expect(problems).toEqual(golden.Errors ?? []);
    expect(
      read.map(({ id, state, waitMinutes, lockedToThread, framesElided, stack, creator }) => ({
        id,
        state,
        waitMinutes,
        lockedToThread,
        framesElided,
        stack,
        creator,
      })),
    ).toEqual(
      (golden.Goroutines ?? []).map((each) => ({
        id: each.ID,
        state: each.State,
        waitMinutes: each.Wait / MINUTE_NS,
        lockedToThread: each.LockedToThread,
        framesElided: each.FramesElided,
        stack: each.Stack.map(({ Func, File, Line }) => ({ function: Func, file: File, line: Line })),
        creator: each.CreatedBy && { function: each.CreatedBy.Func, file: each.CreatedBy.File, line: each.CreatedBy.Line },
      })),
    );
  });

  it('reads the ids and states of goleak', () => {
    const states: Record<string, string> = {};
    readDump(knownBytes('goroutines', 'goleak', 'http.go1.20.txt'), ({ id, state }) => void (states[id] = state));
    expect(states).toEqual(
      (expected('goroutines') as { 'goleak/http.go1.20.txt': { goroutines: unknown } })['goleak/http.go1.20.txt'].goroutines,
    );
    let count = 0;
    readDump(knownBytes('goroutines', 'goleak', 'http.tracebackancestors.txt'), () => void (count += 1));
    expect(count).toBe(knownText('goroutines', 'goleak', 'http.tracebackancestors.txt').match(/^goroutine /gm)?.length);
  });

  it.each(['blocked.debug0.pb.gz', 'blocked.debug1.txt'])('counts the sites of %s', (file) => {
    const known = (expected('goroutines') as Known)[file];
    const read = readGoroutines(knownBytes('goroutines', file));
    expect(read.total).toBe(known?.total);
    expect(sitesOf(read)).toMatchObject(known?.sites ?? {});
  });

  it('reads the states that debug=2 says, and works them out where debug=0 does not', () => {
    const known = (expected('goroutines') as Known)['blocked.debug2.txt'];
    for (const file of ['blocked.debug2.txt', 'blocked.debug0.pb.gz']) {
      const { total, groups } = readGoroutines(knownBytes('goroutines', file));
      expect(total).toBe(known?.total);
      for (const [name, state] of Object.entries(known?.states ?? {}))
        expect(groups.find((group) => siteName(group).startsWith(`${name} `))?.state).toBe(state);
    }
  });

  it('sees what grew between two profiles', () => {
    const [before, after] = ['growth.before.pb.gz', 'growth.after.pb.gz'].map((file) =>
      sitesOf(readGoroutines(knownBytes('goroutines', file))),
    );
    const known = (expected('goroutines') as Record<string, { grew: Record<string, number>; unchanged: string[] }>)[
      'growth.before.pb.gz -> growth.after.pb.gz'
    ];
    for (const [site, by] of Object.entries(known?.grew ?? {})) expect((after?.[site] ?? 0) - (before?.[site] ?? 0)).toBe(by);
    for (const site of known?.unchanged ?? []) expect(after?.[site]).toBe(before?.[site]);
  });

  it.each(['leaked.debug0.pb.gz', 'leaked.debug1.txt'])('counts the proven leaks of %s', (file) => {
    const { total, groups } = readGoroutines(knownBytes('goroutines', file));
    expect(total).toBe(321);
    expect(groups.map((group) => [siteName(group), group.count, group.leaked])).toEqual([['main.blockSend main.go:15', 321, true]]);
  });

  it('suspects nothing that waits by design, and names the class of what does not', () => {
    const { groups } = readGoroutines(knownBytes('goroutines', 'blocked.debug0.pb.gz'));
    const suspects = groups.filter((group) => idleByDesign(group) === null && group.state !== 'unknown');
    const classes = Object.fromEntries(suspects.map((group) => [siteName(group).split(' ')[0], leakClass(group).class]));
    expect(classes).toEqual({
      'main.blockSend': 'channel',
      'main.lockForever': 'mutex',
      'main.waitGroup': 'WaitGroup',
      'main.waitCtx': 'context',
    });
  });
});
