// Stores the samples of a watch in parts: another worker continues from the last stored part, and `verify` reads all. Storing never stops or delays
// the watch: a full disk is retried, and a put that hangs is not waited for.
import type { GuardLimits, GuardSample } from '../../analysis/guard/sample.ts';
import { EMPTY_TALLY, type GuardTally } from '../../analysis/guard/guard-tally.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { failpoint } from '../failpoint.ts';
import type { GuardCarry } from '../steps-contract.ts';
import { timedOut } from '../reason-of.ts';
import { within } from '../within.ts';

/** At most half a minute is lost with a worker; a part of six samples has about 10 kB. */
const PART_MS = 30_000;
/** From 25 minutes on a part covers 2 % of the watch: 250 parts in a day, 75 kB of the 256 kB that a carry may have. */
const PARTS_SHARE = 0.02;
/** A local disk takes milliseconds. A slower put hangs (an unreachable network file system), and the next sample is due. */
const PUT_TIMEOUT_MS = 2_000;
const PUT_TIMED_OUT = `the evidence store ${timedOut(PUT_TIMEOUT_MS)}`;
/** One hour of samples of 100 pods (43 kB every 5 s). Beyond it the watch continues from the stored parts, as after a change of worker. */
const MAX_UNSTORED_BYTES = 32 * 1024 ** 2;

/** 180 kB of references. Each loss and return of data stores a part: only hours of that reach the limit, and then people decide. */
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
  /** Adds a sample to the next part, with the tally after it. Returns the tally to continue with. */
  add(sample: GuardSample, tally: GuardTally): GuardTally;
  /** True when the part is long enough to be stored. */
  due(): boolean;
  /** Stores the unstored samples. Returns null, or the reason why that failed. Takes at most 2 s; never throws. */
  flush(): Promise<string | null>;
}

/** Starts with the stored parts of the carry. */
export function createParts({ store, source, limits, carry }: PartsOptions): Parts {
  const oldTraffic = limits.oldTraffic;
  let stored: GuardCarry = { tally: carry?.tally ?? EMPTY_TALLY, parts: carry?.parts ?? [], oldTraffic };
  let lines: string[] = [];
  let unstoredBytes = 0;
  let latest = stored.tally;
  let firstAtMs: number | null = null;
  let putting: Promise<string | null> | null = null;
  /** Incremented when samples are dropped: a hanging put of them may end later, and must not count. */
  let dropped = 0;

  async function put(): Promise<string | null> {
    const [count, tally, before] = [lines.length, latest, dropped];
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
    if (before !== dropped) return null;
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
        dropped += 1;
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
        // A hanging put is awaited again, not repeated: its bytes would accumulate.
        putting ??= put();
        const result = await within(PUT_TIMEOUT_MS, putting, PUT_TIMED_OUT);
        if (result !== null) return result;
        // Samples added after the start of the put remain for the next one.
      }
    },
  };
}
