// Slow statements from the service's own log: JSON lines of its pods, read through the Kubernetes API after the load.
import { setImmediate as breathe } from 'node:timers/promises';
import { createTally } from '../../analysis/postgres/logged-statements.ts';
import { readServiceLine } from '../../analysis/postgres/service-log.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { QUERY_NAME } from '../postgres/connect.ts';
import type { FoundStatements } from '../postgres/server-log.ts';
import type { ServiceLog } from '../postgres/slow-statements.ts';
import type { SampledPod } from './runtime-sampler.ts';

/** Throws when the log cannot be read. */
export type ReadPodLog = (target: DeploymentTarget, pod: string, range: { since: Date; limitBytes: number }) => Promise<string>;

export interface ServiceLogDependencies {
  listPods: (target: DeploymentTarget) => Promise<readonly SampledPod[]>;
  readPodLog?: ReadPodLog;
}

/** 64 MB together, as much as is read of the server log; further pods add nothing new. */
const MAX_PODS = 8;
const MAX_POD_LOG_BYTES = 8 * 1024 * 1024;
/** A statement takes 0.3 ms when all differ; heartbeats run between two batches. */
const LINES_AT_ONCE = 500;
/** The verdict is due 5 s after the load. */
const READ_TIMEOUT_MS = 3_000;

/** Reads the logs of the pods that run when the load has ended; logs of deleted pods are gone. */
export function serviceLogOf(target: DeploymentTarget, { listPods, readPodLog }: ServiceLogDependencies): ServiceLog {
  return async (since) => {
    if (readPodLog === undefined) return `not read: \`podLogs\` of cluster ${target.cluster} is off in the environment file`;
    const maxDurationMs = Date.now() - since.getTime();
    try {
      const pods = await listPods(target);
      const chosen = pods.slice(0, MAX_PODS);
      const logs = await Promise.all(chosen.map(({ name }) => readPodLog(target, name, { since, limitBytes: MAX_POD_LOG_BYTES })));
      return foundIn(await readLogs(logs, maxDurationMs), pods.length, chosen.length);
    } catch (error) {
      return (error as Error).message;
    }
  };
}

interface LogsRead {
  tally: ReturnType<typeof createTally>;
  /** Lines with a statement whose duration is implausible. */
  implausible: number;
  truncatedLogs: number;
  /** Not read before the timeout. */
  unreadLines: number;
}

async function readLogs(logs: readonly string[], maxDurationMs: number): Promise<LogsRead> {
  const read: LogsRead = { tally: createTally({ database: '', own: QUERY_NAME }), implausible: 0, truncatedLogs: 0, unreadLines: 0 };
  const endsAtMs = performance.now() + READ_TIMEOUT_MS;
  for (const log of logs) {
    const lines = log.split('\n');
    // A complete log ends with a line break.
    if (lines.pop() !== '') read.truncatedLogs += 1;
    for (const [i, line] of lines.entries()) {
      if (i % LINES_AT_ONCE === LINES_AT_ONCE - 1) await breathe();
      if (performance.now() > endsAtMs) {
        read.unreadLines += lines.length - i;
        break;
      }
      const statement = readServiceLine(line, maxDurationMs);
      if (statement === 'unread') read.implausible += 1;
      else if (statement !== null) read.tally.add({ ...statement, by: 'server', plan: null });
    }
  }
  return read;
}

/** The statements, or the reason why there are none. */
function foundIn({ tally, implausible, truncatedLogs, unreadLines }: LogsRead, pods: number, read: number): FoundStatements | string {
  const { statements } = tally.result();
  const rejected =
    implausible === 0 ? [] : [`${implausible} lines have a statement with an implausible duration (numbers are read as seconds)`];
  if (statements.length === 0)
    return [`no log line of ${read} ${read === 1 ? 'pod' : 'pods'} has a statement with its duration`, ...rejected].join('; ');
  const truncated = `${truncatedLogs} ${truncatedLogs === 1 ? 'log is' : 'logs are'} truncated at ${MAX_POD_LOG_BYTES / 1024 / 1024} MB`;
  return {
    statements,
    plans: [],
    bounds: [
      ...(read < pods ? [`from ${read} of ${pods} pods`] : []),
      ...(truncatedLogs === 0 ? [] : [truncated]),
      ...(unreadLines === 0 ? [] : [`${unreadLines} lines were not read within ${READ_TIMEOUT_MS / 1_000} s`]),
      ...rejected,
    ],
  };
}
