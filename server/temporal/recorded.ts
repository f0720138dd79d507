// Countdowns past the retention of Temporal, or whose worker version is gone, read from their stored records.
import { bytesOf } from '../../activities/evidence/bytes-of.ts';
import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import { readCountdownRecord, type CountdownRecord, type RecordPointer } from '../../activities/evidence/countdown-records.ts';
import type { EvidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import { explainCan } from '../../verdict/can.ts';
import { CountdownFailure, type Countdowns, type CountdownSummary, type Handed } from './countdowns.ts';
import { releaseOfCountdown } from '../../release/countdown-id.ts';

/** The same countdowns; status, audit and list include those that exist as a record only. */
export function withRecords(countdowns: Countdowns, folder: Pick<EvidenceFolder, 'recorded'>, evidence: EvidenceStore): Countdowns {
  const pointerTo = async (release: string): Promise<RecordPointer | undefined> =>
    (await folder.recorded()).find((each) => each.release === release);

  async function orRecorded<T>(release: string, ask: () => Promise<T>, of: (record: CountdownRecord) => T): Promise<T> {
    const pointer = await pointerTo(release);
    if (!pointer) return await ask();
    const latest = await countdowns.latest(release);
    // A later countdown with the same name has its own status.
    if (latest !== null && latest.run !== pointer.run) return await ask();
    if (latest === null || latest.closed) return of(await read(evidence, pointer));
    // A running countdown with a record was reset: its record is outdated.
    if (!latest.over) return await ask();
    return await ask().catch(async (error: unknown) => {
      if (error instanceof CountdownFailure && error.code === 'NoWorker') return of(await read(evidence, pointer));
      throw error;
    });
  }

  /** Temporal reports a countdown past its retention as not found; with a record it is refused as ended. */
  async function unlessOver<T>({ action, countdown }: Handed, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const release = releaseOfCountdown(countdown);
      if (!(error instanceof CountdownFailure) || error.code !== 'NotFound' || !(await pointerTo(release))) throw error;
      const reason = explainCan(action, 'ended') ?? `${release} has ended`;
      throw new CountdownFailure('Refused', reason, `\`tminus explain ${release}\` shows how it ended`);
    }
  }

  return {
    ...countdowns,
    submit: (request, signed) => unlessOver(request, () => countdowns.submit(request, signed)),
    hold: (request) => unlessOver(request, () => countdowns.hold(request)),
    abort: (request) => unlessOver(request, () => countdowns.abort(request)),
    firstRun: async (release) =>
      (await countdowns.latest(release))?.run ?? (await pointerTo(release))?.run ?? (await countdowns.firstRun(release)),
    status: (release) =>
      orRecorded(
        release,
        () => countdowns.status(release),
        ({ status }) => status,
      ),
    audit: (release) =>
      orRecorded(
        release,
        () => countdowns.audit(release),
        ({ audit }) => audit,
      ),
    async list(page: string | null) {
      const { items, nextPage } = await countdowns.list(page);
      return {
        items: [...items, ...onlyRecorded(await folder.recorded(), items, { first: page === null, last: nextPage === null })],
        nextPage,
      };
    },
  };
}

/**
 * Records of releases past the retention of Temporal, listed on the last page because they are the oldest. Rows of other pages are unknown here,
 * so a record is listed only if it ended before all rows of this page.
 */
function onlyRecorded(
  pointers: readonly RecordPointer[],
  items: readonly CountdownSummary[],
  { first, last }: { first: boolean; last: boolean },
): CountdownSummary[] {
  if (!last) return [];
  const names = new Set(items.map(({ release }) => release));
  const oldest = items.map(({ endedAt }) => endedAt ?? '').reduce((a, b) => (a < b ? a : b), '9999');
  const rest: CountdownSummary[] = [];
  // Newest first: only the last run of a name is listed, as for countdowns in Temporal.
  for (const pointer of pointers) {
    if (names.has(pointer.release) || (!first && (pointer.endedAt ?? '') > oldest)) continue;
    names.add(pointer.release);
    rest.push(summaryOf(pointer));
  }
  return rest;
}

async function read(evidence: EvidenceStore, { digest }: RecordPointer): Promise<CountdownRecord> {
  return readCountdownRecord(await bytesOf(evidence, digest), digest);
}

function summaryOf({ release, service, verdict, ending, rehearsal, launchAt, startedAt, endedAt }: RecordPointer): CountdownSummary {
  return {
    release,
    service,
    phase: 'ended',
    verdict,
    ending,
    launchAt,
    nextCheckpointAt: null,
    running: false,
    rehearsal,
    startedAt,
    endedAt,
    workerVersion: null,
    hasWorker: null,
  };
}
