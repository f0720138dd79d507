// Leftovers: effects whose undo is registered and not settled, with the countdown that is responsible.
import type { Ending } from '../../verdict/countdown-status.ts';
import { basename } from 'node:path';
import type { EvidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import type { JournalRecord } from '../../activities/evidence/undo-journal.ts';
import type { Phase } from '../../verdict/can.ts';
import { CountdownFailure, type Countdowns, type Owner } from './countdowns.ts';

export interface Leftover {
  /** `shop/go-api`. */
  service: string;
  cluster: string;
  /** Kind of the effect: `deployment-image`. */
  effect: string;
  /** Effect of the undo, for people: `shop/go-api back to sha-4f9c2ab`. */
  goesBackTo: string;
  /** The effect makes a candidate serve traffic. */
  live: boolean;
  /** RFC 3339, clock of the worker that registered it. */
  since: string;
  /** `unknown`: Temporal does not respond. */
  countdown: { release: string; run: string; state: Owner['countdown'] | 'unknown'; phase: Phase | null; ending: Ending | null };
  restorer: Owner['restorer'] | 'unknown';
  /** Next command to run. */
  next: string;
}

export interface Leftovers {
  /** By service, oldest first. */
  items: Leftover[];
  /** Files of the journal that cannot be read; their effects may be open too. */
  damaged: { file: string; message: string }[];
}

export interface LeftoversWorld {
  countdowns: Pick<Countdowns, 'ownerOf'>;
  folder: EvidenceFolder;
}

/** Reads the journal. Without Temporal, countdown and restorer are `unknown`. Throws if the folder cannot be read. */
export async function readLeftovers({ countdowns, folder }: LeftoversWorld): Promise<Leftovers> {
  const { records, damaged } = await folder.undos();
  const standing = records.filter(({ settled }) => settled === null);
  const items = await Promise.all(standing.map(async (record) => leftoverOf(record, await ownerOrNull(countdowns, record))));
  return {
    items: items.toSorted((a, b) => a.service.localeCompare(b.service) || a.since.localeCompare(b.since)),
    damaged: damaged.map(({ file, problem }) => ({ file: basename(file), message: problem })),
  };
}

async function ownerOrNull(countdowns: LeftoversWorld['countdowns'], { countdown }: JournalRecord): Promise<Owner | null> {
  try {
    return await countdowns.ownerOf(countdown);
  } catch (error) {
    if (!(error instanceof CountdownFailure)) throw error;
    return null;
  }
}

function leftoverOf({ entry, countdown, registeredAt }: JournalRecord, owner: Owner | null): Leftover {
  const { release, firstRunId } = countdown;
  return {
    service: entry.target.key,
    cluster: entry.target.cluster,
    effect: entry.kind,
    goesBackTo: entry.name,
    live: entry.live,
    since: registeredAt,
    countdown: {
      release,
      run: firstRunId,
      state: owner?.countdown ?? 'unknown',
      phase: owner?.phase ?? null,
      ending: owner?.ending ?? null,
    },
    restorer: owner?.restorer ?? 'unknown',
    next: nextCommand(release, owner),
  };
}

/** A running countdown restores its effects, then its restorer does; without either, a person runs `tminus restore`. */
function nextCommand(release: string, owner: Owner | null): string {
  if (owner?.countdown === 'running') return `tminus status ${release}`;
  if (owner?.restorer === 'running') return 'tminus leftovers';
  return 'tminus restore --from EVIDENCE-FOLDER';
}
