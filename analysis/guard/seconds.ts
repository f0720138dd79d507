// Durations of a watch, which are counted in whole seconds.
import { duration } from '../../verdict/wording/index.ts';

export const seconds = (ms: number): number => Math.round(ms / 1_000);
export const inSeconds = (ms: number): string => duration(1_000 * seconds(ms));
