// Restarts or kills one component, which keeps its data.
import { killNow, start, stop } from './component.ts';
import type { Component } from './component.ts';
import { components } from './components.ts';
import { exclusively } from './exclusive.ts';
import { LabRefusal, requireLab } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { toolPath, toolPlace } from './tools/build.ts';
import { findTool } from './tools/tools.ts';

type Progress = (line: string) => void;
const silent: Progress = () => undefined;

/** Shuts a component down gracefully, starts it again and waits until it is ready. */
export async function restart(name: string, progress: Progress = silent): Promise<void> {
  await withComponent(name, progress, async (lab, component) => {
    await stop(lab, name);
    await start(lab, component, progress);
  });
}

/** Kills a component with SIGKILL, as a crash would. False when it did not run. `up` or `restart` starts it again. */
export async function kill(name: string): Promise<boolean> {
  return withComponent(name, silent, (lab) => killNow(lab, name));
}

async function withComponent<T>(name: string, progress: Progress, act: (lab: LabPaths, component: Component) => Promise<T>): Promise<T> {
  const lab = paths();
  requireLab(lab);
  const rows = components(lab, toolPlace);
  const component = rows.find((row) => row.name === name);
  if (!component) throw new LabRefusal(`unknown component ${name}; the components are ${rows.map((row) => row.name).join(', ')}`);
  // A component that this lab has not needed so far may not be built.
  if (findTool(name)) await toolPath(name, progress);
  return locked(lab, progress, () => act(lab, component));
}

/** Only one process changes the lab at a time. */
export function locked<T>(lab: LabPaths, progress: Progress, work: () => Promise<T>): Promise<T> {
  return exclusively(lab.lock, (pid) => progress(`lab   waiting for process ${pid}, which is changing the lab`), work);
}
