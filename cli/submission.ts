// A release file and its k6 scripts, read and checked before they are sent.
import { nearName } from '../release/near-name.ts';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Environment } from '../release/environment.ts';
import { startPolicyOf } from '../release/start-policy.ts';
import { loadEnvironment, loadRelease, type LoadedRelease, type Problem } from '../release/load.ts';
import type { Release } from '../release/release.ts';
import { objectionsOfScripts, objectionsToStart, scriptsOf } from '../release/startable.ts';
import { EXIT } from './exit-codes.ts';
import { CliFailure, usageFailure } from './failure.ts';

/** A k6 script of usual size is a few kB; the server takes 2 MB in all. */
const SCRIPT_BYTES = 512 * 1024;
/** Above the size limit of release files, which reports a file that is slightly too large. */
const FILE_BYTES = 16 * 1024 * 1024;

export interface Submission {
  file: string;
  fileName: string;
  /** `metadata.name` of the release. */
  name: string;
  scripts: Record<string, string>;
}

type ValidRelease = Extract<LoadedRelease, { ok: true }>;

export type CheckedFile = { warnings: Problem[] } & (
  | { kind: 'Release'; loaded: ValidRelease }
  | { kind: 'Environment'; environment: Environment }
);

/** Checks one file of either kind. Throws CliFailure with the position of each problem. */
export async function checkFile(path: string): Promise<CheckedFile> {
  const text = await readCapped(path);
  // A misspelt `Enviroment` is loaded as one; the loader reports the right spelling.
  const written = /^kind:\s*["']?([A-Za-z]{1,40})/m.exec(text)?.[1] ?? 'Release';
  if (nearName(written, ['Release', 'Environment']) === 'Environment') return { kind: 'Environment', ...parseEnvironment(text, path) };
  const loaded = parseRelease(text, path);
  return { kind: 'Release', loaded, warnings: loaded.warnings };
}

/** Reasons to refuse the start of a valid release. Without an environment its names and approvals are not checked. */
export async function problemsToStart(
  path: string,
  { release, problemsOf }: ValidRelease,
  environments: readonly Environment[],
): Promise<Problem[]> {
  const explainScript = await scriptExplainer(path, scriptsOf(release));
  const policies = environments.length === 0 ? [null] : environments.map(startPolicyOf);
  const nowMs = Date.now();
  return problemsOf(policies.flatMap((startPolicy) => objectionsToStart(release, { startPolicy, explainScript, nowMs })));
}

/** Throws CliFailure with the position of each problem. */
export async function readEnvironment(path: string): Promise<Environment> {
  return parseEnvironment(await readCapped(path), path).environment;
}

/** Throws CliFailure with the position of each problem. */
export async function readRelease(path: string): Promise<Release> {
  return parseRelease(await readCapped(path), path).release;
}

/** Reads and checks the files of a start. */
export async function readSubmission(path: string): Promise<Submission> {
  const text = await readCapped(path);
  for (const warning of parseRelease(text, path).warnings) process.stderr.write(`warning: ${warning.text}\n`);
  return submissionOf(path, text);
}

/** The submission of a text in place of that of the file, without its warnings; scripts are read beside the file. */
export async function submissionOf(path: string, text: string): Promise<Submission> {
  const { release, problemsOf } = parseRelease(text, path);
  const paths = scriptsOf(release);
  const objections = objectionsOfScripts(release, await scriptExplainer(path, paths));
  if (objections.length > 0) throw invalid(path, problemsOf(objections));
  const scripts = await Promise.all(paths.map(async (script) => [script, await readFile(scriptFile(path, script), 'utf8')] as const));
  return { file: text, fileName: basename(path), name: release.metadata.name, scripts: Object.fromEntries(scripts) };
}

/** Text of a file. Throws CliFailure if it is missing or too large. `content`: expected content, for the message. */
export async function readCapped(path: string, content = 'a release'): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw usageFailure(error.code === 'ENOENT' ? `${path} not found` : `cannot read ${path}: ${error.message}`);
  });
  if (!found.isFile()) throw usageFailure(`${path} is not a file`);
  if (found.size > FILE_BYTES)
    throw usageFailure(
      `${path}:1:1 the file is ${(found.size / 1e6).toFixed(1)} MB; the maximum is 1 MB, and ${content} needs a few kB; is this the right file?`,
    );
  return readFile(path, 'utf8').catch((error: Error) => {
    throw usageFailure(`cannot read ${path}: ${error.message}`);
  });
}

function parseRelease(text: string, path: string): ValidRelease {
  const loaded = loadRelease(text, path);
  if (!loaded.ok) throw invalid(path, loaded.problems);
  return loaded;
}

function parseEnvironment(text: string, path: string): { environment: Environment; warnings: Problem[] } {
  const loaded = loadEnvironment(text, path);
  if (!loaded.ok) throw invalid(path, loaded.problems);
  return { environment: loaded.environment, warnings: loaded.warnings };
}

const invalid = (path: string, problems: readonly Problem[]): CliFailure =>
  new CliFailure(
    'InvalidRelease',
    `${path} is not valid: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`,
    '',
    EXIT.usage,
    problems,
  );

const scriptFile = (releaseFile: string, script: string): string => resolve(dirname(resolve(releaseFile)), script);

/** Answers why a script cannot be sent; null if it can. */
async function scriptExplainer(releaseFile: string, scripts: readonly string[]) {
  const reasons = new Map(await Promise.all(scripts.map(async (script) => [script, await explainScript(releaseFile, script)] as const)));
  return (script: string) => reasons.get(script) ?? null;
}

/** Scripts must be in the folder of the release file: another path could send any file of this machine. */
async function explainScript(releaseFile: string, script: string): Promise<{ message: string; hint: string } | null> {
  const folder = await realpath(dirname(resolve(releaseFile)));
  const file = await realpath(scriptFile(releaseFile, script)).catch(() => null);
  if (file === null) return { message: `the k6 script ${script} does not exist`, hint: 'its path is relative to the release file' };
  // The real path, because a link may lead out of the folder.
  const inside = relative(folder, file);
  if (inside.split(/[\\/]/)[0] === '..' || isAbsolute(inside))
    return {
      message: `the k6 script ${script} is outside the folder of the release file`,
      hint: 'move it to the folder of the release file',
    };
  const found = await stat(file);
  if (!found.isFile()) return { message: `the k6 script ${script} is not a file`, hint: 'give the path of a file' };
  if (found.size <= SCRIPT_BYTES) return null;
  return { message: `the k6 script ${script} is ${(found.size / 1e3).toFixed(0)} kB`, hint: `${SCRIPT_BYTES / 1024} KiB is the maximum` };
}
