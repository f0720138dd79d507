// The findings of a diagnosis: what is to blame for a broken limit, what leaks, or why neither can be said.
import { builders, type EvidenceKind, type Finding, type FindingCode } from '../../verdict/finding.ts';
import { duration, measured } from '../../verdict/wording/index.ts';
import type { Cause, Source } from '../cause/cause.ts';
import { inputsOf, type Seen } from './observe.ts';
import type { DiagnosisInput, DiagnosisRecord } from './record.ts';
import type { Suspect } from './suspects.ts';

/** All that the findings rest on. */
interface Grounds {
  record: DiagnosisRecord;
  recordDigest: string;
  seen: Seen;
  /** The most likely first. */
  causes: readonly Cause[];
  /** Findings of the load tests that say that a limit is broken, the worst first. */
  trouble: readonly Finding[];
  /** Index of the load test that the causes explain. */
  explained: number | null;
}

/** The kinds each source is read from. */
const KINDS: Readonly<Record<Source, readonly EvidenceKind[]>> = {
  requests: ['goroutine-profile'],
  leaks: ['goroutine-leak-profile'],
  cpu: ['cpu-profile'],
  contention: ['mutex-profile'],
  pool: ['runtime-samples'],
  database: ['lock-waits'],
  statements: ['slow-statements'],
  indexes: ['query-plan', 'index-proof'],
  traces: ['traces'],
};

/** The causes that failed, or why there are none. */
export function judgeCauses(grounds: Grounds): Finding[] {
  const { causes, trouble } = grounds;
  const slow = trouble.length > 0 ? causes.filter(({ share }) => share > 0).slice(0, 1) : [];
  const leaks = causes.filter(({ share }) => share === 0);
  const named = [...slow, ...leaks].map((cause) => causeFinding(grounds, cause));
  const suspects = suspected(grounds);
  if (named.length > 0) return [...named, ...suspects];
  if (trouble.length > 0) return [unknown(grounds), ...suspects];
  const open = [...suspects, ...leaksUnseen(grounds), ...notPassed(grounds)];
  return open.length > 0 ? open : [nothing(grounds)];
}

function causeFinding(grounds: Grounds, { code, share, culprit, because, sources }: Cause): Finding {
  const { record, trouble, explained } = grounds;
  const worst = trouble[0];
  const about = share > 0 && worst ? `${worst.subject}: ` : '';
  const slows = share > 0;
  // A cause is no stronger than what it explains: where the load was not delivered, it is undecided whether the service is to blame.
  const build = builders[slows && worst ? worst.outcome : 'fail'];
  const evidence = evidenceOf(grounds, sources, inputsOf(record, slows ? explained : null));
  const measurement = slows ? { measured: measured(100 * share), unit: '%', evidence } : { evidence };
  return build(code, culprit, `${about}${because.join('; ')}`, measurement);
}

function evidenceOf({ recordDigest }: Grounds, sources: readonly Source[], inputs: readonly DiagnosisInput[]): string[] {
  const kinds = new Set(sources.flatMap((source) => KINDS[source]));
  return [recordDigest, ...inputs.filter(({ kind }) => kinds.has(kind)).map(({ digest }) => digest)];
}

function plain(grounds: Grounds, code: FindingCode, outcome: Finding['outcome'], message: string, sources: readonly Source[]): Finding {
  const { record } = grounds;
  const evidence = evidenceOf(grounds, sources, inputsOf(record, null));
  return builders[outcome](code, record.service, message, { evidence });
}

function unknown(grounds: Grounds): Finding {
  const { seen, trouble } = grounds;
  const waits = seen.observed.requests?.waits ?? [];
  const most = waits[0] ? `; most requests wait at ${waits[0].site}, which accounts for too little` : '';
  return plain(
    grounds,
    'CauseUnknown',
    'inconclusive',
    `${trouble[0]?.message ?? 'a limit is broken'}, and no one cause stands out${most}`,
    ['requests', 'cpu', 'traces'],
  );
}

function nothing(grounds: Grounds): Finding {
  return plain(grounds, 'NothingToExplain', 'pass', 'the load tests passed, and no goroutine leaks: there is nothing to explain', [
    'requests',
    'leaks',
  ]);
}

/** That no leak is proven says nothing of what a global variable or a connection reaches: growth has to be seen as well. */
function leaksUnseen(grounds: Grounds): Finding[] {
  const { seen } = grounds;
  const { leaks, suspects } = seen.observed;
  if (suspects !== null && seen.unpaired.length === 0) return [];
  const message =
    suspects !== null
      ? `of load test ${seen.unpaired.join(', ')} no pod has two goroutine profiles, so a leak that only it brings about is not ruled out`
      : leaks === null
        ? 'no goroutine profile was captured, so a leak cannot be ruled out'
        : 'no leak is proven, but no pod has two goroutine profiles, so one that the runtime cannot prove is not ruled out';
  return [plain(grounds, 'LeakUnknown', 'inconclusive', message, ['leaks'])];
}

/** A pile where the runtime has proven a leak is explained by it. */
function suspected(grounds: Grounds): Finding[] {
  const { leaks, suspects } = grounds.seen.observed;
  const unexplained = (suspects ?? []).filter(({ site }) => !leaks?.some((leak) => leak.site === site)).sort((a, b) => b.count - a.count);
  const [most, ...others] = unexplained;
  if (most === undefined) return [];
  const { count, site, reason }: Suspect = most;
  const before = most.gapSeconds === null ? 'in the profile before' : `${duration(1_000 * most.gapSeconds)} before`;
  const more = others.length === 0 ? '' : `; so do more at ${others.map((other) => other.site).join(', ')}`;
  return [
    plain(
      grounds,
      'LeakSuspected',
      'inconclusive',
      `${count} more goroutines than ${before} wait at ${site}: ${reason}, if they never end${more}`,
      ['requests'],
    ),
  ];
}

/** What keeps a load test from passing without being a broken limit: nothing is to be sought, and nothing is well. */
function notPassed(grounds: Grounds): Finding[] {
  const { record } = grounds;
  const all = record.loadTests.flatMap(({ findings: found }) => found);
  const open = all.filter(({ outcome }) => outcome !== 'pass');
  const silent = record.loadTests.filter(({ findings: found }) => found.length === 0).map(({ name }) => `${name} has no finding`);
  if (record.loadTests.length === 0) silent.push('there is no load test');
  if (open.length === 0 && silent.length === 0) return [];
  const which = [...silent, ...open.map(({ code, subject }) => `${code} of ${subject}`)].join(', ');
  return [
    plain(grounds, 'LoadNotPassed', 'inconclusive', `no limit was broken whose cause is to be sought, but not all passed: ${which}`, []),
  ];
}
