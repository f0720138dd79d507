// k6 runs the script from an archive (a tar of `metadata.json` and `data`): it then ignores the options that the script exports, and `open()`,
// `require()` and `import` find no file of this machine (internal/js/bundle.go and lib/archive.go of k6 1.8.1).
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { LoadStage } from '../../analysis/load-test/plan.ts';
import { GRACEFUL_STOP_SECONDS } from '../../analysis/load-test/run-record.ts';
import type { K6Run } from './k6-run.ts';

/** The archive's bytes. `hosts` maps names to addresses, like k6's option of that name. */
export async function k6Archive(
  { script, stages, maxVus }: Pick<K6Run, 'script' | 'stages' | 'maxVus'>,
  hosts: Record<string, string>,
): Promise<Buffer> {
  const metadata = {
    type: 'js',
    filename: 'file:///script.js',
    pwd: 'file:///',
    env: {},
    compatibilityMode: 'extended',
    // k6 interprets paths differently in archives without a version.
    k6version: 'tminus',
    options: {
      scenarios: { load: scenario(stages, maxVus) },
      hosts,
      // Resolved once: a later address is not one that the script may connect to.
      dns: { ttl: 'inf', select: 'random', policy: 'preferIPv4' },
    },
  };
  const archive = pack();
  archive.entry({ name: 'metadata.json' }, JSON.stringify(metadata));
  archive.entry({ name: 'data' }, Buffer.from(script));
  archive.finalize();
  return buffer(archive);
}

function scenario(stages: readonly LoadStage[], maxVus: number) {
  return {
    executor: 'ramping-arrival-rate',
    startRate: 0,
    timeUnit: '1s',
    // All before the load: a virtual user created during the load costs a dropped iteration. 400 take 85 MB and 0.2 s.
    preAllocatedVUs: maxVus,
    maxVUs: maxVus,
    stages: stages.map(({ seconds, ratePerSecond }) => ({ duration: `${Math.round(seconds * 1_000)}ms`, target: ratePerSecond })),
    gracefulStop: `${GRACEFUL_STOP_SECONDS}s`,
  };
}
