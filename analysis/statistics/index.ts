export { binomialTail } from './binomial.ts';
export { CONFIDENCE, LEAST_COUNT_FOR_P99, lowerTailBound, nearestRank, upperTailBound } from './tail-bound.ts';
export { wilson } from './wilson.ts';
