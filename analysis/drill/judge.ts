// Judges the record of a drill: was the emergency detected, relieved and put back, each within its limit?
import { fail, inconclusive, pass, type Fact, type Finding, type FindingCode } from '../../verdict/finding.ts';
import { duration } from '../../verdict/wording/index.ts';
import type { Analysis, Table } from '../analysis.ts';
import { secondsBetween, timelineOf } from './timeline.ts';
import type { ActionRecord, DrillRecord, RestoreRecord, RecordedWatch } from './record.ts';

/**
 * Findings, the timeline as a table, and its seconds as facts. `evidence`: digest of the record. A drill passes only if every link was measured
 * and kept its limit.
 */
export function judgeDrill(record: DrillRecord, evidence: string[] = []): Analysis {
  return { findings: findingsOf(record).map((finding) => ({ ...finding, evidence })), facts: factsOf(record), tables: [tableOf(record)] };
}

function findingsOf(record: DrillRecord): Finding[] {
  const steady = judgeSteady(record);
  const restored = [...record.restored.map(judgeRestored), ...judgeRestoreTime(record)];
  const after = record.restored.length > 0 ? [judgeAfter(record)] : [];
  const stopped = record.stopped === null ? [] : [inconclusive('DrillStopped', record.drill, `the drill stopped: ${record.stopped}`)];
  if (record.provokedAt === null) return [steady, ...restored, ...stopped];
  return [
    steady,
    judgeDetected(record),
    ...record.actions.map((action) => judgeAction(record, action)),
    judgeRecovered(record),
    ...restored,
    ...after,
    ...stopped,
  ];
}

/** Without a steady state before the fault, what is detected may be something else. */
function judgeSteady({ before, limits, trigger }: DrillRecord): Finding {
  if (before?.outcome === 'cleared')
    return pass(
      'DrillSteadyBefore',
      trigger,
      `${trigger} did not hold for ${duration(limits.steadyMs)} before the fault: ${before.message}`,
    );
  return inconclusive('DrillNotSteady', trigger, `no fault was provoked: ${watchReason(trigger, before)}`);
}

function judgeDetected({ detected, provokedAt, limits, trigger }: DrillRecord): Finding {
  const seconds = secondsBetween(provokedAt, detected?.outcome === 'fired' ? detected.at : null);
  return judgeTime(seconds, limits.detectMs, {
    subject: trigger,
    codes: { within: 'DrillDetected', late: 'DrillDetectedLate', unknown: 'DrillDetectionUnknown' },
    done: `${trigger} fired`,
    missing: detected?.outcome === 'timeout' ? { code: 'DrillNotDetected', message: `${trigger} did not fire: ${detected.message}` } : null,
    unknown: watchReason(trigger, detected),
  });
}

function judgeAction({ limits }: DrillRecord, { name, startedAt, effectiveAt, reason }: ActionRecord): Finding {
  return judgeTime(secondsBetween(startedAt, effectiveAt), limits.actMs, {
    subject: name,
    codes: { within: 'DrillActionEffective', late: 'DrillActionLate', unknown: 'DrillActionFailed' },
    done: `${name} took effect`,
    missing: { code: 'DrillActionFailed', message: `${name} did not take effect: ${reason}` },
    unknown: reason,
  });
}

function judgeRecovered({ recovered, detected, limits, trigger }: DrillRecord): Finding {
  const seconds = secondsBetween(detected?.at ?? null, recovered?.outcome === 'cleared' ? recovered.at : null);
  return judgeTime(seconds, limits.recoverMs, {
    subject: trigger,
    codes: { within: 'DrillRecovered', late: 'DrillRecoveredLate', unknown: 'DrillRecoveryUnknown' },
    done: `${trigger} cleared after the actions, with the fault still on`,
    missing:
      recovered?.outcome === 'timeout' ? { code: 'DrillNotRecovered', message: `${trigger} did not clear: ${recovered.message}` } : null,
    unknown: watchReason(trigger, recovered),
  });
}

function judgeRestored({ name, restored, leftAlone, reason }: RestoreRecord): Finding {
  if (!restored) return fail('DrillLeftover', name, `${name}: not restored: ${reason}; restore it by hand, or with tminus restore`);
  if (leftAlone)
    return inconclusive('DrillLeftAlone', name, `${name}: somebody else changed it during the drill, and it was left as it is: ${reason}`);
  return pass('DrillRestored', name, `${name}: restored and read back`);
}

function judgeRestoreTime({ restored, restoreStartedAt, restoredAt, limits }: DrillRecord): Finding[] {
  if (restored.length === 0 || restored.some((each) => !each.restored)) return [];
  const seconds = secondsBetween(restoreStartedAt, restoredAt);
  if (seconds === null) return [inconclusive('DrillRestoredLate', 'restore', 'how long the restore took is unknown')];
  const measurement = { measured: seconds, limit: limits.restoreMs / 1_000, unit: 's' };
  const message = `everything was restored in ${duration(1_000 * seconds)}, limit ${duration(limits.restoreMs)}`;
  return [
    1_000 * seconds <= limits.restoreMs
      ? pass('DrillRestoredInTime', 'restore', message, measurement)
      : fail('DrillRestoredLate', 'restore', message, measurement),
  ];
}

/** Equal fields do not show that the service works again: the trigger must stay clear as well. */
function judgeAfter({ after, limits, trigger }: DrillRecord): Finding {
  if (after?.outcome === 'cleared')
    return pass(
      'DrillSteadyAfter',
      trigger,
      `${trigger} did not hold for ${duration(limits.steadyMs)} after the restore: ${after.message}`,
    );
  if (after === null || after.outcome === 'no-data')
    return inconclusive('DrillAfterUnknown', trigger, `the steady state after the restore is unknown: ${watchReason(trigger, after)}`);
  return fail('DrillNotSteadyAfter', trigger, `${trigger} still holds after the restore: ${after.message}`);
}

interface Timed {
  subject: string;
  codes: { within: FindingCode; late: FindingCode; unknown: FindingCode };
  /** `order-errors fired`. */
  done: string;
  /** What was seen not to happen; null where nothing was seen. */
  missing: { code: FindingCode; message: string } | null;
  unknown: string;
}

function judgeTime(seconds: number | null, limitMs: number, { subject, codes, done, missing, unknown }: Timed): Finding {
  if (seconds === null && missing !== null) return fail(missing.code, subject, missing.message, { limit: limitMs / 1_000, unit: 's' });
  if (seconds === null) return inconclusive(codes.unknown, subject, unknown);
  const measurement = { measured: seconds, limit: limitMs / 1_000, unit: 's' };
  const message = `${done} in ${duration(1_000 * seconds)}, limit ${duration(limitMs)}`;
  return 1_000 * seconds <= limitMs ? pass(codes.within, subject, message, measurement) : fail(codes.late, subject, message, measurement);
}

const watchReason = (trigger: string, watch: RecordedWatch | null): string =>
  watch === null ? `${trigger} was not watched, because the drill stopped before` : `${trigger}: ${watch.message}`;

function factsOf(record: DrillRecord): Fact[] {
  const rows = timelineOf(record);
  const summary = rows.flatMap(({ link, seconds }) => (seconds === null ? [] : [`${link} ${duration(1_000 * seconds)}`])).join(', ');
  return [
    { subject: 'drill', text: summary === '' ? 'nothing was provoked' : summary, values: {} },
    ...rows.map(({ link, text, seconds }) => ({ subject: link, text, values: seconds === null ? {} : { seconds } })),
  ];
}

function tableOf(record: DrillRecord): Table {
  return {
    title: `timeline of ${record.drill}`,
    columns: [
      { name: 'link', unit: '' },
      { name: 'at', unit: '' },
      { name: 'took', unit: 's' },
      { name: 'limit', unit: 's' },
      { name: 'what', unit: '' },
    ],
    rows: timelineOf(record).map(({ link, at, seconds, limitMs, what }) => [
      link,
      at,
      seconds,
      limitMs === null ? null : limitMs / 1_000,
      what,
    ]),
    notes: [
      'A link without a number was not reached. The times of detect, recover and after are of the worker that watched; act and restore are timed by the ' +
        'clock of the countdown, which is virtual in a rehearsal.',
    ],
  };
}
