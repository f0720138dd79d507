// Shared parts of the help of all verbs: the argument that names a countdown, and the examples below the options.

/** Comment and command line of each example. */
export type Examples = readonly (readonly [comment: string, line: string])[];

/** The argument that names a countdown: `.argument(...COUNTDOWN)`. */
export const COUNTDOWN = ['<countdown>', 'name of the countdown: `metadata.name` of its release file'] as const;

/** Examples, for `.addHelpText('after', ...)`. */
export const examplesText = (examples: Examples): string =>
  ['\nExamples:', ...examples.map(([comment, line]) => `  # ${comment}\n  ${line}`)].join('\n');
