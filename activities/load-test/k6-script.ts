// The script k6 runs: the release's own, with the load the release file asks for in place of the options the script may bring.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadStage } from '../../analysis/load-test/plan.ts';
import { GRACEFUL_STOP_SECONDS } from '../../analysis/load-test/run-record.ts';

/**
 * Writes `script.js` and a wrapper around it into `folder`, and answers the wrapper's path. An own export shadows one of the same name that
 * `export *` brings (ECMAScript, seen with k6 1.8.1), so `options` is ours while `default`, `setup` and `teardown` stay the script's.
 */
export async function writeK6Script(folder: string, script: Uint8Array, stages: readonly LoadStage[], maxVus: number): Promise<string> {
  await writeFile(join(folder, 'script.js'), script, { mode: 0o600 });
  const wrapper = join(folder, 'wrapper.js');
  const options = {
    scenarios: {
      load: {
        executor: 'ramping-arrival-rate',
        startRate: 0,
        timeUnit: '1s',
        // All at once: a virtual user made while the load runs costs a dropped iteration. 400 take 85 MB and 0.2 s.
        preAllocatedVUs: maxVus,
        maxVUs: maxVus,
        stages: stages.map(({ seconds, ratePerSecond }) => ({ duration: `${Math.round(seconds * 1_000)}ms`, target: ratePerSecond })),
        gracefulStop: `${GRACEFUL_STOP_SECONDS}s`,
      },
    },
  };
  const lines = [
    "export * from './script.js';",
    "export { default } from './script.js';",
    `export const options = ${JSON.stringify(options)};`,
    '',
  ];
  await writeFile(wrapper, lines.join('\n'), { mode: 0o600 });
  return wrapper;
}
