// Faults for tests and people: restart or kill one component, with the data it had.
import { killNow, start, stop } from './component.ts';
import type { Component } from './component.ts';
import { components } from './components.ts';
import { exclusively } from './exclusive.ts';
import { requireLab } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { LabRefusal } from './refusal.ts';
import { coreTools } from './tools/build.ts';

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
  const tools = await coreTools(silent);
  const rows = components(lab, (wanted) => toolFrom(tools, wanted));
  const component = rows.find((row) => row.name === name);
  if (!component) throw new LabRefusal(`the lab has no component ${name}; it has ${rows.map((row) => row.name).join(', ')}`);
  return locked(lab, tell, () => act(lab, component));
}

/** One change of the lab at a time, whoever asks. */
export function locked<T>(lab: LabPaths, tell: Tell, work: () => Promise<T>): Promise<T> {
  return exclusively(lab.lock, (pid) => tell(`lab   waits for process ${pid}, which is changing the lab`), work);
}

export function toolFrom(tools: Map<string, string>, name: string): string {
  const path = tools.get(name);
  if (!path) throw new Error(`${name} is no core tool of the lab`);
  return path;
}
