// What load tests mean: every piece of evidence read once, the causes ranked, and what cannot be known said. The step and `tminus verify`
// both ask this function, so the findings are the same byte for byte.
import type { EvidenceKind, Fact, Finding } from '../../verdict/finding.ts';
import type { Analysis } from '../analysis.ts';
import type { Observed } from '../cause/observed.ts';
import { percent, rankCauses, type Cause, type Source } from '../cause/rank.ts';
import { readLoads } from './loads.ts';
import { observe, type ReadEvidence, type Seen } from './observe.ts';
import type { DiagnosisRecord } from './record.ts';

export interface Diagnosis extends Analysis {
  causes: Cause[];
  observed: Observed;
}

/** Codes of findings that say that a limit is broken: what there is to explain. */
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
 * Explains the load tests of a record. Findings: the first cause and every proven leak as failures; `CauseUnknown` where something is wrong
 * and nothing stands out; `NothingToExplain` where nothing is wrong and nothing leaks; `EvidenceUnreadable` for what could not be read.
 * @param recordDigest evidence every finding names beside its own.
 */
export async function diagnose(record: DiagnosisRecord, read: ReadEvidence, recordDigest: string): Promise<Diagnosis> {
  const inputs = [...record.loadTests.flatMap((load) => load.inputs), ...record.inputs];
  const seen = await observe(inputs, record, read);
  const loads = await readLoads(record, read);
  const trouble = record.loadTests
    .flatMap(({ findings }) => findings)
    .filter(({ code, outcome }) => outcome !== 'pass' && TROUBLE.has(code))
    .sort((a, b) => excess(b) - excess(a));
  const causes = rankCauses(seen.observed);
  const findings = [
    ...seen.unreadable.map((unreadable) => ({ ...unreadable, evidence: [recordDigest, ...unreadable.evidence] })),
    ...judge(),
  ];
  return {
    findings,
    facts: [...factsOf(seen, causes, trouble), ...loads.facts, ...blindSpots(seen, record)],
    tables: loads.tables,
    causes,
    observed: seen.observed,
  };

  function judge(): Finding[] {
    const slow = trouble.length > 0 ? causes.filter(({ share }) => share > 0).slice(0, 1) : [];
    const leaks = causes.filter(({ share }) => share === 0);
    const named = [...slow, ...leaks].map((cause) => causeFinding(cause));
    if (trouble.length > 0 && slow.length === 0 && leaks.length === 0) return [unknown()];
    if (named.length > 0) return named;
    if (seen.observed.leaks === null && seen.observed.suspects === null) return [blind()];
    const suspects = seen.observed.leaks === null ? (seen.observed.suspects ?? []) : [];
    return suspects.length > 0 ? [suspected(suspects[0] as NonNullable<(typeof suspects)[0]>)] : [nothing()];
  }

  function causeFinding({ code, share, culprit, because, sources }: Cause): Finding {
    const worst = trouble[0];
    const about = share > 0 && worst ? `${worst.subject}: ` : '';
    return {
      code,
      subject: culprit,
      outcome: 'fail',
      measured: share > 0 ? Number((100 * share).toPrecision(3)) : null,
      limit: null,
      unit: share > 0 ? '%' : '',
      message: `${about}${because.join('; ')}`,
      evidence: evidenceOf(sources),
    };
  }

  function evidenceOf(sources: readonly Source[]): string[] {
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
    return plain('NothingToExplain', 'pass', 'no limit was broken, and no goroutine leaks: there is nothing to explain', [
      'requests',
      'leaks',
    ]);
  }

  function blind(): Finding {
    return plain('LeakUnknown', 'inconclusive', 'no goroutine profile was captured, so a leak cannot be ruled out', []);
  }

  function suspected({ count, site, why }: { count: number; site: string; why: string }): Finding {
    return plain(
      'LeakSuspected',
      'inconclusive',
      `${count} more goroutines than ten seconds before wait at ${site}: ${why}, if they never end`,
      ['requests'],
    );
  }
}

/** How far over its limit; what has no such figure comes last. */
function excess({ code, measured, limit }: Finding): number {
  return code === 'LatencyAboveLimit' && typeof measured === 'number' && typeof limit === 'number' && limit > 0 ? measured / limit : 0;
}

function factsOf({ observed, statementSources, entered }: Seen, causes: readonly Cause[], trouble: readonly Finding[]): Fact[] {
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
  }
  for (const { statement, meanMs, share, logged } of statements)
    fact(
      'postgres',
      `${Number(meanMs.toPrecision(3))} ms each, ${percent(share)} of the ${logged ? 'logged ' : ''}time: ${statement.slice(0, 100)}`,
      { meanMs },
    );
  for (const text of statementSources) fact('postgres', text);
  if (entered !== null && entered.elsewhere > 0)
    fact('traces', `${entered.elsewhere} traces left out: their requests did not enter at the Deployment under load`, {
      elsewhere: entered.elsewhere,
    });
  for (const { culprit, share } of trouble.length > 0 ? causes.filter((cause) => cause.share > 0).slice(1, 3) : [])
    fact('also seen', `${culprit}, ${percent(share)}`, {});
  return facts;
}

/** What cannot be known from what there is. */
function blindSpots({ observed, entered }: Seen, { missing, lastGood, underLoad }: DiagnosisRecord): Fact[] {
  const say: string[] = [...missing];
  if (lastGood === null && !missing.some((each) => each.startsWith('comparison')))
    say.push('whether it is slower than the last good release: none was launched from here yet');
  if (observed.leaks === null)
    say.push('leaks are only suspected: no pod has the goroutineleak profile (Go 1.27, or 1.26 with GOEXPERIMENT=goroutineleakprofile)');
  if (observed.requests === null) say.push('what requests wait for: no goroutine profile was captured');
  if (observed.cpu === null) say.push('what the CPU does: no CPU profile was captured, or it has no sample');
  if (observed.database === null) say.push('what the database waits for: no `postgres` is named for the load test');
  if (observed.slowBand === null && !missing.some((each) => each.startsWith('traces')))
    say.push('which service a slow call is in: no `traces` are named, or there are fewer than 20');
  if (entered !== null && entered.unmarked > 0)
    say.push(
      `whether all traces are of the load test: ${entered.unmarked} of ${entered.traces} do not say where they entered (resource attribute k8s.namespace.name), so production's may be among them`,
    );
  if (observed.slowBand !== null && underLoad === undefined)
    say.push('whether all traces are of the load test: the record does not say which Deployment was under load');
  return say.map((text) => ({ subject: 'not known', text, values: {} }));
}
