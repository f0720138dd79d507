// One line per step, and its type below: this is all that the release room needs to know of a new step.
import { z } from 'zod';
import { diagnosisSchema, type DiagnosisStep } from './diagnosis.ts';
import { drillSchema, type DrillStep } from './drill.ts';
import { guardSchema, type GuardStep } from './guard.ts';
import { launchSchema, type LaunchStep } from './launch.ts';
import { loadTestSchema, type LoadTestStep } from './load-test.ts';
import { preflightSchema, type PreflightStep } from './preflight.ts';

export const stepSchemas = {
  preflight: preflightSchema,
  loadTest: loadTestSchema,
  diagnosis: diagnosisSchema,
  drill: drillSchema,
  launch: launchSchema,
  guard: guardSchema,
};

export type { DiagnosisStep, DrillStep, GuardStep, LaunchStep, LoadTestStep, PreflightStep };
export type Step = PreflightStep | LoadTestStep | DiagnosisStep | DrillStep | LaunchStep | GuardStep;
export type StepType = Step['type'];

export const stepSchema = z
  .discriminatedUnion('type', [
    stepSchemas.preflight,
    stepSchemas.loadTest,
    stepSchemas.diagnosis,
    stepSchemas.drill,
    stepSchemas.launch,
    stepSchemas.guard,
  ])
  .meta({ description: 'One piece of work.' });
