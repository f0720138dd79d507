// One line per step, and its type below: this is all that the release room needs to know of a new step.
import { z } from 'zod';
import { analysisSchema, type AnalysisStep } from './analysis.ts';
import { guardSchema, type GuardStep } from './guard.ts';
import { launchSchema, type LaunchStep } from './launch.ts';
import { loadTestSchema, type LoadTestStep } from './load-test.ts';
import { preflightSchema, type PreflightStep } from './preflight.ts';

export const stepSchemas = {
  preflight: preflightSchema,
  loadTest: loadTestSchema,
  analysis: analysisSchema,
  launch: launchSchema,
  guard: guardSchema,
};

export type { AnalysisStep, GuardStep, LaunchStep, LoadTestStep, PreflightStep };
export type Step = PreflightStep | LoadTestStep | AnalysisStep | LaunchStep | GuardStep;
export type StepType = Step['type'];

export const stepSchema = z
  .discriminatedUnion('type', [stepSchemas.preflight, stepSchemas.loadTest, stepSchemas.analysis, stepSchemas.launch, stepSchemas.guard])
  .meta({ description: 'One piece of work.' });
