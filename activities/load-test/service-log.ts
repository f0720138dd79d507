// Slow statements by what the service itself logs: JSON lines of its pods, read through the Kubernetes API once the load has ended.
import { setImmediate as breathe } from 'node:timers/promises';
import { createTally } from '../../analysis/postgres/logged-statements.ts';
import { readServiceLine } from '../../analysis/postgres/service-log.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { OURS } from '../postgres/ours.ts';
import type { FoundStatements, ServiceLog } from '../postgres/slow-statements.ts';
import type { SampledPod } from './runtime-sampler.ts';

/** Throws when the log cannot be read. */
export type ReadPodLog = (target: DeploymentTarget, pod: string, range: { since: Date; limitBytes: number }) => Promise<string>;

export interface ServiceLogWorld {
  listPods: (target: DeploymentTarget) => Promise<readonly SampledPod[]>;
  readPodLog?: ReadPodLog;
}

/** Together 64 MB, as much as of the server's log; more pods say the same again. */
const PODS_LIMIT = 8;
const POD_LOG_LIMIT_BYTES = 8 * 1024 * 1024;
/** A statement takes 0.3 ms where no two are alike; then heartbeats have their turn. */
const LINES_AT_ONCE = 500;
/** The verdict is due 5 s after the load. */
const READ_WITHIN_MS = 3_000;

/** Reads the logs of the pods that run when the load has ended; those of pods that are gone went with them. */
export function serviceLogOf(target: DeploymentTarget, { listPods, readPodLog }: ServiceLogWorld): ServiceLog {
  return async (since) => {
    if (readPodLog === undefined) return `not read: \`podLogs\` of cluster ${target.cluster} is off in the environment file`;
    const longestMs = Date.now() - since.getTime();
    const tally = createTally({ database: '', own: OURS });
    let [unread, cut, unreadLines] = [0, 0, 0];
    try {
      const pods = await listPods(target);
      const chosen = pods.slice(0, PODS_LIMIT);
      const logs = await Promise.all(chosen.map(({ name }) => readPodLog(target, name, { since, limitBytes: POD_LOG_LIMIT_BYTES })));
      const endsAtMs = performance.now() + READ_WITHIN_MS;
      for (const log of logs) {
        const lines = log.split('\n');
        // What stands behind the last line's end is empty, or was cut off at the limit.
        if (lines.pop() !== '') cut += 1;
        for (const [i, line] of lines.entries()) {
          if (i % LINES_AT_ONCE === LINES_AT_ONCE - 1) await breathe();
          if (performance.now() > endsAtMs) {
            unreadLines += lines.length - i;
            break;
          }
          const read = readServiceLine(line, longestMs);
          if (read === 'unread') unread += 1;
          else if (read !== null) tally.add({ ...read, by: 'server', plan: null });
        }
      }
      return found(pods.length, chosen.length);
    } catch (error) {
      return (error as Error).message;
    }

    function found(pods: number, read: number): FoundStatements | string {
      const { statements } = tally.result();
      const lost = unread === 0 ? [] : [`${unread} lines with a statement have no time that can be one (numbers are read as seconds)`];
      if (statements.length === 0)
        return [`no line of ${read} ${read === 1 ? 'pod' : 'pods'} tells a statement and its time`, ...lost].join('; ');
      return {
        statements,
        plans: [],
        bounds: [
          ...(read < pods ? [`of ${read} of ${pods} pods`] : []),
          ...(cut === 0
            ? []
            : [`${cut} ${cut === 1 ? 'log ends' : 'logs end'} within a line: of each, ${POD_LOG_LIMIT_BYTES / 1024 / 1024} MB are read`]),
          ...(unreadLines === 0 ? [] : [`${unreadLines} lines were not read within ${READ_WITHIN_MS / 1_000} s`]),
          ...lost,
        ],
      };
    }
  };
}
