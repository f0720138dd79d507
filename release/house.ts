// What a house lets releases ask for. A release is written by those who want to launch; the environment file by those who answer for the house.
import type { Environment } from './environment.ts';
import { nearName } from './near-name.ts';
import { shortWord } from './problem.ts';
import type { Release } from './release.ts';

/** The part of an environment that says what may be started here. */
export interface House {
  /** Names of ways to tell people. */
  notify: readonly string[];
  /** Who may start a countdown; empty is anybody who is known, which only a server on loopback accepts. */
  starters: readonly string[];
  /** Whether a launch may come without anybody's approval before it. */
  unapprovedLaunch: boolean;
}

export function houseOf({ spec }: Environment): House {
  return { notify: Object.keys(spec.notify), starters: spec.start.groups, unapprovedLaunch: spec.start.unapprovedLaunch };
}

/** Why a release, valid by itself, cannot be started in this house: a sentence each, with the way out. Empty when it can. */
export function objectionsOfHouse(release: Release, house: House): string[] {
  return [...strangers(release, house), ...(house.unapprovedLaunch ? [] : unapproved(release))];
}

/** For 72 hours nobody would be told, and nobody would know. */
function strangers({ spec }: Release, { notify }: House): string[] {
  return spec.notify
    .filter((name) => !notify.includes(name))
    .map((name) => {
      const near = nearName(name, notify);
      const wayOut = near === null ? 'add it to spec.notify of the environment file, or leave it out' : `did you mean "${near}"?`;
      return `spec.notify: the environment file names no way to tell "${shortWord(name)}"; ${wayOut}`;
    });
}

function unapproved({ spec: { checkpoints } }: Release): string[] {
  const launches = checkpoints.findIndex(({ steps }) => steps.some(({ type }) => type === 'launch'));
  if (launches < 0 || checkpoints.slice(0, launches).some(({ approval }) => approval !== null)) return [];
  return [
    `spec.checkpoints: nobody is asked before the launch in "${checkpoints[launches]?.name ?? ''}"; give an earlier checkpoint an approval (this house allows no launch without, spec.start.unapprovedLaunch in its environment file)`,
  ];
}
