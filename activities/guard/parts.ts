// The samples of a watch as evidence, stored part by part: a worker that takes over goes on from the last stored part, and `verify` reads
// them all. Storing never stops or delays the watch: a full disk is tried again, and a put that hangs is left behind.
import type { GuardLimits, GuardSample } from '../../analysis/guard/sample.ts';
import { EMPTY_TALLY, type GuardTally } from '../../analysis/guard/guard-tally.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { failpoint } from '../failpoint.ts';
import type { GuardCarry } from '../steps-contract.ts';
import { within } from '../within.ts';

/** Half a minute is the most that a dead worker may take along; a part of six samples is about 10 kB. */
const PART_MS = 30_000;
/** From 25 minutes on a part has 2 % of the time watched: 250 parts in a day, 75 kB of the 256 kB that a carry may have. */
const PARTS_SHARE = 0.02;
/** A local disk takes milliseconds. A put that needs longer hangs (a network file system that is away); the next sample is due. */
const PUT_TIMEOUT_MS = 2_000;
const NO_ANSWER = `the evidence store did not answer within ${PUT_TIMEOUT_MS / 1_000} s`;
/** An hour of samples of 100 pods (43 kB each, one in 5 s). Beyond, the watch goes on from what is stored, as if the worker had changed. */
const MAX_UNSTORED_BYTES = 32 * 1024 ** 2;

/**
 * 180 kB of references. Only a watch whose sight comes and goes for hours gets there, for each change of it stores a part: then people decide.
 */
export const MAX_PARTS = 600;

interface PartsOptions {
  store: EvidenceStore;
  source: string;
  limits: GuardLimits;
  carry: GuardCarry | null;
}

export interface Parts {
  /** The watch up to its last stored sample. */
  carry(): GuardCarry;
  /** Keeps a sample for the next part, with the tally after it. Returns the tally to go on with. */
  add(sample: GuardSample, tally: GuardTally): GuardTally;
  /** True when the part is long enough to be stored. */
  due(): boolean;
  /** Stores what is not stored yet. Returns null when everything is, else why not. Takes 2 s at most; never throws. */
  flush(): Promise<string | null>;
}

/** Begins with what the carry has stored. */
export function createParts({ store, source, limits, carry }: PartsOptions): Parts {
  const oldTraffic = limits.oldTraffic;
  let stored: GuardCarry = { tally: carry?.tally ?? EMPTY_TALLY, parts: carry?.parts ?? [], oldTraffic };
  let lines: string[] = [];
  let unstoredBytes = 0;
  let latest = stored.tally;
  let firstAtMs: number | null = null;
  let putting: Promise<string | null> | null = null;
  /** Counted up when samples are given up: a put that hangs with some of them may end later, and must not count. */
  let givenUp = 0;

  async function put(): Promise<string | null> {
    const [count, tally, before] = [lines.length, latest, givenUp];
    const text = [JSON.stringify({ limits, part: stored.parts.length + 1 }), ...lines].map((line) => `${line}\n`).join('');
    let ref: EvidenceRef;
    try {
      await failpoint('guard.store.before');
      ref = await store.put({ kind: 'prometheus-samples', mediaType: 'application/x-ndjson', source }, new TextEncoder().encode(text));
    } catch (cause) {
      return (cause as Error).message;
    } finally {
      putting = null;
    }
    await failpoint('guard.store.after');
    if (before !== givenUp) return null;
    stored = { tally, parts: [...stored.parts, ref], oldTraffic };
    drop(count);
    return null;
  }

  function drop(count: number): void {
    lines = lines.slice(count);
    unstoredBytes = lines.reduce((sum, line) => sum + line.length, 0);
    firstAtMs = null;
  }

  return {
    carry: () => stored,
    add(sample, tally) {
      const line = JSON.stringify(sample);
      if (unstoredBytes + line.length > MAX_UNSTORED_BYTES) {
        givenUp += 1;
        drop(lines.length);
        latest = stored.tally;
        return latest;
      }
      lines.push(line);
      unstoredBytes += line.length;
      firstAtMs ??= sample.atMs;
      latest = tally;
      return latest;
    },
    due() {
      const { startedMs, atMs } = latest;
      if (firstAtMs === null || startedMs === null || atMs === null) return false;
      return atMs - firstAtMs >= Math.max(PART_MS, PARTS_SHARE * (atMs - startedMs));
    },
    async flush() {
      for (;;) {
        if (lines.length === 0) return null;
        // A put that hangs is waited for again instead of being started a second time: its bytes would pile up.
        putting ??= put();
        const result = await within(PUT_TIMEOUT_MS, putting, NO_ANSWER);
        if (result !== null) return result;
        // A put that was begun before the last samples leaves them; they are stored by another.
      }
    },
  };
}
