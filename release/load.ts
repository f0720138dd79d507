// Text of a file to a checked release or environment, or to all its problems with their places.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';
import type { Environment } from './environment.ts';
import { expandRelease } from './expand.ts';
import type { StartObjection } from './start-policy.ts';
import { nearName } from './near-name.ts';
import { byPlace, problemAt, shortWord, withoutSourceLine, type Path, type Problem } from './problem.ts';
import { API_VERSION, releaseFileSchema } from './release.ts';
import type { Release } from './release.ts';
import { ruleEnvironment } from './environment-rules.ts';
import { ruleRelease } from './rules.ts';
import type { Ruling } from './rules.ts';
import { objectionsOf, valueAt, withoutEchoes } from './sentences.ts';
import type { Objection } from './sentences.ts';
import { readYaml } from './yaml-source.ts';
import type { YamlSource } from './yaml-source.ts';

export type { Problem } from './problem.ts';

/** Limit of problems reported at once. */
const MAX_PROBLEMS = 50;

export type Refusal = { ok: false; problems: Problem[] };
/** `problemsOf`: objections to a start as problems, in the order of the file, each place once. */
export type LoadedRelease =
  | { ok: true; release: Release; warnings: Problem[]; problemsOf: (objections: readonly StartObjection[]) => Problem[] }
  | Refusal;
export type LoadedEnvironment = { ok: true; environment: Environment; warnings: Problem[] } | Refusal;

/** Reads a release file. Never throws because of the text. `fileName` is for the messages. */
export function loadRelease(text: string, fileName: string): LoadedRelease {
  const loaded = load(text, fileName, releaseFileSchema, { kind: 'Release', needs: 'a release', rule: ruleRelease, showLine: () => true });
  if (!loaded.ok) return loaded;
  const { content, warnings, source } = loaded;
  return {
    ok: true,
    release: expandRelease(content),
    warnings,
    problemsOf: (objections) => {
      const problems = objections.map(({ paths, message, hint }) => {
        const written = paths.find((path) => valueAt(source.value, path) !== undefined);
        return source.problemAt(written ?? paths.at(-1) ?? [], 'value', message, hint);
      });
      const inOrder = problems.sort(byPlace);
      return firstOf(inOrder.filter((each, index) => !inOrder.slice(0, index).some((other) => isSame(each, other))));
    },
  };
}

const isSame = (a: Problem, b: Problem): boolean => byPlace(a, b) === 0 && a.message === b.message;

/** Reads a worker's environment file. Lines that may hold a secret are not repeated in problems. */
export function loadEnvironment(text: string, fileName: string): LoadedEnvironment {
  const loaded = load(text, fileName, environmentSchema, {
    kind: 'Environment',
    needs: 'an environment',
    rule: ruleEnvironment,
    showLine: isNeverSecret,
  });
  return loaded.ok ? { ok: true, environment: loaded.content, warnings: loaded.warnings } : loaded;
}

interface Reader {
  kind: 'Release' | 'Environment';
  needs: string;
  rule: (content: unknown, lineOf: (path: Path) => number) => Ruling;
  showLine: (objection: Objection) => boolean;
}

function load<S extends z.ZodType>(
  text: string,
  fileName: string,
  schema: S,
  { kind, needs, rule, showLine }: Reader,
): { ok: true; content: z.output<S>; warnings: Problem[]; source: YamlSource } | Refusal {
  const reading = readYaml(text, fileName, needs);
  if (!reading.ok) {
    // With a syntax error, secrets cannot be told apart from other text.
    const problems = kind === 'Release' ? reading.problems : reading.problems.map(withoutSourceLine);
    return { ok: false, problems: firstOf(problems) };
  }
  const { source } = reading;
  const problemOf = (objection: Objection): Problem => {
    const problem = source.problemAt(objection.path, objection.at, objection.message, objection.hint);
    return showLine(objection) ? problem : withoutSourceLine(problem);
  };

  const otherKind = wrongKind(source.value, kind, needs);
  if (otherKind) return { ok: false, problems: [problemOf(otherKind)] };
  const parsed = schema.safeParse(source.value);
  const ruled = rule(source.value, source.lineOf);
  if (parsed.success && ruled.errors.length === 0)
    return { ok: true, content: parsed.data, warnings: ruled.warnings.map(problemOf), source };
  const issues = parsed.success ? [] : objectionsOf(parsed.error.issues, schema, source.value);
  const objections = [...issues, ...withoutEchoes(ruled.errors, schema, source.value)];
  const problems = objections.map(problemOf);
  return { ok: false, problems: firstOf(problems.sort(byPlace)) };
}

/** A file of another kind has one problem, not one per field. A misspelt kind is left to the schema. */
function wrongKind(content: unknown, kind: Reader['kind'], needs: string): Objection | null {
  const hint = `${needs} file starts with apiVersion: ${API_VERSION} and kind: ${kind}`;
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return { path: [], at: 'value', message: `this is ${Array.isArray(content) ? 'a list' : 'a single value'}, not ${needs}`, hint };
  }
  const written = (content as Record<string, unknown>)['kind'];
  if (written === undefined || written === kind || (typeof written === 'string' && nearName(written, [kind]) !== null)) return null;
  return {
    path: ['kind'],
    at: 'value',
    message: typeof written === 'string' ? `this file is of kind "${shortWord(written)}", not ${kind}` : `this is not a valid kind`,
    hint,
  };
}

const SECRET_FIELDS: readonly string[] = ['secret', 'url', 'token'];

/** Unknown fields, addresses and secrets may contain a misplaced credential. */
function isNeverSecret({ path, message }: Objection): boolean {
  return !message.startsWith('unknown field') && !path.some((step) => SECRET_FIELDS.includes(String(step)));
}

function firstOf(problems: Problem[]): Problem[] {
  const last = problems[MAX_PROBLEMS - 1];
  if (!last || problems.length === MAX_PROBLEMS) return problems;
  const { file, line, column } = last;
  const message = `and ${problems.length - MAX_PROBLEMS + 1} more problems from here on`;
  const place = { file, line: line ?? 1, column: column ?? 1, path: '' };
  return [...problems.slice(0, MAX_PROBLEMS - 1), problemAt(place, message, 'fix the problems above and check again', '')];
}
