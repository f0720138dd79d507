// Faults for tests and people: restart or kill one component, with the data it had.
import { killNow, start, stop } from './component.ts';
import type { Component } from './component.ts';
import { components } from './components.ts';
import { exclusively } from './exclusive.ts';
import { LabRefusal, requireLab } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { toolPath, toolPlace } from './tools/build.ts';
import { findTool } from './tools/tools.ts';

type Tell = (line: string) => void;
const silent: Tell = () => undefined;

/** Ends a component in its orderly way, if it runs, starts it again and waits until it is ready. */
export async function restart(name: string, tell: Tell = silent): Promise<void> {
  await withComponent(name, tell, async (lab, component) => {
    await stop(lab, name);
    await start(lab, component, tell);
  });
}

/** Kills a component as a crash would (SIGKILL). False when it did not run. `up` or `restart` brings it back. */
export async function kill(name: string): Promise<boolean> {
  return withComponent(name, silent, (lab) => killNow(lab, name));
}

async function withComponent<T>(name: string, tell: Tell, act: (lab: LabPaths, component: Component) => Promise<T>): Promise<T> {
  const lab = paths();
  requireLab(lab);
  const rows = components(lab, toolPlace);
  const component = rows.find((row) => row.name === name);
  if (!component) throw new LabRefusal(`the lab has no component ${name}; it has ${rows.map((row) => row.name).join(', ')}`);
  // A component that this lab has not needed so far may not be built.
  if (findTool(name)) await toolPath(name, tell);
  return locked(lab, tell, () => act(lab, component));
}

/** One change of the lab at a time, whoever asks. */
export function locked<T>(lab: LabPaths, tell: Tell, work: () => Promise<T>): Promise<T> {
  return exclusively(lab.lock, (pid) => tell(`lab   waits for process ${pid}, which is changing the lab`), work);
}
