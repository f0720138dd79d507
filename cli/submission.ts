// A release file and the k6 scripts it names, read as they will be sent.
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import { formatProblem, loadRelease } from '../release/load.ts';
import type { Release } from '../release/release.ts';
import { EXIT } from './exit-codes.ts';
import { CliFailure, usageFailure } from './failure.ts';

/** A k6 script of usual size is a few kB; the server takes 2 MB in all. */
const SCRIPT_BYTES = 512 * 1024;
/** Beyond the size limit of the release room the text only has to be long enough for it to say so. */
const RELEASE_BYTES = 16 * 1024 * 1024;

export interface Submission {
  file: string;
  fileName: string;
  scripts: Record<string, string>;
}

/** Reads and checks a release file; throws with every problem at its place. */
export async function readRelease(path: string): Promise<{ text: string; release: Release; warnings: string[] }> {
  const size = await stat(path).catch((error: Error) => {
    throw usageFailure(`cannot read ${path}: ${error.message}`);
  });
  if (size.size > RELEASE_BYTES) throw usageFailure(`${path}:1:1 the file is ${(size.size / 1e6).toFixed(1)} MB; 1 MB is the most, and a release needs a few kB; is this the right file?`);
  const text = await readFile(path, 'utf8');
  const loaded = loadRelease(text, path);
  if (!loaded.ok) {
    const problems = loaded.problems.map(formatProblem);
    throw new CliFailure('InvalidRelease', `${path} is not valid`, '', EXIT.usage, problems);
  }
  return { text, release: loaded.release, warnings: loaded.warnings.map(formatProblem) };
}

export async function readSubmission(path: string): Promise<Submission> {
  const { text, release, warnings } = await readRelease(path);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const paths = release.spec.checkpoints.flatMap(({ steps }) => steps.flatMap((step) => (step.type === 'loadTest' ? [step.script] : [])));
  const scripts = await Promise.all([...new Set(paths)].map(async (script) => [script, await readScript(path, script)] as const));
  return { file: text, fileName: basename(path), scripts: Object.fromEntries(scripts) };
}

/** Scripts lie beside the release file: a path that leads elsewhere would send a stranger's file. */
async function readScript(releaseFile: string, script: string): Promise<string> {
  const folder = await realpath(dirname(resolve(releaseFile)));
  const file = await realpath(resolve(folder, script)).catch(() => {
    throw usageFailure(`${releaseFile}: the k6 script ${script} is not there`, 'its path is relative to the release file');
  });
  const inside = relative(folder, file);
  if (inside.startsWith('..') || isAbsolute(inside)) throw usageFailure(`${releaseFile}: the k6 script ${script} lies outside the folder of the release file`, 'put it beside the release file');
  const { size } = await stat(file);
  if (size > SCRIPT_BYTES) throw usageFailure(`${releaseFile}: the k6 script ${script} is ${(size / 1e3).toFixed(0)} kB; ${SCRIPT_BYTES / 1024} KiB is the most`);
  return readFile(file, 'utf8');
}
