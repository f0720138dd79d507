// Why the CPU is busy: the runtime's work, attributed to the package that caused it.
import { goName, goPackage, isRuntime } from './names.ts';
import type { Profile } from './profile.ts';
import { framesOf } from './top.ts';

/** Work of the runtime for others, by its functions. The first row that matches any frame of a stack, from its leaf up, names it. */
const MECHANISMS: readonly (readonly [name: string, functions: RegExp])[] = [
  ['GC assist', /^runtime\.gcAssistAlloc/],
  ['GC in the background', /^runtime\.(gcBgMarkWorker|bgsweep|bgscavenge|gcStart|gcMarkDone|gcMarkTermination)/],
  [
    'allocation',
    /^runtime\.(mallocgc|newobject|newarray|makeslice|growslice|makechan|rawbyteslice|rawstring|concatstring|slicebytetostring|stringtoslicebyte)/,
  ],
  ['lock', /^(sync|internal\/sync)\.\(\*(RW)?Mutex\)\./],
  ['map', /^(runtime\.map|internal\/runtime\/maps\.)/],
  ['copying', /^runtime\.(memmove|memclr|typedmemmove|bulkBarrier|duffcopy|duffzero)/],
  ['channel', /^runtime\.(chansend|chanrecv|selectgo|closechan)/],
  ['system call', /^(syscall|internal\/runtime\/syscall|internal\/poll)\./],
  ['scheduler', /^runtime\.(schedule|findRunnable|park_m|mcall|gopreempt_m|goschedImpl|sysmon|stealWork|startm|stopm|wakep|ready|netpoll)/],
];

const OWN_CODE = 'own code';

export interface MechanismRow {
  mechanism: string;
  /** The first package up the stack outside of the runtime; `runtime` where there is none. */
  package: string;
  value: number;
}

/** Every sample once, by mechanism and package, largest first. */
export function byMechanism(profile: Profile, type = profile.defaultType): MechanismRow[] {
  const { names, start, frames } = framesOf(profile, goName);
  const packages = names.map(goPackage);
  const mechanismOf = names.map((name) => MECHANISMS.findIndex(([, functions]) => functions.test(name)));
  // `sync` and `syscall` are mechanisms, not callers.
  const isMechanism = packages.map(
    (path) => isRuntime(path) || path === 'sync' || path === 'syscall' || path === 'internal/poll' || path === 'sync/atomic',
  );
  const rows = new Map<string, MechanismRow>();
  const width = profile.sampleTypes.length;
  for (let sample = 0; sample < profile.samples; sample += 1) {
    const value = profile.values[sample * width + type] as number;
    if (value === 0) continue;
    let mechanism = -1;
    let owner = -1;
    const from = profile.stackStart[sample] as number;
    const to = profile.stackStart[sample + 1] as number;
    for (let at = from; at < to && owner === -1; at += 1) {
      const location = profile.stacks[at] as number;
      for (let frame = start[location] as number; frame < (start[location + 1] as number) && owner === -1; frame += 1) {
        const name = frames[frame] as number;
        const found = mechanismOf[name] as number;
        // An assist happens inside an allocation: the rarer row, which stands higher, is more specific.
        if (found !== -1 && (mechanism === -1 || found < mechanism)) mechanism = found;
        if (!isMechanism[name]) owner = name;
      }
    }
    const what = mechanism === -1 ? OWN_CODE : (MECHANISMS[mechanism]?.[0] as string);
    const who = owner === -1 ? 'runtime' : (packages[owner] as string);
    const key = `${what}\n${who}`;
    const row = rows.get(key);
    if (row) row.value += value;
    else rows.set(key, { mechanism: what, package: who, value });
  }
  return [...rows.values()].sort((a, b) => b.value - a.value || (a.package + a.mechanism < b.package + b.mechanism ? -1 : 1));
}

/** Value of the samples in which a package appears anywhere, each counted once: the cost of calling it. */
export function byPackage(profile: Profile, type = profile.defaultType): { package: string; value: number }[] {
  const { names, start, frames } = framesOf(profile, goName);
  const paths: string[] = [];
  const byPath = new Map<string, number>();
  const pathOf = names.map((name) => {
    const path = goPackage(name);
    const known = byPath.get(path);
    if (known !== undefined) return known;
    byPath.set(path, paths.length);
    return paths.push(path) - 1;
  });
  const values = new Float64Array(paths.length);
  const counted = new Int32Array(paths.length);
  const width = profile.sampleTypes.length;
  for (let sample = 0; sample < profile.samples; sample += 1) {
    const value = profile.values[sample * width + type] as number;
    for (let at = profile.stackStart[sample] as number; at < (profile.stackStart[sample + 1] as number); at += 1) {
      const location = profile.stacks[at] as number;
      for (let frame = start[location] as number; frame < (start[location + 1] as number); frame += 1) {
        const path = pathOf[frames[frame] as number] as number;
        if (counted[path] === sample + 1) continue;
        counted[path] = sample + 1;
        (values[path] as number) += value;
      }
    }
  }
  return paths
    .map((path, index) => ({ package: path, value: values[index] as number }))
    .sort((a, b) => b.value - a.value || (a.package < b.package ? -1 : 1));
}
