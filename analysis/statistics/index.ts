export { addWindow, burstSize, burstSizeAround, NO_WINDOWS, serialBurstSize, type WindowCounts, type WindowSums } from './dispersion.ts';
export { poissonTail } from './poisson.ts';
export { scanTail } from './scan.ts';
export { CONFIDENCE, MIN_COUNT_FOR_P99, lowerTailBound, nearestRank, upperTailBound } from './tail-bound.ts';
export { wilson } from './wilson.ts';
