import { isGoodEnding } from '../../verdict/words.ts';
import type { ShownStatus } from '../read-status.ts';

/** Next commands of a person, to copy. */
export function nextCommands({ release, phase, ending, checkpoints, reasons }: ShownStatus, page?: string): string[] {
  const failedSteps = checkpoints
    .flatMap(({ state, steps }) => (state === 'hold' ? steps : []))
    .filter(({ state }) => state === 'failed-to-run');
  const back = checkpoints[0]?.offset ?? 'T-72h';
  switch (phase) {
    case 'opening':
    case 'counting':
    case 'running':
    case 'undoing':
      return [`tminus status ${release} --watch`];
    case 'waiting':
      return [`tminus explain ${release}`, `tminus approve ${release} -m "…"${page ? `   or   ${page}` : ''}`];
    case 'holding':
      return [
        ...(reasons.length > 0 ? [`tminus explain ${release}`] : []),
        ...failedSteps.map(({ name }) => `tminus retry ${release} --step ${name}`),
        `tminus resume ${release} -m "…"`,
      ];
    case 'stopped':
      return [`tminus explain ${release}`, `fix, then tminus recycle ${release} --to ${back} -m "…"`];
    case 'ended':
      return [
        ...(ending === 'undo-incomplete' ? ['tminus leftovers'] : []),
        ...(isGoodEnding(ending) || ending === 'aborted' ? [] : [`tminus explain ${release}`]),
        `tminus report ${release} --html ${release}.html`,
        `tminus events ${release}`,
      ];
  }
}

export function nextLines(status: ShownStatus, page?: string): string[] {
  return nextCommands(status, page).map((command, index) => `${index === 0 ? 'Next:' : '     '}  ${command}`);
}
