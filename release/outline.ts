// The parts of a release file that rules need, read leniently: a misspelt field does not hide the other problems.
import { readDuration } from './duration.ts';
import { readOffset } from './offset.ts';
import { stepSchemas } from './steps/registry.ts';
import type { StepType } from './steps/registry.ts';
import type { Path } from './problem.ts';

export interface StepOutline {
  path: Path;
  type: StepType;
  name: string;
  namePath: Path;
  fields: Record<string, unknown>;
}

export interface CheckpointOutline {
  path: Path;
  name: string | undefined;
  at: string | undefined;
  /** Undefined where `at` is not readable. */
  offsetMs: number | undefined;
  steps: StepOutline[];
  asksPeople: boolean;
  /** False if a step, a field or the approval is malformed; then its absence is not reported. */
  readable: boolean;
}

export interface Outline {
  spec: Record<string, unknown>;
  countdown: string | undefined;
  countdownMs: number | undefined;
  /** Null if it is not a group of fields; then its missing fields are not reported. */
  load: Record<string, unknown> | null;
  /** Null for the standard plan. */
  checkpoints: CheckpointOutline[] | null;
}

/** Outline of a release file, valid or not; null without `spec`. */
export function outlineOf(content: unknown): Outline | null {
  const spec = fieldsOf(fieldsOf(content)?.['spec']);
  if (!spec) return null;
  const countdown = textOf(spec['countdown']);
  const reading = countdown === undefined ? null : readDuration(countdown);
  const listed = spec['checkpoints'];
  return {
    spec,
    countdown,
    countdownMs: reading?.ok ? reading.ms : undefined,
    load: fieldsOf(spec['load'] ?? {}),
    checkpoints: listed === undefined ? null : Array.isArray(listed) ? listed.flatMap(checkpointOutline) : [],
  };
}

/** All steps of one type, in the order of the file. */
export function stepsOf(checkpoints: CheckpointOutline[], type: StepType): StepOutline[] {
  return checkpoints.flatMap(({ steps }) => steps).filter((step) => step.type === type);
}

function checkpointOutline(content: unknown, index: number): CheckpointOutline[] {
  const fields = fieldsOf(content);
  if (!fields) return [];
  const path = ['spec', 'checkpoints', index];
  const at = textOf(fields['at']);
  const reading = at === undefined ? null : readOffset(at);
  const listed = fields['steps'] ?? [];
  const written: unknown[] = Array.isArray(listed) ? listed : [];
  const steps = written.flatMap((step, stepIndex) => stepOutline(step, [...path, 'steps', stepIndex]));
  return [
    {
      path,
      name: textOf(fields['name']),
      at,
      offsetMs: reading?.ok ? reading.ms : undefined,
      steps,
      asksPeople: fieldsOf(fields['approval']) !== null,
      readable:
        Array.isArray(listed) &&
        steps.length === written.length &&
        Object.keys(fields).every((field) => ['name', 'at', 'steps', 'approval', 'holdDeadline'].includes(field)),
    },
  ];
}

function stepOutline(content: unknown, path: Path): StepOutline[] {
  const fields = fieldsOf(content);
  const type = fields?.['type'];
  if (!fields || typeof type !== 'string' || !isStepType(type)) return [];
  const name = textOf(fields['name']);
  return [
    {
      path,
      type,
      name: name ?? stepSchemas[type].shape.name.parse(undefined),
      namePath: name === undefined ? path : [...path, 'name'],
      fields,
    },
  ];
}

function isStepType(type: string): type is StepType {
  return Object.hasOwn(stepSchemas, type);
}

function fieldsOf(content: unknown): Record<string, unknown> | null {
  return typeof content === 'object' && content !== null && !Array.isArray(content) ? (content as Record<string, unknown>) : null;
}

function textOf(content: unknown): string | undefined {
  return typeof content === 'string' ? content : undefined;
}
