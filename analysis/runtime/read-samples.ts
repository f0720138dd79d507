// Reads stored evidence of kind `runtime-samples`: one sample a line.
import { UnreadableEvidence } from '../analysis.ts';
import { readJsonLines } from '../json-lines.ts';
import type { RuntimeSample } from './sample.ts';

const HINT = 'run the load test again';

/** The samples in their order. Throws UnreadableEvidence with the number of the first that is malformed. */
export async function readRuntimeSamples(bytes: AsyncIterable<Uint8Array>): Promise<RuntimeSample[]> {
  return (await readJsonLines(bytes)).map((value, i) => {
    const reason = whatIsWrong(value);
    if (reason !== null) throw new UnreadableEvidence(`not a runtime sample: ${reason}`, `sample ${i + 1}`, HINT);
    return value as RuntimeSample;
  });
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isFigure = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'number' && Number.isFinite(value) && value >= 0);
const FIGURES = ['goroutines', 'heapBytes', 'gcCpuSeconds', 'totalCpuSeconds', 'gcAssistCpuSeconds', 'gcIdleCpuSeconds', 'gcSysBytes'];

/** A clause, or null where every field has its type. */
function whatIsWrong(value: unknown): string | null {
  if (!isObject(value)) return 'it is not an object';
  if (typeof value['at'] !== 'string' || Number.isNaN(Date.parse(value['at']))) return '"at" is not a timestamp';
  if (typeof value['pod'] !== 'string') return '"pod" is not a name';
  if (value['unread'] !== null && typeof value['unread'] !== 'string') return '"unread" is neither null nor a reason';
  const figure = FIGURES.find((name) => !isFigure(value[name]));
  if (figure !== undefined) return `"${figure}" is not a number of at least 0`;
  if (!isAbsent(value['pauses']) && !arePauses(value['pauses'])) return '"pauses" are malformed';
  if (!isAbsent(value['schedulerWaits']) && !areBuckets(value['schedulerWaits'])) return '"schedulerWaits" are malformed';
  if (!isAbsent(value['pools']) && !arePools(value['pools'])) return '"pools" are malformed';
  if (!isAbsent(value['pool']) && !(isObject(value['pool']) && Object.values(value['pool']).every(isFigure)))
    return '"pool" has a value that is not a number of at least 0';
  return null;
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function arePauses(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['collections'] === 'number' &&
    isFigure(value['collections']) &&
    Array.isArray(value['recent']) &&
    value['recent'].every(
      (pause: unknown) =>
        Array.isArray(pause) && typeof pause[0] === 'string' && /^\d{1,20}$/u.test(pause[0]) && typeof pause[1] === 'number',
    )
  );
}

function arePools(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((pool: unknown) => {
      if (!isObject(pool)) return false;
      const { labels, ...figures } = pool;
      return typeof labels === 'string' && Object.values(figures).every(isFigure);
    })
  );
}

function areBuckets(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (bucket: unknown) =>
        Array.isArray(bucket) &&
        (bucket[0] === null || typeof bucket[0] === 'number') &&
        typeof bucket[1] === 'number' &&
        isFigure(bucket[1]),
    )
  );
}
