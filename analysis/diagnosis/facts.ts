// The facts of a diagnosis: requests, CPU, traces and statements.
import type { Fact, Finding } from '../../verdict/finding.ts';
import { duration, latency, share as shareText } from '../../verdict/wording/index.ts';
import type { Cause } from '../cause/cause.ts';
import type { Observation } from '../cause/observation.ts';
import type { SlowBand } from '../trace/slow-band.ts';
import type { DiagnosisObservation } from './observe.ts';
import { leftOut } from './traces-of-the-load.ts';

/** Failing operations that become facts; the traces page lists all. */
const MAX_FAILURES = 3;

export function factsOf(
  { observation, profileFacts, statementSources, entered }: DiagnosisObservation,
  causes: readonly Cause[],
  trouble: readonly Finding[],
): Fact[] {
  const { slowBand: band, statements } = observation;
  const others = trouble.length > 0 ? causes.filter((cause) => cause.share > 0).slice(1, 3) : [];
  return [
    ...requestFacts(observation),
    ...cpuFacts(observation),
    ...(band ? [...operationFacts(band), ...spanFacts(band)] : []),
    ...profileFacts,
    ...statementFacts(statements ?? []),
    ...statementSources.map((text) => fact('postgres', text)),
    ...(entered !== null && entered.elsewhere > 0 ? [fact('traces', leftOut(entered), { elsewhere: entered.elsewhere })] : []),
    ...others.map(({ culprit, share }) => fact('other cause', `${culprit}, ${shareText(share)}`)),
  ];
}

function requestFacts({ requests }: Observation): Fact[] {
  if (!requests || requests.inFlight === 0) return [];
  const waits = requests.waits.map(({ on, requests: count }) => `${count} ${on}`).join(', ');
  return [fact('requests', `${requests.inFlight} in flight over all goroutine profiles: ${waits}`, { inFlight: requests.inFlight })];
}

function cpuFacts({ cpu }: Observation): Fact[] {
  if (!cpu) return [];
  const [first] = cpu.mechanisms;
  const most = first ? `, ${shareText(first.share)} of it ${first.mechanism} under ${first.package}` : '';
  const use = `${duration(1_000 * cpu.cpuSeconds)} of CPU in ${duration(1_000 * cpu.seconds)}`;
  return [fact('cpu', `${use}${most}; GC ${shareText(cpu.gcShare)}`, { cpuSeconds: cpu.cpuSeconds, gcPercent: 100 * cpu.gcShare })];
}

/** The operations of slow requests: the largest, and the largest outside of the service. */
function operationFacts({ traces, fromMs, toMs, operations }: SlowBand): Fact[] {
  const facts: Fact[] = [];
  const [first] = operations;
  if (first) {
    const slow = `of the slow band (${latency(fromMs)} to ${latency(toMs)}) ${shareText(first.share)} in ${first.operation}`;
    facts.push(fact('traces', `${traces} traces; ${slow}`, { traces }));
  }
  const [before] = operations.filter(({ waitsOn }) => waitsOn === null);
  const outside = operations.reduce((sum, { waitsOn, share }) => (waitsOn === null ? sum + share : sum), 0);
  if (before && outside < 1) {
    const where = `is outside of the service, most in ${before.operation}`;
    facts.push(fact('traces', `${shareText(outside)} of the slow band ${where}`, { outsidePercent: 100 * outside }));
  }
  return facts;
}

/** Failed spans, and spans that were left out or cut. */
function spanFacts({ failures, orphans, cut }: SlowBand): Fact[] {
  const facts = failures
    .slice(0, MAX_FAILURES)
    .map(({ operation, status, count }) =>
      fact('traces', `${count} failed in ${operation}${status === '' ? '' : `: ${status}`}`, { count }),
    );
  if (orphans + cut > 0) {
    const corrected = `${orphans} spans left out because their parent is missing, ${cut} cut to their parents' time`;
    facts.push(fact('traces', `${corrected} (clock skew, or work after the answer)`, { orphans, cut }));
  }
  return facts;
}

function statementFacts(statements: NonNullable<Observation['statements']>): Fact[] {
  return statements.map(({ statement, meanMs, share, logged }) => {
    const time = `${shareText(share)} of the ${logged ? 'logged ' : ''}time`;
    return fact('postgres', `${latency(meanMs)} each, ${time}: ${statement.slice(0, 100)}`, { meanMs });
  });
}

const fact = (subject: string, text: string, values: Record<string, number> = {}): Fact => ({ subject, text, values });
