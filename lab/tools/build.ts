// Where a tool is: named by the environment, in PATH with the right version, or built with Go from its wrapper module and cached.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { exclusively } from '../exclusive.ts';
import { findTool, tools } from './tools.ts';
import type { Tool, ToolBinary } from './tools.ts';

/** Told one line for people: `tool  etcd 3.6.14  built in 50 s`. */
export type Tell = (line: string) => void;

const goSettings = { GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };

/** A program that hangs when asked for its version is not the tool we look for. */
const VERSION_TIMEOUT_MS = 10_000;

/**
 * Path of a binary of the lab, built when there is none yet. `name` is a binary (`kubectl`) or a tool (`compose`).
 * Throws with a sentence when the name is unknown, a named file cannot be run, or the build fails.
 */
export async function toolPath(name: string, tell: Tell): Promise<string> {
  const found = findTool(name);
  if (!found)
    throw new Error(
      `the lab knows no tool ${name}; it knows ${tools.flatMap((tool) => tool.binaries.map((binary) => binary.name)).join(', ')}`,
    );
  const { tool, binary } = found;
  return lookUp(tool, binary, process.env) ?? join((await built(tool, tell)).folder, binary.name);
}

/** Paths of all core binaries by name; one line per tool says where it came from. */
export async function coreTools(tell: Tell): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const tool of tools.filter(({ core }) => core)) {
    const given = tool.binaries.map((binary) => lookUp(tool, binary, process.env));
    const made = given.every((path) => path !== undefined) ? undefined : await built(tool, tell);
    if (!made) tell(`tool  ${tool.name} ${tool.version}  found`);
    else if (made.cached) tell(`tool  ${tool.name} ${tool.version}  cached`);
    tool.binaries.forEach((binary, index) => paths.set(binary.name, given[index] ?? join(made?.folder ?? '', binary.name)));
  }
  return paths;
}

/** Name of the environment variable that says where a binary is: `kube-proxy` -> `TMINUS_TOOL_KUBE_PROXY`. */
export function variableOf(binary: string): string {
  return `TMINUS_TOOL_${binary.toUpperCase().replaceAll('-', '_')}`;
}

/** What was brought by the user: first by variable (taken as it is), then by PATH (only in the pinned version). */
export function lookUp(tool: Tool, binary: ToolBinary, env: NodeJS.ProcessEnv, tellsVersion = runsAs): string | undefined {
  const named = env[variableOf(binary.name)];
  if (named) {
    if (!isExecutable(named)) throw new Error(`${variableOf(binary.name)} is ${named}, and no program is there; correct it or unset it`);
    return named;
  }
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, binary.name))
    .find((path) => isExecutable(path) && tellsVersion(path, tool, binary));
}

/** What decides whether a cached build is the wanted one: the module, its sums, flags and platform. */
export function buildKey(tool: Tool, goMod: string, goSum: string, platform: string): string {
  const parts = [
    goMod,
    goSum,
    JSON.stringify([goArguments(tool), goSettings, tool.binaries.map(({ name, goPackage }) => [name, goPackage])]),
    platform,
  ];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex').slice(0, 16);
}

/** Folder of the cached tools. */
export function toolCache(env: NodeJS.ProcessEnv): string {
  return join(env['TMINUS_CACHE'] ?? env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tminus', 'tools');
}

async function built(tool: Tool, tell: Tell): Promise<{ folder: string; cached: boolean }> {
  const module = join(import.meta.dirname, tool.name);
  const key = buildKey(
    tool,
    readFileSync(join(module, 'go.mod'), 'utf8'),
    readFileSync(join(module, 'go.sum'), 'utf8'),
    `${process.platform}/${process.arch}`,
  );
  const folder = join(toolCache(process.env), `${tool.name}-${key}`);
  const title = `tool  ${tool.name} ${tool.version}`;
  if (existsSync(folder)) return { folder, cached: true };
  await exclusively(
    `${folder}.lock`,
    (pid) => tell(`${title}  waits for process ${pid}, which builds it`),
    () => build(tool, module, folder, title, tell),
  );
  return { folder, cached: false };
}

/** Builds beside the cache folder and moves the whole into place, so that a killed build leaves no half tool. */
async function build(tool: Tool, module: string, folder: string, title: string, tell: Tell): Promise<void> {
  if (existsSync(folder)) return;
  const began = Date.now();
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  tell(`${title}  building ${tool.binaries.map(({ name }) => name).join(', ')}`);
  for (const binary of tool.binaries) await go(tool, [...goArguments(tool), '-o', join(draft, binary.name), binary.goPackage], module);
  renameSync(draft, folder);
  tell(`${title}  built in ${Math.round((Date.now() - began) / 1000)} s`);
}

function goArguments(tool: Tool): string[] {
  return ['build', '-trimpath', '-ldflags', ['-s', '-w', ...tool.stamps.map((stamp) => `-X ${stamp}`)].join(' ')];
}

function go(tool: Tool, args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, { cwd, env: { ...process.env, ...goSettings }, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
    child.once('error', (error) =>
      reject(
        new Error(`${tool.name} is built with Go, and go does not start: ${error.message}; \`scripts/lab doctor\` says what is missing`),
      ),
    );
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`go build of ${tool.name} ${tool.version} failed:\n${complaint.trim()}`)),
    );
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not to be run: in both cases it is not the tool, and the next place is asked.
    return false;
  }
}

function runsAs(path: string, tool: Tool, binary: ToolBinary): boolean {
  const { stdout, stderr } = spawnSync(path, binary.versionArguments, { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS });
  return tellsVersion(`${stdout}\n${stderr}`, tool.version);
}

/** True when the words of a program contain exactly this version, not one that merely begins like it. */
export function tellsVersion(words: string, version: string): boolean {
  return new RegExp(`(^|[^0-9.])v?${version.replaceAll('.', '\\.')}($|[^0-9.])`, 'm').test(words);
}
