// CPU profiles of the same seconds combined: how busy the CPU was, with what, and for which package.
import { byMechanism, byPackage } from './mechanism.ts';
import { goName, goPackage, isRuntime } from './names.ts';
import { totalOf, type Profile } from './profile.ts';
import { byCum, framesOf, top } from './top.ts';

export interface CpuUse {
  /** CPU seconds sampled, over all profiles. */
  cpuSeconds: number;
  /** Duration of the longest profile. */
  seconds: number;
  /** Samples: at 100 Hz, one per 10 ms of CPU. */
  samples: number;
  /** Share of GC in the background and of GC assists, 0-1. */
  gcShare: number;
  /** Share of allocation, 0-1. */
  allocationShare: number;
  /** Work of the runtime and the libraries by package, the largest first, 0-1. */
  mechanisms: { mechanism: string; package: string; share: number }[];
  /** Packages by all samples they appear in, the largest first, 0-1. */
  packages: { package: string; share: number }[];
  /** The service's own functions by all samples they appear in, the innermost of equals first, 0-1. */
  ownFunctions: { name: string; share: number }[];
}

const SHOWN = 10;
const GC = new Set(['GC assist', 'GC in the background']);

/** Null without a sample. `isOwn` is true for packages of the service under test. */
export function cpuUse(profiles: readonly Profile[], isOwn: (path: string) => boolean): CpuUse | null {
  const mechanisms = new Map<string, { mechanism: string; package: string; value: number }>();
  const packages = new Map<string, number>();
  const own = new Map<string, { cum: number; flat: number }>();
  let total = 0;
  let samples = 0;
  for (const profile of profiles) {
    const type = profile.defaultType;
    total += totalOf(profile, type);
    samples += totalOf(profile, 0);
    for (const row of byMechanism(profile, type)) {
      const key = `${row.mechanism}\n${row.package}`;
      const known = mechanisms.get(key);
      if (known) known.value += row.value;
      else mechanisms.set(key, { ...row });
    }
    for (const { package: path, value } of byPackage(profile, type)) packages.set(path, (packages.get(path) ?? 0) + value);
    for (const { name, cum, flat } of byCum(top(profile, type, framesOf(profile, goName)))) {
      if (!isOwn(goPackage(name))) continue;
      const known = own.get(name) ?? { cum: 0, flat: 0 };
      own.set(name, { cum: known.cum + cum, flat: known.flat + flat });
    }
  }
  if (total <= 0) return null;
  const share = (value: number): number => value / total;
  const sumOf = (matches: (mechanism: string) => boolean): number =>
    share([...mechanisms.values()].filter(({ mechanism }) => matches(mechanism)).reduce((sum, { value }) => sum + value, 0));
  return {
    cpuSeconds: total / 1e9,
    seconds: Math.max(0, ...profiles.map(({ durationSeconds }) => durationSeconds)),
    samples,
    gcShare: sumOf((mechanism) => GC.has(mechanism)),
    allocationShare: sumOf((mechanism) => mechanism === 'allocation'),
    mechanisms: [...mechanisms.values()]
      .sort((a, b) => b.value - a.value || (a.package + a.mechanism < b.package + b.mechanism ? -1 : 1))
      .slice(0, SHOWN)
      .map(({ mechanism, package: path, value }) => ({ mechanism, package: path, share: share(value) })),
    packages: [...packages]
      .filter(([path]) => path !== 'runtime' && path !== '')
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .slice(0, SHOWN)
      .map(([path, value]) => ({ package: path, share: share(value) })),
    ownFunctions: [...own]
      .sort(([a, x], [b, y]) => y.cum - x.cum || y.flat - x.flat || (a < b ? -1 : 1))
      .slice(0, SHOWN)
      .map(([name, { cum }]) => ({ name, share: share(cum) })),
  };
}

/** The standard library package with the largest share of the CPU, without those that serve every request: `encoding/json`. */
export function busiestLibrary({ packages }: CpuUse, isOwn: (path: string) => boolean): { package: string; share: number } | null {
  return (
    packages.find(({ package: path }) => !isOwn(path) && !SERVING.has(path) && !isRuntime(path) && !path.startsWith('internal/')) ?? null
  );
}

/** On the stack of every request. */
const SERVING: ReadonlySet<string> = new Set(['net/http', 'net', 'main', 'syscall', 'bufio', 'context', 'sync', 'reflect', 'io']);
