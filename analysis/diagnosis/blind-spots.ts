// What a diagnosis cannot know, and which evidence would tell.
import type { Fact } from '../../verdict/finding.ts';
import { NO_STATEMENTS } from '../cause/database-cause.ts';
import type { Seen } from './observe.ts';
import type { DiagnosisRecord } from './record.ts';

/** What cannot be known from what there is. */
export function blindSpots({ observed, tracesOfNone, entered }: Seen, { service, missing, lastGood, underLoad }: DiagnosisRecord): Fact[] {
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
      `whether all traces are of the load test: ${entered.unmarked} of ${entered.traces} do not say where they entered ` +
        `(resource attribute k8s.namespace.name), so production's may be among them`,
    );
  if (observed.slowBand !== null && underLoad === undefined)
    say.push('whether all traces are of the load test: the record does not say which Deployment was under load');
  return say.map((text) => ({ subject: 'not known', text, values: {} }));
}
