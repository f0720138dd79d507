// What load tests mean: every piece of evidence read once, the causes ranked, and what cannot be known said. The step and `tminus verify`
// both ask this function, so the findings are the same byte for byte.
import type { EvidenceKind, Fact, Finding } from '../../verdict/finding.ts';
import type { Analysis } from '../analysis.ts';
import type { Observed } from '../cause/observed.ts';
import type { Cause, Source } from '../cause/cause.ts';
import { NO_STATEMENTS } from '../cause/database-cause.ts';
import { percent } from '../cause/figures.ts';
import { rankCauses } from '../cause/rank.ts';
import { readLoadEvidence, type ReadEvidence } from './load-evidence.ts';
import { readLoads } from './loads.ts';
import { inputsOf, observe, type Seen } from './observe.ts';
import type { DiagnosisInput, DiagnosisRecord } from './record.ts';
import type { Suspect } from './suspects.ts';
import { leftOut } from './traces-of-the-load.ts';

export interface Diagnosis extends Analysis {
  causes: Cause[];
  observed: Observed;
}

/** Codes of findings that say that a limit is broken: what there is to explain. Those of GC, scheduler and pool are explanations themselves. */
const TROUBLE: ReadonlySet<string> = new Set([
  'LatencyAboveLimit',
  'ErrorRateAboveLimit',
  'IterationsDropped',
  'LoadNotDelivered',
  'GoroutinesHigh',
]);
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

/**
 * Explains the load tests of a record. Findings: the first cause (as far as what it explains has failed) and every proven leak as failures; `CauseUnknown` where something is wrong
 * and nothing stands out; `LeakSuspected` where goroutines pile up that no proven leak explains; `LoadNotPassed` where a load test did not pass
 * without breaking a limit; `NothingToExplain` where all of it passed and nothing leaks; `EvidenceUnreadable` for what could not be read.
 * @param recordDigest evidence every finding names beside its own.
 */
export async function diagnose(record: DiagnosisRecord, read: ReadEvidence, recordDigest: string): Promise<Diagnosis> {
  const { loads, unreadable } = await readLoadEvidence(record, read);
  const inTrouble = record.loadTests
    .flatMap(({ findings: found }, load) => found.map((finding) => ({ finding, load })))
    .filter(({ finding: { code, outcome } }) => outcome !== 'pass' && TROUBLE.has(code))
    .sort((a, b) => weight(b.finding) - weight(a.finding) || excess(b.finding) - excess(a.finding));
  const trouble = inTrouble.map(({ finding }) => finding);
  // One load test is explained, the one farthest over its limit: what slowed it down is not to be sought in what another one saw.
  const explained = inTrouble[0]?.load ?? null;
  const seen = await observe(record, loads, explained, read);
  const said = await readLoads(record, loads, read);
  const causes = rankCauses(seen.observed);
  const findings = [
    ...[...unreadable, ...seen.unreadable].map((each) => ({ ...each, evidence: [recordDigest, ...each.evidence] })),
    ...judge(),
  ];
  return {
    findings,
    facts: [...factsOf(seen, causes, trouble), ...said.facts, ...blindSpots(seen, record)],
    tables: said.tables,
    causes,
    observed: seen.observed,
  };

  function judge(): Finding[] {
    const slow = trouble.length > 0 ? causes.filter(({ share }) => share > 0).slice(0, 1) : [];
    const leaks = causes.filter(({ share }) => share === 0);
    const named = [...slow, ...leaks].map((cause) => causeFinding(cause));
    const suspects = suspected();
    if (named.length > 0) return [...named, ...suspects];
    if (trouble.length > 0) return [unknown(), ...suspects];
    const open = [...suspects, ...leaksUnseen(), ...notPassed()];
    return open.length > 0 ? open : [nothing()];
  }

  function causeFinding({ code, share, culprit, because, sources }: Cause): Finding {
    const worst = trouble[0];
    const about = share > 0 && worst ? `${worst.subject}: ` : '';
    return {
      code,
      subject: culprit,
      // A cause is no stronger than what it explains: where the load was not delivered, nobody knows whether the service is to blame.
      outcome: share > 0 && worst ? worst.outcome : 'fail',
      measured: share > 0 ? Number((100 * share).toPrecision(3)) : null,
      limit: null,
      unit: share > 0 ? '%' : '',
      message: `${about}${because.join('; ')}`,
      evidence: evidenceOf(sources, inputsOf(record, share > 0 ? explained : null)),
    };
  }

  function evidenceOf(sources: readonly Source[], inputs: readonly DiagnosisInput[] = inputsOf(record, null)): string[] {
    const kinds = new Set(sources.flatMap((source) => KINDS[source]));
    return [recordDigest, ...inputs.filter(({ kind }) => kinds.has(kind)).map(({ digest }) => digest)];
  }

  function plain(code: string, outcome: Finding['outcome'], message: string, sources: readonly Source[]): Finding {
    return { code, subject: record.service, outcome, measured: null, limit: null, unit: '', message, evidence: evidenceOf(sources) };
  }

  function unknown(): Finding {
    const waits = seen.observed.requests?.waits ?? [];
    const most = waits[0] ? `; most requests wait at ${waits[0].site}, which accounts for too little` : '';
    return plain('CauseUnknown', 'inconclusive', `${trouble[0]?.message ?? 'a limit is broken'}, and no one cause stands out${most}`, [
      'requests',
      'cpu',
      'traces',
    ]);
  }

  function nothing(): Finding {
    return plain('NothingToExplain', 'pass', 'the load tests passed, and no goroutine leaks: there is nothing to explain', [
      'requests',
      'leaks',
    ]);
  }

  /** That no leak is proven says nothing of what a global variable or a connection reaches: growth has to be seen as well. */
  function leaksUnseen(): Finding[] {
    const { leaks, suspects } = seen.observed;
    if (suspects !== null && seen.unpaired.length === 0) return [];
    const message =
      suspects !== null
        ? `of load test ${seen.unpaired.join(', ')} no pod has two goroutine profiles, so a leak that only it brings about is not ruled out`
        : leaks === null
          ? 'no goroutine profile was captured, so a leak cannot be ruled out'
          : 'no leak is proven, but no pod has two goroutine profiles, so one that the runtime cannot prove is not ruled out';
    return [plain('LeakUnknown', 'inconclusive', message, ['leaks'])];
  }

  /** A pile where the runtime has proven a leak is explained by it. */
  function suspected(): Finding[] {
    const { leaks, suspects } = seen.observed;
    const unexplained = (suspects ?? []).filter(({ site }) => !leaks?.some((leak) => leak.site === site)).sort((a, b) => b.count - a.count);
    const [most, ...others] = unexplained;
    if (most === undefined) return [];
    const { count, site, why }: Suspect = most;
    const before = most.gapSeconds === null ? 'in the profile before' : `${Number(most.gapSeconds.toPrecision(2))} s before`;
    const more = others.length === 0 ? '' : `; so do more at ${others.map((other) => other.site).join(', ')}`;
    return [
      plain('LeakSuspected', 'inconclusive', `${count} more goroutines than ${before} wait at ${site}: ${why}, if they never end${more}`, [
        'requests',
      ]),
    ];
  }

  /** What keeps a load test from passing without being a broken limit: nothing is to be sought, and nothing is well. */
  function notPassed(): Finding[] {
    const all = record.loadTests.flatMap(({ findings: found }) => found);
    const open = all.filter(({ outcome }) => outcome !== 'pass');
    const silent = record.loadTests.filter(({ findings: found }) => found.length === 0).map(({ name }) => `${name} has no finding`);
    if (record.loadTests.length === 0) silent.push('there is no load test');
    if (open.length === 0 && silent.length === 0) return [];
    const which = [...silent, ...open.map(({ code, subject }) => `${code} of ${subject}`)].join(', ');
    return [plain('LoadNotPassed', 'inconclusive', `no limit was broken whose cause is to be sought, but not all passed: ${which}`, [])];
  }
}

/** What failed before what was not decided. */
const weight = ({ outcome }: Finding): number => (outcome === 'fail' ? 1 : 0);

/** How far over its limit; what has no such figure comes last. */
function excess({ code, measured, limit }: Finding): number {
  return code === 'LatencyAboveLimit' && typeof measured === 'number' && typeof limit === 'number' && limit > 0 ? measured / limit : 0;
}

function factsOf(
  { observed, profileFacts, statementSources, entered }: Seen,
  causes: readonly Cause[],
  trouble: readonly Finding[],
): Fact[] {
  const { requests, cpu, slowBand: band, statements } = observed;
  const facts: Fact[] = [];
  const fact = (subject: string, text: string, values: Record<string, number> = {}): void => void facts.push({ subject, text, values });
  if (requests && requests.inFlight > 0)
    fact(
      'requests',
      `${requests.inFlight} in flight over all goroutine profiles: ${requests.waits.map(({ on, requests: count }) => `${count} ${on}`).join(', ')}`,
      { inFlight: requests.inFlight },
    );
  if (cpu) {
    const [first] = cpu.mechanisms;
    const most = first ? `, ${percent(first.share)} of it ${first.mechanism} under ${first.package}` : '';
    fact(
      'cpu',
      `${Number(cpu.cpuSeconds.toPrecision(3))} CPU s in ${Number(cpu.seconds.toPrecision(3))} s${most}; GC ${percent(cpu.gcShare)}`,
      { cpuSeconds: cpu.cpuSeconds, gcPercent: 100 * cpu.gcShare },
    );
  }
  if (band) {
    const [first] = band.operations;
    if (first)
      fact(
        'traces',
        `${band.traces} traces; of the slow band (${Math.round(band.fromMs)} to ${Math.round(band.toMs)} ms) ${percent(first.share)} in ${first.operation}`,
        { traces: band.traces },
      );
    const [before] = band.operations.filter(({ waitsOn }) => waitsOn === null);
    const outside = band.operations.reduce((sum, { waitsOn, share }) => (waitsOn === null ? sum + share : sum), 0);
    if (before && outside < 1)
      fact(
        'traces',
        `${percent(outside)} of the slow band passes before requests reach the service or beside it, most in ${before.operation}`,
        {
          outsidePercent: 100 * outside,
        },
      );
    for (const { operation, status, count } of band.failures.slice(0, FAILURES_TOLD))
      fact('traces', `${count} failed in ${operation}${status === '' ? '' : `: ${status}`}`, { count });
    if (band.orphans + band.cut > 0)
      fact(
        'traces',
        `${band.orphans} spans left out whose parent is not there, ${band.cut} cut that outlast their parents (clocks that disagree, or work after the answer)`,
        { orphans: band.orphans, cut: band.cut },
      );
  }
  facts.push(...profileFacts);
  for (const { statement, meanMs, share, logged } of statements ?? [])
    fact(
      'postgres',
      `${Number(meanMs.toPrecision(3))} ms each, ${percent(share)} of the ${logged ? 'logged ' : ''}time: ${statement.slice(0, 100)}`,
      { meanMs },
    );
  for (const text of statementSources) fact('postgres', text);
  if (entered !== null && entered.elsewhere > 0) fact('traces', leftOut(entered), { elsewhere: entered.elsewhere });
  for (const { culprit, share } of trouble.length > 0 ? causes.filter((cause) => cause.share > 0).slice(1, 3) : [])
    fact('also seen', `${culprit}, ${percent(share)}`, {});
  return facts;
}

/** Failing operations told as facts; the page of the traces has them all. */
const FAILURES_TOLD = 3;

/** What cannot be known from what there is. */
function blindSpots({ observed, tracesOfNone, entered }: Seen, { service, missing, lastGood, underLoad }: DiagnosisRecord): Fact[] {
  const say: string[] = [...missing];
  if (lastGood === null && !missing.some((each) => each.startsWith('comparison')))
    say.push('whether it is slower than the last good release: none was launched from here yet');
  if (observed.leaks === null)
    say.push('leaks are only suspected: no pod has the goroutineleak profile (Go 1.27, or 1.26 with GOEXPERIMENT=goroutineleakprofile)');
  if (observed.requests === null) say.push('what requests wait for: no goroutine profile was captured');
  if (observed.cpu === null) say.push('what the CPU does: no CPU profile was captured, or it has no sample');
  if (observed.pool === null)
    say.push('whether a connection pool is too small: no pod tells of one whose figures could be read (pgxpool_* on /metrics)');
  if (observed.database === null) say.push(`what the database waits for: ${observed.unread.database ?? NO_STATEMENTS}`);
  if (observed.statements === null) say.push(`which statements are slow: ${observed.unread.statements ?? NO_STATEMENTS}`);
  if (tracesOfNone)
    say.push('where the slow requests of this load test go: some load tests have no traces, so whose they are is not known');
  if (observed.slowBand === null && !tracesOfNone && !missing.some((each) => each.startsWith('traces')))
    say.push('which service a slow call is in: no `traces` are named, or there are fewer than 20');
  if (observed.slowBand?.operations.every(({ waitsOn }) => waitsOn === null))
    say.push(`what the service waits for by its traces: none of their spans is of service ${service}`);
  if (entered !== null && entered.unmarked > 0)
    say.push(
      `whether all traces are of the load test: ${entered.unmarked} of ${entered.traces} do not say where they entered (resource attribute k8s.namespace.name), so production's may be among them`,
    );
  if (observed.slowBand !== null && underLoad === undefined)
    say.push('whether all traces are of the load test: the record does not say which Deployment was under load');
  return say.map((text) => ({ subject: 'not known', text, values: {} }));
}
