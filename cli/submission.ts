// A release file and the k6 scripts it names, read as they will be sent.
import { nearName } from '../release/near-name.ts';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Environment } from '../release/environment.ts';
import { loadEnvironment, loadRelease, type Problem } from '../release/load.ts';
import { toldProblem, type ToldProblem } from '../release/told-problem.ts';
import type { Release } from '../release/release.ts';
import { EXIT } from './exit-codes.ts';
import { CliFailure, usageFailure } from './failure.ts';

/** A k6 script of usual size is a few kB; the server takes 2 MB in all. */
const SCRIPT_BYTES = 512 * 1024;
/** Beyond the size limit of the release room the text only has to be long enough for it to say so. */
const FILE_BYTES = 16 * 1024 * 1024;

export interface Submission {
  file: string;
  fileName: string;
  scripts: Record<string, string>;
}

export interface CheckedFile {
  kind: 'Release' | 'Environment';
  name: string | null;
  warnings: ToldProblem[];
}

/** Checks a file of either kind; throws with every problem at its place. */
export async function checkFile(path: string): Promise<CheckedFile> {
  const text = await readCapped(path);
  // A misspelt `Enviroment` still means one; the loader tells the right word.
  const written = /^kind:\s*["']?([A-Za-z]{1,40})/m.exec(text)?.[1] ?? 'Release';
  if (nearName(written, ['Release', 'Environment']) === 'Environment')
    return { kind: 'Environment', name: null, warnings: parseEnvironment(text, path).warnings };
  const { release, warnings } = parseRelease(text, path);
  return { kind: 'Release', name: release.metadata.name, warnings };
}

/** Throws with every problem of an environment file at its place. */
export async function readEnvironment(path: string): Promise<Environment> {
  return parseEnvironment(await readCapped(path), path).environment;
}

/** Reads and checks all that a start sends; nothing has been sent when it throws. */
export async function readSubmission(path: string): Promise<Submission> {
  const text = await readCapped(path);
  const { release, warnings } = parseRelease(text, path);
  for (const { text: warning } of warnings) process.stderr.write(`warning: ${warning}\n`);
  const paths = release.spec.checkpoints.flatMap(({ steps }) => steps.flatMap((step) => (step.type === 'loadTest' ? [step.script] : [])));
  const scripts = await Promise.all([...new Set(paths)].map(async (script) => [script, await readScript(path, script)] as const));
  return { file: text, fileName: basename(path), scripts: Object.fromEntries(scripts) };
}

async function readCapped(path: string): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw usageFailure(error.code === 'ENOENT' ? `there is no file ${path}` : `cannot read ${path}: ${error.message}`);
  });
  if (!found.isFile()) throw usageFailure(`${path} is not a file`);
  if (found.size > FILE_BYTES)
    throw usageFailure(
      `${path}:1:1 the file is ${(found.size / 1e6).toFixed(1)} MB; 1 MB is the most, and a release needs a few kB; is this the right file?`,
    );
  return readFile(path, 'utf8').catch((error: Error) => {
    throw usageFailure(`cannot read ${path}: ${error.message}`);
  });
}

function parseRelease(text: string, path: string): { release: Release; warnings: ToldProblem[] } {
  const loaded = loadRelease(text, path);
  if (!loaded.ok) throw invalid(path, loaded.problems);
  return { release: loaded.release, warnings: loaded.warnings.map(toldProblem) };
}

function parseEnvironment(text: string, path: string): { environment: Environment; warnings: ToldProblem[] } {
  const loaded = loadEnvironment(text, path);
  if (!loaded.ok) throw invalid(path, loaded.problems);
  return { environment: loaded.environment, warnings: loaded.warnings.map(toldProblem) };
}

const invalid = (path: string, problems: readonly Problem[]): CliFailure =>
  new CliFailure(
    'InvalidRelease',
    `${path} is not valid: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`,
    '',
    EXIT.usage,
    problems.map(toldProblem),
  );

/** Scripts lie beside the release file: a path that leads elsewhere would send a stranger's file. */
async function readScript(releaseFile: string, script: string): Promise<string> {
  const folder = await realpath(dirname(resolve(releaseFile)));
  const file = await realpath(resolve(folder, script)).catch(() => {
    throw usageFailure(`${releaseFile}: the k6 script ${script} is not there`, 'its path is relative to the release file');
  });
  // Of the real path: a link that leads out of the folder is a path that does.
  const inside = relative(folder, file);
  if (inside.split(/[\\/]/)[0] === '..' || isAbsolute(inside))
    throw usageFailure(
      `${releaseFile}: the k6 script ${script} lies outside the folder of the release file`,
      'put it beside the release file',
    );
  const { size } = await stat(file);
  if (size > SCRIPT_BYTES)
    throw usageFailure(`${releaseFile}: the k6 script ${script} is ${(size / 1e3).toFixed(0)} kB; ${SCRIPT_BYTES / 1024} KiB is the most`);
  return readFile(file, 'utf8');
}
