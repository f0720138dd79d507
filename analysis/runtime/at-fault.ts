// Which pods to profile when not all can be: those with the slowest requests, or with the most goroutines.
import { count, latency } from '../../verdict/wording/index.ts';
import type { RuntimeSample } from './sample.ts';

interface PodFigures {
  pod: string;
  /** Mean time of the requests it answered since its first sample; null when it answered or exported none. */
  meanMs: number | null;
  goroutines: number | null;
}

export interface ChosenPods {
  pods: string[];
  /** `those with the slowest requests (go-api-1 412 ms, go-api-2 40 ms)`. */
  reason: string;
}

/**
 * The `limit` pods most likely at fault: by mean request time, or by goroutines when a pod answered no request (one that hangs answers
 * none, and its requests pile up). Pods that could not be read come last, in their order.
 */
export function podsAtFault(names: readonly string[], samples: readonly RuntimeSample[], limit: number): ChosenPods {
  const figures = names.map((pod) => figuresOf(pod, samples));
  const readable = figures.filter(({ meanMs, goroutines }) => meanMs !== null || goroutines !== null);
  const unread = figures.filter((each) => !readable.includes(each));
  const byTime = readable.every(({ meanMs }) => meanMs !== null);
  const weight = ({ meanMs, goroutines }: PodFigures): number => (byTime ? meanMs : goroutines) ?? -1;
  const chosen = [...readable.sort((a, b) => weight(b) - weight(a)), ...unread].slice(0, limit);
  const figuresText = chosen
    .filter((each) => weight(each) >= 0)
    .map((each) => `${each.pod} ${byTime ? latency(weight(each)) : count(weight(each))}`)
    .join(', ');
  const reason =
    readable.length === 0
      ? 'the first ones, because no pod could be read'
      : byTime
        ? `those with the slowest requests (${figuresText})`
        : `those with the most goroutines (${figuresText})`;
  return { pods: chosen.map(({ pod }) => pod), reason };
}

function figuresOf(pod: string, samples: readonly RuntimeSample[]): PodFigures {
  const own = samples.filter((sample) => sample.pod === pod && sample.unread === null);
  const totals = own.flatMap(({ requests }) => requests ?? []);
  const [first, last] = [totals[0], totals.at(-1)];
  const goroutines = own.at(-1)?.goroutines ?? null;
  if (!first || !last) return { pod, meanMs: null, goroutines };
  // A lower count means that the process restarted.
  const since = last.requests < first.requests ? { requests: 0, seconds: 0 } : first;
  const requests = last.requests - since.requests;
  return { pod, meanMs: requests > 0 ? (1_000 * (last.seconds - since.seconds)) / requests : null, goroutines };
}
