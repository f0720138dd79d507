// Stores the samples of a watch in parts: another worker continues from the last stored part, and `verify` reads all. Storing never stops or delays
// the watch: a full disk is retried, and a put that hangs is not waited for.
import type { EvidenceRef } from '../../verdict/finding.ts';
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

/** A watch up to its last stored sample. */
export interface StoredSamples<Tally> {
  tally: Tally;
  /** The stored samples, in order. */
  parts: EvidenceRef[];
}

interface PartsOptions<Tally> {
  /** Stores one part. */
  put: (bytes: Uint8Array) => Promise<EvidenceRef>;
  /** First line of each part, beside its number. */
  head: object;
  /** Of an earlier worker, or an empty tally without parts. */
  stored: StoredSamples<Tally>;
}

export interface Parts<Sample, Tally> {
  /** The watch up to its last stored sample. */
  stored(): StoredSamples<Tally>;
  /** Adds a sample to the next part, with the tally after it. Returns the tally to continue with. */
  add(sample: Sample, tally: Tally): Tally;
  /** True when the part is long enough to be stored. */
  due(): boolean;
  /** Stores the unstored samples. Returns null, or the reason why that failed. Takes at most 2 s; never throws. */
  flush(): Promise<string | null>;
}

/** Times of the first and the last sample, ms. */
interface Timed {
  startedMs: number | null;
  atMs: number | null;
}

/** Starts with the stored parts. */
export function createParts<Sample extends { atMs: number }, Tally extends Timed>(options: PartsOptions<Tally>): Parts<Sample, Tally> {
  const { put: store, head } = options;
  let { stored } = options;
  let lines: string[] = [];
  let unstoredBytes = 0;
  let latest = stored.tally;
  let firstAtMs: number | null = null;
  let putting: Promise<string | null> | null = null;
  /** Incremented when samples are dropped: a hanging put of them may end later, and must not count. */
  let dropped = 0;

  async function put(): Promise<string | null> {
    const [count, tally, before] = [lines.length, latest, dropped];
    const text = [JSON.stringify({ ...head, part: stored.parts.length + 1 }), ...lines].map((line) => `${line}\n`).join('');
    let ref: EvidenceRef;
    try {
      ref = await store(new TextEncoder().encode(text));
    } catch (cause) {
      return (cause as Error).message;
    } finally {
      putting = null;
    }
    if (before !== dropped) return null;
    stored = { tally, parts: [...stored.parts, ref] };
    drop(count);
    return null;
  }

  function drop(count: number): void {
    lines = lines.slice(count);
    unstoredBytes = lines.reduce((sum, line) => sum + line.length, 0);
    firstAtMs = null;
  }

  return {
    stored: () => stored,
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
