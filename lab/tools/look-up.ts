// A tool that the user brought: named by the environment, or in PATH with an accepted version.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Tool, ToolBinary } from './tools.ts';

/** A program that hangs when asked for its version is not the tool we look for. */
const VERSION_TIMEOUT_MS = 10_000;

export interface FoundBinary {
  path: string;
  /** As it reports it; undefined where it reports none. */
  version: string | undefined;
  /** `variable` is taken in any version, `PATH` only in an accepted one. */
  from: 'variable' | 'PATH';
}

/** Name of the environment variable with the path of a binary: `kube-proxy` -> `TMINUS_TOOL_KUBE_PROXY`. */
export function variableOf(binary: string): string {
  return `TMINUS_TOOL_${binary.toUpperCase().replaceAll('-', '_')}`;
}

/** The binary the user brought, or undefined. Throws when the variable names a file that cannot be executed. */
export function lookUp(tool: Tool, binary: ToolBinary, env: NodeJS.ProcessEnv, ask = reportedVersion): FoundBinary | undefined {
  const named = env[variableOf(binary.name)];
  if (named) {
    if (!isExecutable(named)) throw new Error(`${variableOf(binary.name)}=${named} is not an executable file; correct it or unset it`);
    return { path: named, version: ask(named, tool, binary), from: 'variable' };
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, binary.name);
    if (folder === '' || !isExecutable(path)) continue;
    const version = ask(path, tool, binary);
    if (version !== undefined && accepts(tool, version)) return { path, version, from: 'PATH' };
  }
  return undefined;
}

/** True for the pinned version, and for tools accepted by minor version for every patch of it. */
export function accepts({ version, acceptedInPath }: Pick<Tool, 'version' | 'acceptedInPath'>, reported: string): boolean {
  return acceptedInPath === 'minor' ? minorOf(reported) === minorOf(version) : reported === version;
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** The version a binary prints, or undefined where it does not run or prints none. */
export function reportedVersion(path: string, tool: Pick<Tool, 'version'>, binary: ToolBinary): string | undefined {
  const { stdout, stderr } = spawnSync(path, binary.versionArguments, { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS });
  return versionIn(`${stdout}\n${stderr}`, tool.version);
}

/**
 * The first version in a text, with the pinned one preferred: some tools print the versions of their parts before their own. The version of
 * Go (`go1.26.8`) and pre-releases (`1.35.0-rc.1`) do not count.
 */
export function versionIn(text: string, pinned: string): string | undefined {
  const versions = [...text.matchAll(/(?<![\w.-])v?(\d+\.\d+\.\d+)(?![\w.-])/g)].map(([, version]) => version);
  return versions.find((version) => version === pinned) ?? versions[0];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Absent or not executable: in both cases not the tool, and the next folder is tried.
    return false;
  }
}
