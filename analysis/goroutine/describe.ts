// Goroutines as a table, and what is wrong with them.
import { fail, inconclusive, type Fact, type Finding } from '../../verdict/finding.ts';
import { count as countText } from '../../verdict/wording/index.ts';
import type { Analysis } from '../analysis.ts';
import { LEAK_CODES } from '../cause/cause.ts';
import type { Goroutines } from './goroutines.ts';
import { placeOf } from './goroutines.ts';
import { growingSites, mayParkMain, parksMain, provenLeaks } from './leaks.ts';
import { idleByDesign, isRequest, leakClass, NOT_TOLD, siteName, waitsFor, waitsForNothing } from './waiting.ts';

/** As in the load test's own gate: one process that keeps more than this leaks, or piles up work. */
const GOROUTINES_LIMIT = 5_000;
const ROWS = 25;

/**
 * Groups, the largest first. Proven leaks fail; more than 5,000 goroutines fail; growth since `before` is inconclusive, and so is whatever
 * could not be read.
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
      ...partialFinding('goroutines', 'these goroutines', goroutines),
      ...(before === null ? [] : partialFinding('goroutines before', 'the goroutines before', before)),
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
        columns: ['count', 'state', 'at', 'created by', 'waits at least', 'what it is'].map((name) => ({
          name,
          unit: name === 'waits at least' ? 'minutes' : '',
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
          ...problems.slice(0, 5).map((problem) => `left out: ${problem}`),
          ...(groups.some(({ waitMinutes }) => waitMinutes > 0)
            ? ['Go counts waits in whole minutes, from the last garbage collection on']
            : []),
        ],
      },
    ],
  };
}

function natureOf(group: Goroutines['groups'][number]): string {
  if (parksMain(group)) return 'main, which lets others work';
  if (mayParkMain(group)) return 'main, which lets others work or hangs';
  if (group.leaked || waitsForNothing(group)) return `leaked: ${leakClass(group).why}`;
  const dependency = waitsFor(group);
  if (isRequest(group)) return dependency === null ? 'a request' : `a request that waits for ${dependency}`;
  return idleByDesign(group) ?? (dependency === null ? '' : `waits for ${dependency}`);
}

function leakFindings(goroutines: Goroutines): Finding[] {
  return provenLeaks([goroutines]).map(({ class: kind, site, count, why }) =>
    fail(LEAK_CODES[kind], site, `${countText(count)} goroutines at ${site} can never end: ${why}`, {
      measured: count,
      unit: 'goroutines',
    }),
  );
}

/** Leak profiles list leaked goroutines only, so their total says nothing of the process. */
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
  return growingSites([before], [after]).map(({ site, state, count, why }) =>
    inconclusive(
      'LeakSuspected',
      site,
      state === NOT_TOLD
        ? `${countText(count)} more goroutines than before are at ${site}: ${why}`
        : `${countText(count)} more goroutines than before wait at ${site}: ${why}, if they never end`,
      { measured: count, unit: 'goroutines' },
    ),
  );
}

function mainFindings({ groups }: Goroutines): Finding[] {
  return groups.filter(mayParkMain).map((group) => {
    const site = siteName(group);
    const message = `main waits at ${site}, and this form of the profile does not tell whether in \`select {}\`, which is no leak; take debug=0`;
    return inconclusive('LeakSuspected', site, message, { measured: group.count, unit: 'goroutines' });
  });
}

/** What could not be read may be what leaks. */
function partialFinding(subject: string, which: string, { problems }: Goroutines): Finding[] {
  const [first, ...others] = problems;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `, and ${others.length} more problems of this kind`;
  const message = `${which} may not be all: ${first}${more}`;
  return [inconclusive('EvidenceUnreadable', subject, message)];
}
