// Reads goroutines in each form that Go writes.
import { UnreadableEvidence } from '../analysis.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';
import type { Profile } from '../profile/profile.ts';
import { readProfile } from '../profile/read.ts';
import { isCounted, readCounted } from './counted.ts';
import { readDump } from './dump.ts';
import { collect, collector, type Frame, type GoroutineGroup, type Goroutines, type GoroutineTotals } from './goroutines.ts';
import { stateOf } from './waiting.ts';

/** Go cuts a dump off at this size: https://github.com/golang/go/blob/go1.26.0/src/runtime/pprof/pprof.go (writeGoroutineStacks) */
const DUMP_LIMIT_BYTES = 64 * 1024 * 1024;
/** Anything larger than two dumps is not a dump. */
const MAX_TEXT_BYTES = 2 * DUMP_LIMIT_BYTES;
const HINT = 'capture /debug/pprof/goroutine?debug=0, 1 or 2, or /debug/pprof/goroutineleak';

/**
 * Reads `debug=0` (pprof), `debug=1` and `debug=2`, of `goroutine` and `goroutineleak`. Cut-off parts become problems. Throws
 * UnreadableEvidence on anything else.
 */
export function readGoroutines(bytes: Uint8Array): Goroutines {
  const found = readAnyForm(gunzipBounded(bytes, MAX_TEXT_BYTES));
  if (found.total > 0 || found.leakedOnly || found.problems.length > 0) return found;
  return { ...found, problems: ['it lists no goroutine, but at least the one that wrote it existed'] };
}

function readAnyForm(plain: Uint8Array): Goroutines {
  // A dump may begin in the middle of a log; text forms begin with a letter, a profile with the tag of its first field.
  if (plain[0] !== 0x0a || isText(plain.subarray(0, 64))) {
    const decoder = new TextDecoder();
    if (isCounted(decoder.decode(plain.subarray(0, plain.indexOf(0x0a) + 1)))) {
      const { groups, totals } = readCounted(decoder.decode(plain));
      return collect(groups, totals);
    }
    const collecting = collector();
    const problems = readDump(plain, collecting.add);
    const found = collecting.finish({ problems });
    if (found.total > 0 && plain.length === DUMP_LIMIT_BYTES) problems.push('the dump ends at 64 MB, where Go cuts it off');
    if (found.total > 0 || problems.length > 0) return found;
    if (isText(plain.subarray(0, 256))) throw new UnreadableEvidence('not a goroutine dump', 'line 1', HINT);
  }
  const { groups, totals } = groupsOf(readProfile(plain));
  return collect(groups, totals);
}

/** One group per sample of a `goroutine` or `goroutineleak` profile. */
function groupsOf(profile: Profile): { groups: GoroutineGroup[]; totals: GoroutineTotals } {
  const type = profile.sampleTypes.findIndex(({ type: name }) => name === 'goroutine' || name === 'goroutineleak');
  if (type === -1)
    throw new UnreadableEvidence(
      `profile of ${profile.sampleTypes.map(({ type: name }) => name).join(', ')}, not of goroutines`,
      'sample types',
      HINT,
    );
  const leaked = profile.sampleTypes[type]?.type === 'goroutineleak';
  const frames = new Map<number, Frame>();
  const frameAt = (line: number): Frame => {
    let frame = frames.get(line);
    const inFunction = profile.lineFunction[line] as number;
    if (!frame) {
      frame = { function: profile.functionName(inFunction), file: profile.fileName(inFunction), line: profile.lineNumber[line] as number };
      frames.set(line, frame);
    }
    return frame;
  };
  const groups = Array.from({ length: profile.samples }, (_, sample): GoroutineGroup => {
    const stack: Frame[] = [];
    for (let at = profile.stackStart[sample] as number; at < (profile.stackStart[sample + 1] as number); at += 1) {
      const location = profile.stacks[at] as number;
      for (let line = profile.lineStart[location] as number; line < (profile.lineStart[location + 1] as number); line += 1)
        stack.push(frameAt(line));
    }
    return {
      state: stateOf(stack),
      stack,
      creator: null,
      count: profile.values[sample * profile.sampleTypes.length + type] as number,
      leaked,
      waitMinutes: 0,
    };
  });
  return { groups, totals: { leakedOnly: leaked } };
}

const isText = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 9 || byte === 10 || byte === 13 || byte >= 32);
