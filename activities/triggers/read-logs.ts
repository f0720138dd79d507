// One sample of a trigger on logs: the new lines of each pod, through the Kubernetes API. Lines are counted, never stored.
import type { LogPod, LogSample } from '../../analysis/trigger/sample.ts';
import { readLogText, type LogCursor, type LogReading } from '../../analysis/trigger/log-text.ts';
import type { LogTally } from '../../analysis/trigger/log.ts';
import type { TriggerTally } from '../../analysis/trigger/watch.ts';
import { size } from '../../verdict/wording/index.ts';
import { podLogs, readTimedLog, type ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import type { ServingPod } from '../kubernetes/pods.ts';
import { timedOut } from '../reason-of.ts';
import { within } from '../within.ts';
import { reasonOrBug, type ReadPods } from './read-pods.ts';

/** 30 MB together in one sample. */
const MAX_PODS = 30;
/** 1,000 lines a second of 200 bytes in 5 s. */
const MAX_POD_BYTES = 1024 ** 2;
/** Of the last line, to know that the container logs at all. */
const MAX_LAST_LINE_BYTES = 16 * 1024;
/** A request takes at most 3 s, and a restarted container needs three. */
const LOG_TIMEOUT_MS = 10_000;

interface LogReader {
  target: DeploymentTarget;
  text: string;
  /** Lines after it count, ms since 1970; null: after the first sample. */
  sinceMs: number | null;
  client: ClusterClient;
  readPods: ReadPods;
  signal: AbortSignal;
}

/** Throws only on cancellation: a log that cannot be read is named in the sample. */
export async function readLogs(reader: LogReader, { logs, startedMs, samples }: TriggerTally, atMs: number): Promise<LogSample> {
  const found = await reader.readPods();
  if (typeof found === 'string') return { type: 'log', atMs, pods: [], trouble: found };
  // A container that has never run has no log yet.
  const running = found.filter(({ imageId }) => imageId !== '').sort((one, other) => (one.name < other.name ? -1 : 1));
  const read = running.slice(0, MAX_PODS);
  const fromMs = reader.sinceMs ?? startedMs ?? atMs;
  const pods = await Promise.all(read.map((pod) => readPod(reader, pod, { known: logs.pods[pod.name], fromMs, isFirst: samples === 0 })));
  reader.signal.throwIfAborted();
  const trouble = read.length < running.length ? `only the logs of ${read.length} of ${running.length} pods were read` : null;
  return { type: 'log', atMs, pods, trouble };
}

interface Since {
  known: LogTally['pods'][string] | undefined;
  fromMs: number;
  isFirst: boolean;
}

async function readPod(reader: LogReader, { name, restarts }: ServingPod, since: Since): Promise<LogPod> {
  const { known } = since;
  const unread: LogPod = {
    name,
    lines: 0,
    matches: [],
    cursor: known?.cursor ?? null,
    restarts: known?.restarts ?? restarts,
    logged: known?.logged ?? false,
    trouble: `reading the log ${timedOut(LOG_TIMEOUT_MS)}`,
  };
  const reading = newLines(reader, name, restarts, since).catch((error: unknown) => ({ ...unread, trouble: reasonOrBug(error) }));
  return within(LOG_TIMEOUT_MS, reading, unread, reader.signal);
}

/** New lines of the container; after a restart also those of the container before it. */
async function newLines(reader: LogReader, name: string, restarts: number, { known, fromMs, isFirst }: Since): Promise<LogPod> {
  const cursor = known?.cursor ?? null;
  const restarted = restarts > (known?.restarts ?? (isFirst ? restarts : 0));
  const current = await readLog(reader, name, { cursor, fromMs, previous: false });
  // A container that restarted between the listing and the reading was read then: its last line is still there.
  const isNew = restarted && (cursor === null || current.gap);
  const parts = isNew
    ? [
        await readLog(reader, name, { cursor, fromMs, previous: true }),
        cursor === null ? current : await readLog(reader, name, { cursor: null, fromMs, previous: false }),
      ]
    : [current];
  const lines = parts.reduce((sum, part) => sum + part.lines, 0);
  const end = parts.at(-1)?.cursor ?? null;
  return {
    name,
    lines,
    matches: parts.flatMap(({ matches }) => matches),
    cursor: end,
    restarts,
    logged: known?.logged === true || lines > 0 || end !== null || (await hasLogged(reader, name)),
    trouble: parts.map(troubleOf).find((trouble) => trouble !== null) ?? null,
  };
}

type LogPart = LogReading & { cut: boolean };

async function readLog(
  { client, target, text }: LogReader,
  pod: string,
  { cursor, fromMs, previous }: { cursor: LogCursor | null; fromMs: number; previous: boolean },
): Promise<LogPart> {
  const sinceS = cursor?.second ?? Math.floor(fromMs / 1_000);
  const log = await readTimedLog(client, target.namespace, pod, {
    container: target.container,
    sinceS,
    limitBytes: MAX_POD_BYTES,
    previous,
  });
  const cut = Buffer.byteLength(log) >= MAX_POD_BYTES;
  return { ...readLogText(log, { cursor, fromMs, cut, text }), cut };
}

function troubleOf({ foreign, gap, cut }: LogPart): string | null {
  if (foreign !== null) return `its log cannot be read: ${foreign}`;
  if (gap) return 'log lines may be lost: the last read line is not in its log any more, which was rotated or belongs to a new container';
  return cut ? `its log is read with a delay: more than ${size(MAX_POD_BYTES)} since the last sample` : null;
}

const hasLogged = async ({ client, target }: LogReader, pod: string): Promise<boolean> =>
  (await client.text(podLogs(target.namespace, pod), {
    container: target.container,
    tailLines: '1',
    limitBytes: String(MAX_LAST_LINE_BYTES),
  })) !== '';
