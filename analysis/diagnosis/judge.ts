// The findings of a diagnosis: the cause of a broken limit, leaks, or why neither is known.
import { builders, inconclusive, pass, type EvidenceKind, type Finding, type Measurement } from '../../verdict/finding.ts';
import { duration, measured } from '../../verdict/wording/index.ts';
import type { Cause, Source } from '../cause/cause.ts';
import { inputsOf, type DiagnosisObservation } from './observe.ts';
import type { DiagnosisInput, DiagnosisRecord } from './record.ts';
import type { Suspect } from './suspects.ts';

/** The input of all findings. */
interface Grounds {
  record: DiagnosisRecord;
  recordDigest: string;
  observed: DiagnosisObservation;
  /** The most likely first. */
  causes: readonly Cause[];
  /** Findings of the load tests with a broken limit, the worst first. */
  trouble: readonly Finding[];
  /** Index of the load test that the causes explain. */
  explained: number | null;
}

/** Evidence kinds of each source. */
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
  const open = [...suspects, ...leaksUnknown(grounds), ...notPassed(grounds)];
  return open.length > 0 ? open : [nothing(grounds)];
}

function causeFinding(grounds: Grounds, { code, share, culprit, reasons, sources }: Cause): Finding {
  const { record, trouble, explained } = grounds;
  const worst = trouble[0];
  const about = share > 0 && worst ? `${worst.subject}: ` : '';
  const slows = share > 0;
  // A cause is not stronger than what it explains: where the load was not delivered, it is undecided whether the service is at fault.
  const build = builders[slows && worst ? worst.outcome : 'fail'];
  const evidence = evidenceOf(grounds, sources, inputsOf(record, slows ? explained : null));
  const measurement = slows ? { measured: measured(100 * share), unit: '%', evidence } : { evidence };
  return build(code, culprit, `${about}${reasons.join('; ')}`, measurement);
}

function evidenceOf({ recordDigest }: Grounds, sources: readonly Source[], inputs: readonly DiagnosisInput[]): string[] {
  const kinds = new Set(sources.flatMap((source) => KINDS[source]));
  return [recordDigest, ...inputs.filter(({ kind }) => kinds.has(kind)).map(({ digest }) => digest)];
}

/** Evidence of a finding that is about the service as a whole. */
const basedOn = (grounds: Grounds, sources: readonly Source[]): Measurement => ({
  evidence: evidenceOf(grounds, sources, inputsOf(grounds.record, null)),
});

function unknown(grounds: Grounds): Finding {
  const { record, observed, trouble } = grounds;
  const waits = observed.observation.requests?.waits ?? [];
  const most = waits[0] ? `; most requests wait at ${waits[0].site}, too few to explain it` : '';
  const message = `${trouble[0]?.message ?? 'a limit is broken'}, and no single cause dominates${most}`;
  return inconclusive('CauseUnknown', record.service, message, basedOn(grounds, ['requests', 'cpu', 'traces']));
}

function nothing(grounds: Grounds): Finding {
  const message = 'the load tests passed, and no goroutine leak was found';
  return pass('NothingToExplain', grounds.record.service, message, basedOn(grounds, ['requests', 'leaks']));
}

/** The runtime cannot prove leaks that a global variable or a connection can reach, so growth must have been observed too. */
function leaksUnknown(grounds: Grounds): Finding[] {
  const { record, observed } = grounds;
  const { leaks, suspects } = observed.observation;
  if (suspects !== null && observed.unpaired.length === 0) return [];
  const message =
    suspects !== null
      ? `no pod has two goroutine profiles of load test ${observed.unpaired.join(', ')}, so a leak in it cannot be excluded`
      : leaks === null
        ? 'no goroutine profile was captured, so a leak cannot be excluded'
        : 'no leak is proven, but no pod has two goroutine profiles, so a leak that the runtime cannot prove is not excluded';
  return [inconclusive('LeakUnknown', record.service, message, basedOn(grounds, ['leaks']))];
}

/** Growth at the site of a proven leak is explained by it. */
function suspected(grounds: Grounds): Finding[] {
  const { leaks, suspects } = grounds.observed.observation;
  const unexplained = (suspects ?? []).filter(({ site }) => !leaks?.some((leak) => leak.site === site)).sort((a, b) => b.count - a.count);
  const [largest, ...others] = unexplained;
  if (largest === undefined) return [];
  const { count, site, reason, gapSeconds }: Suspect = largest;
  const before = gapSeconds === null ? 'in the profile before' : `${duration(1_000 * gapSeconds)} before`;
  const more = others.length === 0 ? '' : `; growth also at ${others.map((other) => other.site).join(', ')}`;
  const message = `${count} more goroutines than ${before} wait at ${site}: ${reason}, if they never end${more}`;
  return [inconclusive('LeakSuspected', grounds.record.service, message, basedOn(grounds, ['requests']))];
}

/** Load tests that did not pass, without a broken limit that has a cause to diagnose. */
function notPassed(grounds: Grounds): Finding[] {
  const { record } = grounds;
  const all = record.loadTests.flatMap(({ findings: found }) => found);
  const open = all.filter(({ outcome }) => outcome !== 'pass');
  const withoutFinding = record.loadTests.filter(({ findings: found }) => found.length === 0).map(({ name }) => `${name} has no finding`);
  if (record.loadTests.length === 0) withoutFinding.push('there is no load test');
  if (open.length === 0 && withoutFinding.length === 0) return [];
  const which = [...withoutFinding, ...open.map(({ code, subject }) => `${code} of ${subject}`)].join(', ');
  const message = `no limit with a cause to diagnose was broken, but not all load tests passed: ${which}`;
  return [inconclusive('LoadNotPassed', record.service, message, basedOn(grounds, []))];
}
