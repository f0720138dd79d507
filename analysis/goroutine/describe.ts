// Goroutines as a table, and findings on leaks.
import { fail, inconclusive, type Fact, type Finding } from '../../verdict/finding.ts';
import { count as countText } from '../../verdict/wording/index.ts';
import type { Analysis } from '../analysis.ts';
import type { Goroutines } from './goroutines.ts';
import { placeOf } from './goroutines.ts';
import { LEAK_CODES, growingSites, mayParkMain, parksMain, provenLeaks } from './leaks.ts';
import { idleByDesign, isRequest, leakClass, NOT_REPORTED, siteName, waitsFor, waitsForNothing } from './waiting.ts';

/** As in the load test's judgement: a process that keeps more leaks them, or accumulates work. */
const GOROUTINES_LIMIT = 5_000;
const ROWS = 25;

/**
 * Groups, the largest first. Proven leaks and more than 5,000 goroutines fail; growth since `before` and unreadable parts are inconclusive.
 */
export function describeGoroutines(goroutines: Goroutines, before: Goroutines | null = null): Analysis {
  const { total, groups, problems } = goroutines;
  const unread = total - groups.reduce((sum, { count }) => sum + count, 0);
  return {
    findings: [
      ...leakFindings(goroutines),
      ...countFinding(goroutines),
      ...(before === null ? [] : growthFindings(before, goroutines)),
      ...mainFindings(goroutines),
      ...partialFinding('goroutines', goroutines),
      ...(before === null ? [] : partialFinding('goroutines before', before)),
    ],
    facts: [
      {
        subject: 'goroutines',
        text: `${countText(total)} goroutines in ${countText(groups.length)} groups${unread > 0 ? `, ${countText(unread)} of them not read` : ''}`,
        values: { goroutines: total, groups: groups.length },
      },
      ...(before === null ? [] : growthFacts(before, goroutines)),
    ],
    tables: [
      {
        title: 'Goroutines by state and place',
        columns: ['count', 'state', 'at', 'created by', 'waiting at least', 'description'].map((name) => ({
          name,
          unit: name === 'waiting at least' ? 'minutes' : '',
        })),
        rows: groups
          .slice(0, ROWS)
          .map((group) => [
            group.count,
            group.state + (group.leaked ? ' (leaked)' : ''),
            siteName(group),
            group.creator === null ? null : placeOf(group.creator),
            group.waitMinutes === 0 ? null : group.waitMinutes,
            natureOf(group),
          ]),
        notes: [
          ...(groups.length > ROWS ? [`the ${ROWS} largest of ${groups.length} groups`] : []),
          ...problems.slice(0, 5).map((problem) => `not read: ${problem}`),
          ...(groups.some(({ waitMinutes }) => waitMinutes > 0) ? ['Go counts wait times in whole minutes, from the last GC on'] : []),
        ],
      },
    ],
  };
}

function natureOf(group: Goroutines['groups'][number]): string {
  if (parksMain(group)) return 'main, parked while other goroutines work';
  if (mayParkMain(group)) return 'main, parked or leaked';
  if (group.leaked || waitsForNothing(group)) return `leaked: ${leakClass(group).reason}`;
  const dependency = waitsFor(group);
  if (isRequest(group)) return dependency === null ? 'request' : `request, waits for ${dependency}`;
  return idleByDesign(group) ?? (dependency === null ? '' : `waits for ${dependency}`);
}

function leakFindings(goroutines: Goroutines): Finding[] {
  return provenLeaks([goroutines]).map(({ class: kind, site, count, reason }) =>
    fail(LEAK_CODES[kind], site, `${countText(count)} goroutines at ${site} can never end: ${reason}`, {
      measured: count,
      unit: 'goroutines',
    }),
  );
}

/** Leak profiles list leaked goroutines only, so their total is not that of the process. */
function countFinding({ total, groups, leakedOnly }: Goroutines): Finding[] {
  if (total <= GOROUTINES_LIMIT || leakedOnly) return [];
  const [largest] = groups;
  return [
    fail(
      'GoroutinesHigh',
      'goroutines',
      `${countText(total)} goroutines, limit ${countText(GOROUTINES_LIMIT)}${largest ? `; ${countText(largest.count)} of them at ${siteName(largest)}` : ''}`,
      { measured: total, limit: GOROUTINES_LIMIT, unit: 'goroutines' },
    ),
  ];
}

/** The same growth as `growthFindings`, as a measurement only: for pages, which judge nothing. */
function growthFacts(before: Goroutines, after: Goroutines): Fact[] {
  return growingSites([before], [after]).map(({ site, count }) => ({
    subject: 'growth',
    text: `${countText(count)} more goroutines at ${site} than in the earlier profile`,
    values: { goroutines: count },
  }));
}

function growthFindings(before: Goroutines, after: Goroutines): Finding[] {
  return growingSites([before], [after]).map(({ site, state, count, reason }) =>
    inconclusive(
      'LeakSuspected',
      site,
      state === NOT_REPORTED
        ? `${countText(count)} more goroutines than before are at ${site}: ${reason}`
        : `${countText(count)} more goroutines than before wait at ${site}: ${reason}, if they never end`,
      { measured: count, unit: 'goroutines' },
    ),
  );
}

function mainFindings({ groups }: Goroutines): Finding[] {
  return groups.filter(mayParkMain).map((group) => {
    const site = siteName(group);
    const message = `main waits at ${site}, and this profile format does not show whether in \`select {}\`, which would not be a leak; capture debug=0`;
    return inconclusive('LeakSuspected', site, message, { measured: group.count, unit: 'goroutines' });
  });
}

/** Parts that could not be read may contain the leak. */
function partialFinding(subject: string, { problems }: Goroutines): Finding[] {
  const [first, ...others] = problems;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `, and ${others.length} more problems`;
  const message = `${subject}: the profile may be incomplete: ${first}${more}`;
  return [inconclusive('EvidenceUnreadable', subject, message)];
}
