// What a worker of the workflow queue can run.
export { countdown } from './countdown.ts';
export { restorer } from './restorer.ts';
export { serviceLock } from './service-lock.ts';
export { preflightStep } from './steps/preflight.ts';
export { loadTestStep } from './steps/load-test.ts';
export { diagnosisStep } from './steps/diagnosis.ts';
export { drillStep } from './steps/drill.ts';
export { launchStep } from './steps/launch.ts';
