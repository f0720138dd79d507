// Prometheus samples by pod.
import type { PodValue } from '../../analysis/guard/sample.ts';
import type { Sample } from './client.ts';

/** The label `pod` and the value of each sample. */
export const podValues = (samples: readonly Sample[]): PodValue[] =>
  samples.map(({ labels, value }) => ({ pod: labels['pod'] ?? '', value }));
