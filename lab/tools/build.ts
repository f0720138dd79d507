// Tools built with Go from their wrapper modules, and cached by what they are built from.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from '../command.ts';
import { exclusively } from '../exclusive.ts';
import { GO_FLAGS, GO_SETTINGS, goBuild } from '../go-build.ts';
import { lookUp, reportedVersion } from './look-up.ts';
import { findTool, tools } from './tools.ts';
import type { SlimMain, Tool, ToolBinary } from './tools.ts';

/** Prints one line for people: `tool  etcd 3.6.14  built in 50 s`. */
export type Progress = (line: string) => void;

/**
 * Path of a binary of the lab, built when there is none yet. `name` is a binary (`kubectl`), or a tool (`kubernetes`): then all its binaries are
 * built, and the path is that of the first.
 * Throws when the name is unknown, a named file cannot be executed, or the build fails.
 */
export async function toolPath(name: string, progress: Progress): Promise<string> {
  const { tool, binary } = known(name);
  const brought = lookUp(tool, binary, process.env);
  if (brought) return brought.path;
  await buildBinaries(tool, name === tool.name ? tool.binaries : [binary], progress);
  return cachedPath(tool, binary);
}

/** Where a binary is, or will be once it is built. Builds nothing. */
export function toolPlace(name: string): string {
  const { tool, binary } = known(name);
  return lookUp(tool, binary, process.env)?.path ?? cachedPath(tool, binary);
}

/** Version that the lab uses of a binary: that of the one the user brought, else the pinned one. */
export function versionInUse(name: string): string {
  const { tool, binary } = known(name);
  const brought = lookUp(tool, binary, process.env);
  return brought ? (brought.version ?? 'of unknown version') : tool.version;
}

function known(name: string): { tool: Tool; binary: ToolBinary } {
  const found = findTool(name);
  if (found) return found;
  const names = tools.flatMap(({ binaries }) => binaries.map((binary) => binary.name));
  throw new Error(`${name} is not a tool of the lab; its tools are ${names.join(', ')}`);
}

/** What decides whether a cached build can be used: module, sums, packages, flags and platform. */
export function buildKey(tool: Tool, goMod: string, goSum: string, platform: string): string {
  const packages = tool.binaries.map(({ name, goPackage }) => [name, goPackage]);
  const parts = [goMod, goSum, JSON.stringify([GO_FLAGS, GO_SETTINGS, tool.stamps, packages, tool.slimMain ?? null]), platform];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex').slice(0, 16);
}

/** Folder of the cached tools. */
export function toolCache(env: NodeJS.ProcessEnv): string {
  return join(env['TMINUS_CACHE'] ?? env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tminus', 'tools');
}

const moduleOf = (tool: Tool): string => join(import.meta.dirname, tool.name);

function cacheFolder(tool: Tool): string {
  const [goMod, goSum] = ['go.mod', 'go.sum'].map((file) => readFileSync(join(moduleOf(tool), file), 'utf8'));
  return join(toolCache(process.env), `${tool.name}-${buildKey(tool, goMod ?? '', goSum ?? '', `${process.platform}/${process.arch}`)}`);
}

/** Path of a binary in the cache, whether it is built or not. */
const cachedPath = (tool: Tool, binary: ToolBinary): string => join(cacheFolder(tool), binary.name);

/** The binaries of a tool that the cache lacks. */
export function unbuilt(tool: Tool, binaries: ToolBinary[]): ToolBinary[] {
  return binaries.filter((binary) => !existsSync(cachedPath(tool, binary)));
}

export interface WrongTool {
  path: string;
  pinned: string;
  /** Undefined where it does not run. */
  reported: string | undefined;
}

/** Cached binaries that do not report the version they were built for. */
export function wrongTools(): WrongTool[] {
  return tools.flatMap((tool) =>
    tool.binaries.flatMap((binary) => {
      const path = cachedPath(tool, binary);
      const reported = existsSync(path) ? reportedVersion(path, tool, binary) : tool.version;
      return reported === tool.version ? [] : [{ path, pinned: tool.version, reported }];
    }),
  );
}

/** Builds those of the binaries that the cache lacks. Answers the CPU seconds it took. */
export async function buildBinaries(tool: Tool, binaries: ToolBinary[], progress: Progress, stop?: AbortSignal): Promise<number> {
  if (unbuilt(tool, binaries).length === 0) return 0;
  const title = `${tool.name} ${tool.version}`;
  return exclusively(
    `${cacheFolder(tool)}.lock`,
    (pid) => progress(`tool  ${title}  waiting for process ${pid}, which is building it`),
    async () => {
      // Another process may have built them in the meantime.
      const missing = unbuilt(tool, binaries);
      if (missing.length === 0) return 0;
      const began = Date.now();
      progress(`tool  ${title}  building ${missing.map(({ name }) => name).join(', ')}`);
      const cpuSeconds = await buildIntoCache(tool, missing, stop);
      progress(`tool  ${title}  built in ${Math.round((Date.now() - began) / 1000)} s, ${Math.round(cpuSeconds)} CPU s`);
      return cpuSeconds;
    },
  );
}

/** Builds into a draft folder and moves each whole binary into place: a killed build leaves no half binary in the cache. */
async function buildIntoCache(tool: Tool, binaries: ToolBinary[], stop?: AbortSignal): Promise<number> {
  const folder = cacheFolder(tool);
  removeDrafts(folder);
  // Named after the process: the compiler of a killed one may still write into its own.
  const draft = `${folder}.draft.${process.pid}`;
  for (const name of ['out', 'tmp']) mkdirSync(join(draft, name), { recursive: true });
  const slim = tool.slimMain ? await copySlimMain(tool, tool.slimMain, join(draft, 'module')) : undefined;
  const [single] = binaries.length === 1 ? binaries : [];
  const cpuSeconds = await goBuild({
    title: `${tool.name} ${tool.version}`,
    module: slim ?? moduleOf(tool),
    packages: slim === undefined ? binaries.map(({ goPackage }) => goPackage) : ['.'],
    // The trailing slash makes it a folder, in which Go names each binary after its package.
    output: join(draft, 'out', single?.name ?? '/'),
    stamps: tool.stamps,
    temporary: join(draft, 'tmp'),
    log: `${folder}.log`,
    ...(stop === undefined ? {} : { stop }),
  });
  for (const binary of binaries) checkVersion(tool, binary, join(draft, 'out', binary.name));
  mkdirSync(folder, { recursive: true });
  for (const { name } of binaries) renameSync(join(draft, 'out', name), join(folder, name));
  removeDrafts(folder);
  return cpuSeconds;
}

function removeDrafts(folder: string): void {
  const drafts = readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${basename(folder)}.draft`));
  for (const name of drafts) rmSync(join(folder, '..', name), { recursive: true, force: true });
}

/** What is built must report the pinned version: stamps that no longer fit a module would go unnoticed otherwise. */
function checkVersion(tool: Tool, binary: ToolBinary, path: string): void {
  const reported = reportedVersion(path, tool, binary);
  if (reported === tool.version) return;
  throw new Error(
    `${binary.name} was built, but reports ${reported ?? 'no version'} instead of ${tool.version}; ` +
      `correct lab/tools/${tool.name} or its row in lab/tools/tools.ts`,
  );
}

/** The first `go list` of a module downloads it. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** A module in `folder` with upstream's main package, which imports `by` instead of `replaced`. Answers the folder. */
async function copySlimMain(tool: Tool, { replaced, by }: SlimMain, folder: string): Promise<string> {
  mkdirSync(folder);
  for (const file of ['go.mod', 'go.sum']) copyFileSync(join(moduleOf(tool), file), join(folder, file));
  const [goPackage = ''] = tool.binaries.map((binary) => binary.goPackage);
  const listed = await run(['go', 'list', '-f', '{{.Dir}}{{range .GoFiles}}\n{{.}}{{end}}', goPackage], {
    cwd: folder,
    env: { ...process.env, ...GO_SETTINGS },
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  const [upstream = '', ...files] = listed.trim().split('\n');
  let found = false;
  for (const file of files) {
    const source = readFileSync(join(upstream, file), 'utf8');
    found ||= source.includes(`_ "${replaced}"`);
    writeFileSync(join(folder, file), source.replace(`_ "${replaced}"`, by.map((name) => `_ "${name}"`).join('\n\t')));
  }
  if (!found) throw new Error(`${goPackage} does not import ${replaced}; correct slimMain of ${tool.name} in lab/tools/tools.ts`);
  return folder;
}
