// What a diagnosis cannot know, and which evidence is missing for it.
import type { Fact } from '../../verdict/finding.ts';
import { NO_STATEMENTS } from '../cause/database-cause.ts';
import type { DiagnosisObservation } from './observe.ts';
import type { DiagnosisRecord } from './record.ts';

/** One fact per open question, with the missing evidence. */
export function blindSpots(
  { observation, tracesOfNone, entered }: DiagnosisObservation,
  { service, missing, lastGood, underLoad }: DiagnosisRecord,
): Fact[] {
  const open: string[] = [...missing];
  if (lastGood === null && !missing.some((each) => each.startsWith('comparison')))
    open.push('whether it is slower than the last good release: no release has been launched yet');
  if (observation.leaks === null)
    open.push('leaks are only suspected: no pod has the goroutineleak profile (Go 1.27, or 1.26 with GOEXPERIMENT=goroutineleakprofile)');
  if (observation.requests === null) open.push('what requests wait for: no goroutine profile was captured');
  if (observation.cpu === null) open.push('what the CPU does: no CPU profile was captured, or it has no sample');
  if (observation.pool === null)
    open.push('whether a connection pool is too small: no pod exports readable pool metrics (pgxpool_* on /metrics)');
  if (observation.database === null) open.push(`what the database waits for: ${observation.unread.database ?? NO_STATEMENTS}`);
  if (observation.statements === null) open.push(`which statements are slow: ${observation.unread.statements ?? NO_STATEMENTS}`);
  if (tracesOfNone)
    open.push(
      'where the slow requests of this load test spend their time: a load test has no traces, so it is unknown whose the others are',
    );
  if (observation.slowBand === null && !tracesOfNone && !missing.some((each) => each.startsWith('traces')))
    open.push('which service a slow call is in: `traces` is not set, or there are fewer than 20');
  if (observation.slowBand?.operations.every(({ waitsOn }) => waitsOn === null))
    open.push(`what the service waits for by its traces: they have no span of service ${service}`);
  if (entered !== null && entered.unmarked > 0)
    open.push(
      `whether all traces are of the load test: ${entered.unmarked} of ${entered.traces} have no resource attribute ` +
        'k8s.namespace.name, so production traces may be among them',
    );
  if (observation.slowBand !== null && underLoad === undefined)
    open.push('whether all traces are of the load test: the record does not contain the Deployment under load');
  return open.map((text) => ({ subject: 'unknown', text, values: {} }));
}
