// The script as k6 runs it: an archive (a tar of `metadata.json` and `data`). Of an archive k6 takes the options from its metadata, so that those
// the script exports have no effect, and it reads files from the archive alone: `open()`, `require()` and `import` of any path on the machine
// find nothing (internal/js/bundle.go and lib/archive.go of k6 1.8.1).
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { LoadStage } from '../../analysis/load-test/plan.ts';
import { GRACEFUL_STOP_SECONDS } from '../../analysis/load-test/run-record.ts';
import type { K6Run } from './k6-run.ts';

/** The archive's bytes. `hosts` are names to addresses, as k6's option of that name has them. */
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
    // Paths of archives without a version are read in another way.
    k6version: 'tminus',
    options: {
      scenarios: { load: scenario(stages, maxVus) },
      hosts,
      // A name is looked up once: what it leads to later is not what the script was allowed to reach.
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
    // All at once: a virtual user made while the load runs costs a dropped iteration. 400 take 85 MB and 0.2 s.
    preAllocatedVUs: maxVus,
    maxVUs: maxVus,
    stages: stages.map(({ seconds, ratePerSecond }) => ({ duration: `${Math.round(seconds * 1_000)}ms`, target: ratePerSecond })),
    gracefulStop: `${GRACEFUL_STOP_SECONDS}s`,
  };
}
