// For tests: logs of pods as the API server returns them, with rotation, restarts and bounded bytes.
import { ApiFailure } from '../kubernetes/api-failure.ts';
import type { ClusterClient } from '../kubernetes/client.ts';

export interface FakeLog {
  lines: { atMs: number; text: string }[];
  /** Of the container before its last restart. */
  previous: { atMs: number; text: string }[];
  /** Status with which the API server refuses it; 200 answers. */
  status: number;
}

export interface FakePodLogs {
  /** By pod; a pod without an entry has an empty log. */
  logs: Record<string, FakeLog>;
  /** Queries that were sent, by pod. */
  asked: { pod: string; query: Record<string, string> }[];
  /** Appends a line to the log of a pod. */
  write(pod: string, atMs: number, text: string): void;
  /** The container begins again with an empty log. */
  restart(pod: string): void;
  text: ClusterClient['text'];
}

export function fakePodLogs(): FakePodLogs {
  const logs: Record<string, FakeLog> = {};
  const asked: FakePodLogs['asked'] = [];
  const logOf = (pod: string): FakeLog => (logs[pod] ??= { lines: [], previous: [], status: 200 });
  return {
    logs,
    asked,
    write: (pod, atMs, text) => void logOf(pod).lines.push({ atMs, text }),
    restart(pod) {
      const log = logOf(pod);
      Object.assign(log, { previous: log.lines, lines: [] });
    },
    async text(resource, query) {
      const { name: pod = '' } = resource;
      asked.push({ pod, query });
      const { lines, previous, status } = logOf(pod);
      if (status !== 200) throw new ApiFailure({ verb: 'get', resource, cluster: 'lab', status, detail: 'fake' });
      const sinceMs = Date.parse(query['sinceTime'] ?? '1970-01-01T00:00:00Z');
      const found = (query['previous'] === 'true' ? previous : lines).filter(({ atMs }) => atMs >= sinceMs);
      const tail = query['tailLines'] === undefined ? found : found.slice(-Number(query['tailLines']));
      const timed = tail.map(({ atMs, text }) => `${new Date(atMs).toISOString().replace('Z', '000000Z')} ${text}\n`).join('');
      return timed.slice(0, Number(query['limitBytes']));
    },
  };
}
